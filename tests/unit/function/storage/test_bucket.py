"""The parts of the bucket that need no S3; tests/local/test_storage_contract.py tries the rest."""

import pytest

from function.engine.errors import Rejected
from function.storage.bucket import check_length


@pytest.mark.parametrize("length", [1, 100])
def test_lengths_within_the_limit_pass(length):
    assert check_length(length, 100) is None


@pytest.mark.parametrize(
    ("length", "code", "message"),
    [
        (0, "empty", "This file is empty."),
        (30_000_000, "too_many_bytes", "This file has 30.0 MB; the limit is 25 MB."),
        (2_550_001, "too_many_bytes", "This file has 2.6 MB; the limit is 2.5 MB."),
    ],
)
def test_other_lengths_are_rejected_in_plain_words(length, code, message):
    with pytest.raises(Rejected) as rejection:
        check_length(length, 2_500_000 if length == 2_550_001 else 25_000_000)
    assert (rejection.value.code, rejection.value.message) == (code, message)
