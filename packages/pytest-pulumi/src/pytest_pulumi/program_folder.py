"""Run the program in a folder, each time as the first time."""

import importlib
import os
import runpy
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pytest_pulumi.errors import PulumiTestError


def run(folder: Path) -> None:
    """Run ``__main__.py`` of a folder as Pulumi's language host does: from inside it.

    Raises:
        PulumiTestError: there is no such file.
        Exception: what the program raises.
    """
    program = folder / "__main__.py"
    if not program.is_file():
        raise PulumiTestError(
            f"There is no program {program}; name the folder with its __main__.py."
        )
    with _inside(folder), _fresh_modules(folder):
        runpy.run_path(str(program), run_name="__main__")


@contextmanager
def _inside(folder: Path) -> Generator[None]:
    before, path = Path.cwd(), list(sys.path)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = path
        os.chdir(before)


@contextmanager
def _fresh_modules(folder: Path) -> Generator[None]:
    """Forget the program's own modules afterwards, which may make resources when imported."""
    before = set(sys.modules)
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            if _is_part(getattr(sys.modules[name], "__file__", None), folder):
                del sys.modules[name]


def _is_part(file: str | None, folder: Path) -> bool:
    if file is None or not Path(file).is_relative_to(folder):
        return False
    return "site-packages" not in Path(file).relative_to(folder).parts
