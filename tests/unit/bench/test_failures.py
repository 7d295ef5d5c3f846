import pytest

from bench.failures import failures
from local.errors import LocalError
from pipeline.bundle import BundleError
from terminal import Failure


@pytest.mark.parametrize("error", [LocalError, BundleError])
def test_a_failure_has_the_sentence_of_what_lies_beneath(error):
    with pytest.raises(Failure, match="Do this"), failures():
        raise error("Do this.")


def test_a_bug_stays_a_bug():
    with pytest.raises(ZeroDivisionError), failures():
        raise ZeroDivisionError
