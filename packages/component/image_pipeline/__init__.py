"""The image pipeline as a Pulumi component, for programs in any language.

Importing this package makes the folders of the project importable, such as ``pipeline``: from the
checkout, or from the wheel. Only our own processes import it, the provider and the command line,
because these names are too common for a user's program.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

VERSION: Final = "0.1.0"
"""Version of the wheel, of the schema and of the SDKs that are generated from it."""

_CARRIED: Final = Path(__file__).parent / "tree"

TREE: Final = _CARRIED if _CARRIED.is_dir() else Path(__file__).resolve().parents[3]
"""Folder that ``pipeline`` and the others are in."""

if str(TREE) not in sys.path:
    sys.path.insert(0, str(TREE))

if TREE == _CARRIED:  # whose folder is not ours to write into
    with suppress(RuntimeError):  # a user without a home, who has to name the folders
        _CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "image-pipeline"
        os.environ.setdefault("IMAGE_PIPELINE_CACHE", str(_CACHE))
        os.environ.setdefault("IMAGE_PIPELINE_LOCAL", str(_CACHE / "local"))
