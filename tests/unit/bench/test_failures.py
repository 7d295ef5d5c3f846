import pytest

from bench.failures import failures
from pipeline.bundle import BundleError
from terminal import Failure


def test_a_failure_has_the_sentence_of_what_lies_beneath():
    with pytest.raises(Failure, match="Do this"), failures():
        raise BundleError("Do this.")


def test_a_bug_stays_a_bug():
    with pytest.raises(ZeroDivisionError), failures():
        raise ZeroDivisionError
