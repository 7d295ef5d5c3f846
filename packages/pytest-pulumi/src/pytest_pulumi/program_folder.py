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
    """Run ``__main__.py`` of a folder as Pulumi's language host does; the caller is ``inside``.

    Raises:
        PulumiTestError: there is no such file.
        Exception: what the program raises.
    """
    program = folder / "__main__.py"
    if not program.is_file():
        raise PulumiTestError(
            f"There is no program {program}; name the folder with its __main__.py."
        )
    runpy.run_path(str(program), run_name="__main__")


@contextmanager
def inside(folder: Path) -> Generator[None]:
    """Make a folder the current one, with its own modules; undo that, however its program ends.

    A program that is stuck goes on in its thread, so ``runpy`` does not give back ``__main__``,
    which new processes of ``multiprocessing`` would then run.
    """
    before, path = Path.cwd(), list(sys.path)
    main, program = sys.modules["__main__"], sys.argv[0]
    if folder.is_dir():
        os.chdir(folder)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        with _fresh_modules(folder):
            yield
    finally:
        sys.path[:] = path
        sys.modules["__main__"], sys.argv[0] = main, program
        os.chdir(before)


@contextmanager
def _fresh_modules(folder: Path) -> Generator[None]:
    """Forget the program's own modules afterwards, which may make resources when imported.

    Modules of the same names that a test has from elsewhere are put aside.
    """
    own = {path.stem for path in folder.glob("*.py")}
    own |= {path.parent.name for path in folder.glob("*/__init__.py")}
    own -= {"__main__", *sys.stdlib_module_names}
    aside = {
        name: module
        for name, module in sys.modules.items()
        if name.partition(".")[0] in own and not _is_part(getattr(module, "__file__", None), folder)
    }
    for name in aside:
        del sys.modules[name]
    before = set(sys.modules)
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            if _is_part(getattr(sys.modules[name], "__file__", None), folder):
                _forget(name)
        sys.modules.update(aside)


def _forget(name: str) -> None:
    """Take a module out of those imported, and out of its package, where a patch would find it."""
    module = sys.modules.pop(name)
    package, _, own = name.rpartition(".")
    parent = sys.modules.get(package)
    if parent and getattr(parent, own, None) is module:
        delattr(parent, own)


def _is_part(file: str | None, folder: Path) -> bool:
    if file is None or not Path(file).resolve().is_relative_to(folder):
        return False
    return "site-packages" not in Path(file).resolve().relative_to(folder).parts
