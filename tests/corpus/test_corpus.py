"""The test images of Pillow and pillow-heif: what Pillow opens is refused for a named reason only.

The images come with the source distributions of the pinned versions, which pip fetches once into
``.cache/corpus``. Every eighth file is compared; ``make corpus`` compares all of them.
"""

import collections
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from bench import corpus
from bench.__main__ import main

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "corpus"
NAMES = ("pillow", "pillow-heif")
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

EXCEPTIONS: dict[str, str] = {}
"""Single files that are refused for another reason, with that reason."""

pytestmark = pytest.mark.network


@pytest.fixture(scope="session")
def images() -> Path:
    """A folder of both distributions' images."""
    pins = re.findall(
        rf"^(?:{'|'.join(NAMES)})==\S+",
        (ROOT / "function/requirements.in").read_text(),
        re.MULTILINE,
    )
    assert len(pins) == len(NAMES)
    folder = CACHE / "-".join(pins)
    if not folder.is_dir():
        archives = CACHE / "sdists"
        only = f"--no-binary={','.join(NAMES)}"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--retries=1"]
        done = subprocess.run(
            [*pip, "--no-deps", only, f"--dest={archives}", *pins],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            pytest.skip(f"the source distributions could not be fetched: {reason}")
        unpack(archives, folder)
    return folder


def unpack(archives: Path, folder: Path) -> None:
    pinned = (ROOT / "function/requirements.txt").read_text()
    fresh = folder.with_suffix(".part")
    for archive in archives.glob("*.tar.gz"):
        assert f"sha256:{hashlib.sha256(archive.read_bytes()).hexdigest()}" in pinned
        with tarfile.open(archive) as opened:
            members = [
                m for m in opened if re.search(r"^[^/]+/tests/images/", m.name, re.IGNORECASE)
            ]
            opened.extractall(fresh, members, filter="data")
    fresh.rename(folder)


def test_what_pillow_opens_is_refused_by_named_limits_alone(images, tmp_path):
    names = corpus.files_of(images)
    sample = tmp_path / "sample"
    for name in sorted({*names[::EVERY], *EXCEPTIONS}):
        (sample / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(images / name, sample / name)
    result = tmp_path / "rows.json"
    code = main(["maintain", "corpus", str(sample), "--json", str(result)])
    rows = json.loads(result.read_text())["results"]
    assert len(rows) >= len(names) // EVERY > 100
    refused = [row for row in rows if row["status"] != "ready" and row["pillow"] == "ok"]
    unnamed = [(row["file"], row["code"]) for row in refused if row["code"] not in LIMITS]
    assert dict(unnamed).keys() == EXCEPTIONS.keys()
    assert code == bool(EXCEPTIONS)
    assert collections.Counter(row["status"] for row in rows)["failed"] == 0
