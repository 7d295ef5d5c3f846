"""A function that needs one tiny package, and wheels of it: bundles without index or network."""

import hashlib
import sys
import zipfile
from pathlib import Path

from pipeline.bundle import Target

ARM = Target(python="3.13", machine="arm64")
X86 = Target(python="3.13", machine="x86_64")
THIS_VERSION = "{}.{}".format(*sys.version_info[:2])
THIS = Target(python=THIS_VERSION, machine="x86_64")

TINY = {
    "tiny/__init__.py": b"NAMES = frozenset({'a', 'b', 'c', 'd'})\n",
    "tiny/__init__.pyi": b"NAMES: frozenset[str]\n",
    "tiny/py.typed": b"",
    "tiny/tests/test_tiny.py": b"assert True\n",
}
KEPT = {
    "function/__init__.py",
    "function/handler.py",
    "tiny-1.0.dist-info/licenses/LICENSE",
    "tiny/__init__.py",
}
"""All that a bundle of that function holds, besides bytecode."""


def elf(machine: int) -> bytes:
    return b"\x7fELF\x02\x01\x01".ljust(18, b"\0") + machine.to_bytes(2, "little") + b"code"


def make_wheel(folder: Path, tag: str, files: dict[str, bytes]) -> str:
    """Write a wheel of ``tiny`` 1.0 and return its pin."""
    info = "tiny-1.0.dist-info"
    files = {
        **files,
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n".encode(),
        f"{info}/RECORD": b"",
        f"{info}/licenses/LICENSE": b"be kind",
        f"{info}/sboms/tiny.cdx.json": b"{}",
    }
    path = folder / f"tiny-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return f"tiny==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def names(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())
