"""A selection that takes less than a minute; ``python -m tests.hostile`` tries every file."""

import pytest

from bench.sandbox.trial import check_control_groups, trials
from terminal import Misuse
from tests.hostile.__main__ import attack, faults
from tests.hostile.files import FILES

QUICK = (
    "icc elements",
    "png 49 MP alpha profile",
    "jpeg 49 MP progressive cmyk",
    "gif 4 x 49 MP, moving",
    "webp 49 MP alpha profile",
    "tiff one strip alpha",
    "heic free boxes",
    "svg opacity",
    "svg layers by use",
    "svg filter results",
    "svg png of 400 MP",
    "svg pattern under a scale",
    "svg pattern of 40 boxes",
)


@pytest.fixture(scope="module")
def environment():
    try:
        check_control_groups()
    except Misuse as error:
        pytest.skip(str(error))
    with trials() as made:
        yield made


@pytest.mark.network
@pytest.mark.parametrize("name", QUICK)
def test_a_hostile_file_keeps_its_bound(environment, name, tmp_path):
    assert faults(attack(environment, name, (1024,), tmp_path)) == []


def test_a_broken_bound_is_told():
    found = {"outcome": "oom", "seconds": 11.0, "peak_mb": 700.0}
    row = {"file": "x", "at": {"1024": found, "256": found | {"outcome": "ready"}}}
    assert [fault.partition(": ")[2] for fault in faults(row)] == [
        "ends as oom at 1024 MB.",
        "takes 11.0 s at 1024 MB.",
        "takes 700.0 MB at 1024 MB.",
    ]
    assert set(QUICK) <= set(FILES)
