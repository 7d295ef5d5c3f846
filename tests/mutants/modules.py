"""The table of modules, and the list of changes that no test could notice."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

Change = tuple[str, str, str]
"""A file, and one of its lines before and after, without indentation."""


@dataclass(frozen=True, kw_only=True)
class Module:
    """One row of the report; paths are relative to the root."""

    files: list[Path]
    tests: list[Path]


def read_modules() -> dict[str, Module]:
    """Return the modules by name.

    Raises:
        FileNotFoundError: a pattern matches nothing.
    """
    return {
        name: Module(files=_matches(row["files"]), tests=_matches(row["tests"]))
        for name, row in _read("modules.toml").items()
    }


def read_equivalents() -> dict[Change, str]:
    """Return the changes after which the program does the same, each with the reason."""
    return {
        (file, change["old"], new): change["why"]
        for file, changes in _read("equivalent.toml").items()
        for change in changes
        for new in change["new"]
    }


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))


def _matches(patterns: list[str]) -> list[Path]:
    found: list[Path] = []
    for pattern in patterns:
        paths = sorted(path.relative_to(ROOT) for path in ROOT.glob(pattern))
        if not paths:
            raise FileNotFoundError(f"tests/mutants/modules.toml: no file matches {pattern}")
        found += paths
    return found
