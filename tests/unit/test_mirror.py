"""The tests of a module are found by its name."""

from pathlib import Path

UNIT = Path(__file__).parent
ROOT = UNIT.parents[1]
WHOLE_ENGINE = {"engine/test_bombs.py"}


def module_of(path: Path) -> Path:
    """The module or the package that a file of tests is named after."""
    part, *folders = path.parent.relative_to(UNIT).parts
    name = path.stem.removeprefix("test_")
    parent = ROOT / ("function/engine" if part == "engine" else part)
    return parent.joinpath(*folders, "__main__" if name == "main" else name)


def is_module(path: Path) -> bool:
    """Return True for a package, a Python module, and JavaScript."""
    return path.is_dir() or any(path.with_suffix(end).is_file() for end in (".py", ".js"))


def test_every_part_has_tests_of_its_own():
    """``engine`` is ``function/engine``; tests/infra and tests/local see what needs a stack."""
    parts = {path.name for path in UNIT.iterdir() if path.is_dir() and path.name != "__pycache__"}
    code = {"bench", "edge", "function", "local", "ops", "pipeline", "policy", "signer", "terminal"}
    assert parts == {*code, "engine", "web"}


def test_a_file_of_tests_is_named_after_a_module():
    files = sorted(UNIT.glob("*/**/test_*.py"))
    nameless = {
        path.relative_to(UNIT).as_posix() for path in files if not is_module(module_of(path))
    }
    assert files
    assert nameless == WHOLE_ENGINE
