"""``python -m pipeline.bundle``: compile the C module for this machine, beside the engine."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pipeline.bundle.builder import CACHE
from pipeline.bundle.native import MODULE, compile_library
from pipeline.bundle.target import BundleError, Target

_ROOT: Final = Path(__file__).resolve().parents[2]


def main() -> None:
    """Put this machine's module where the engine imports it from."""
    folder = _ROOT / "function" / "engine"
    sources = {path.name: path.read_bytes() for path in (folder / "native").iterdir()}
    try:
        module = compile_library(sources, Target.host(), CACHE / "native")
    except BundleError as error:
        sys.exit(f"error: {error}")
    # A running process may have the old file mapped, so the new one takes its name instead.
    with TemporaryDirectory(dir=folder) as scratch:
        Path(scratch, MODULE).write_bytes(module)
        Path(scratch, MODULE).replace(folder / MODULE)


if __name__ == "__main__":
    main()
