"""The test images of Pillow and pillow-heif: the files of the docs' tables, which are others' work.

They come with the source distributions of the pinned versions, which pip fetches once into
``.cache/corpus``.
"""

import hashlib
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "corpus"
NAMES = ("pillow", "pillow-heif")


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
