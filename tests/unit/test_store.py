"""The parts of the store that need no S3; the rest is tried in tests/local."""

import pytest

from function.engine.errors import Rejected
from function.store import check_size


@pytest.mark.parametrize("size", [1, 100])
def test_sizes_within_the_limit_pass(size):
    assert check_size(size, 100) is None


@pytest.mark.parametrize(
    ("size", "code", "message"),
    [
        (0, "empty", "This file is empty."),
        (30_000_000, "too_many_bytes", "This file has 30.0 MB; the limit is 25 MB."),
    ],
)
def test_other_sizes_are_rejected_in_plain_words(size, code, message):
    with pytest.raises(Rejected) as rejection:
        check_size(size, 25_000_000)
    assert (rejection.value.code, rejection.value.message) == (code, message)
