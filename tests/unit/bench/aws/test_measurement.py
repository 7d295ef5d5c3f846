import pytest

from bench.aws.measurement import parallel


@pytest.mark.parametrize(("unreserved", "at_once"), [(10, 1), (9, 1), (0, 1), (30, 3), (1000, 5)])
def test_the_live_function_keeps_nine_tenths_of_the_concurrency(unreserved, at_once):
    assert parallel(unreserved) == at_once
