"""Which of two events S3 sent later."""

import pytest

from function.versions import is_newer


@pytest.mark.parametrize(
    ("sequencer", "other", "expected"),
    [("0B", "0A11", True), ("0A1", "0A11", False), ("0A1", "0A10", False), ("1", "", True)],
)
def test_sequencers_of_different_lengths_are_compared_as_s3_says(sequencer, other, expected):
    assert is_newer(sequencer, other) is expected
