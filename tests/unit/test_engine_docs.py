"""docs/engine.md names the formats and their figures, no more and no fewer."""

import json
import re
from pathlib import Path

import pytest

from function.engine import formats
from function.engine.formats import NAMES
from function.engine.renditions import FORMATS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "engine.md").read_text()


def first_cells(heading):
    section = TEXT.split(f"## {heading}")[1].split("\n## ")[0]
    return re.findall(r"^\| `([a-z_]+)`", section, re.MULTILINE)


def test_every_format_is_in_its_table():
    assert sorted(first_cells("Input formats")) == sorted(NAMES)
    assert sorted(first_cells("Output formats")) == sorted(FORMATS)


EVIDENCE = json.loads((ROOT / "bench" / "evidence" / "limits.json").read_text())["results"]


@pytest.mark.parametrize("row", EVIDENCE, ids=lambda row: row["kind"])
def test_the_figures_of_memory_and_time_that_are_used_are_those_of_the_formats(row):
    """The last columns: bytes a pixel, those used, milliseconds a megapixel, those used."""
    (line,) = re.findall(rf"^\| {row['kind']}(?::[^|]*)? \| .*$", TEXT, re.MULTILINE)
    *_, bytes_used, _measured, ms_used = line.strip(" |").split(" | ")
    known = formats.by_name(row["limit"].partition("-")[0])
    assert float(bytes_used) == known.bytes_per_pixel[row["limit"]]
    assert float(ms_used) == known.ms_per_megapixel[row["limit"]]
