"""A CPython for aarch64 from Debian's packages, unpacked in a folder for qemu-user to run.

Needs apt-get and dpkg-deb, but not root: apt-get is given private lists and archives.
"""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

RELEASE = "trixie"
"""The Debian release that has Lambda's newest Python among its packages, and glibc 2.41."""

PYTHON = "python3.13"
PACKAGES = (f"{PYTHON}-minimal", f"lib{PYTHON}-stdlib", "libstdc++6")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SECONDS = 180


class Missing(Exception):
    """Something that running aarch64 code needs is not on this machine; the message names it."""


def find_command(cache: Path) -> list[str]:
    """Return the command that runs an aarch64 CPython; its packages are fetched once.

    Args:
        cache: folder for the unpacked packages; made when missing, safe to delete.

    Raises:
        Missing: qemu-user, apt-get or a Debian mirror with the release is missing.
    """
    qemu = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
    if qemu is None:
        raise Missing("qemu-aarch64 is not installed (Debian's package qemu-user)")
    root = cache / f"{PYTHON}-{RELEASE}-arm64"
    if not root.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=cache) as scratch:
            _unpack(_fetch(Path(scratch)), Path(scratch, "root"))
            if not root.is_dir():  # another process may have been faster
                Path(scratch, "root").rename(root)
    return [qemu, "-L", str(root), str(root / "usr" / "bin" / PYTHON)]


def _fetch(scratch: Path) -> list[Path]:
    """Download the packages and all that they depend on."""
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise Missing(f"{tool} is not installed; it fetches {PYTHON} for aarch64")
    if not KEYRING.exists():
        raise Missing(f"{KEYRING} does not exist (Debian's package debian-archive-keyring)")
    for folder in ("state/lists/partial", "cache/archives/partial"):
        (scratch / folder).mkdir(parents=True)
    (scratch / "status").touch()  # no package is installed yet
    source = f"deb [arch=arm64 signed-by={KEYRING}] {_mirror()} {RELEASE} main\n"
    (scratch / "sources.list").write_text(source, encoding="utf-8")
    options = {
        "APT::Architecture": "arm64",
        "APT::Architectures::": "arm64",
        "APT::Install-Recommends": "false",
        "Acquire::Languages": "none",
        "Dir::State": scratch / "state",
        "Dir::State::status": scratch / "status",
        "Dir::Cache": scratch / "cache",
        "Dir::Etc::sourcelist": scratch / "sources.list",
        "Dir::Etc::sourceparts": "-",
    }
    apt = [
        "apt-get",
        *(part for item in options.items() for part in ("-o", "=".join(map(str, item)))),
    ]
    _run(*apt, "update")
    _run(*apt, "install", "--download-only", "--yes", *PACKAGES)
    return sorted((scratch / "cache" / "archives").glob("*.deb"))


def _mirror() -> str:
    """Return the Debian mirror that this machine's own packages come from."""
    for line in _run("apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI)"):
        if line.rstrip("/").endswith("/debian"):
            return line
    raise Missing(f"no Debian mirror is among apt's sources; {PYTHON} for aarch64 comes from it")


def _unpack(packages: list[Path], root: Path) -> None:
    for package in packages:
        _run("dpkg-deb", "--extract", str(package), str(root))
    (root / "lib").symlink_to("usr/lib")  # by Debian's package base-files otherwise


def _run(*command: str) -> list[str]:
    done = subprocess.run(
        command,
        env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        reason = " ".join(done.stderr.split())[-400:]
        raise Missing(f"{PYTHON} for aarch64 could not be fetched: {command[0]} said: {reason}")
    return done.stdout.splitlines()
