"""The test images of Pillow and pillow-heif: what Pillow opens is refused for a named reason only.

Every eighth file is compared; ``make corpus`` compares all of them.
"""

import json
import os
import shutil

import pytest

from bench.__main__ import main

EVERY = 1 if os.environ.get("CORPUS") == "all" else 8

LIMITS = {
    "too_many_bytes",
    "too_many_pixels",
    "absurd_shape",
    "too_many_frames",
    "unsupported_format",
    "unsupported_codec",
    "not_an_image",
}
"""Codes by which a file may be refused that Pillow opens: of size, shape, frames and formats."""

pytestmark = pytest.mark.network


def compare(folder, names, tmp_path):
    """The rows of some files, and the command's exit code."""
    sample, result = tmp_path / f"{len(names)} files", tmp_path / "rows.json"
    for name in names:
        (sample / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / name, sample / name)
    code = main(["maintain", "corpus", str(sample), "--json", str(result)])
    return json.loads(result.read_text())["results"], code


def wrongly_refused(rows):
    return {
        row["file"]
        for row in rows
        if row["status"] != "ready" and row["pillow"] == "ok" and row["code"] not in LIMITS
    }


def test_what_pillow_opens_is_refused_by_named_limits_alone(images, tmp_path):
    paths = (path for path in images.rglob("*") if path.is_file())
    names = sorted(path.relative_to(images).as_posix() for path in paths)
    sample = names[::EVERY]
    rows, code = compare(images, sample, tmp_path)
    assert len(rows) == len(sample) > 100
    refused = wrongly_refused(rows)
    if refused:  # once more: a busy machine may have had too little time for a large one
        again, code = compare(images, sorted(refused), tmp_path)
        refused = wrongly_refused(again)
    assert not refused
    assert code == 0
