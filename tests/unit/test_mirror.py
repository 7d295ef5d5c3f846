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


def test_a_file_of_tests_is_named_after_a_module():
    files = sorted(UNIT.glob("*/**/test_*.py"))
    nameless = {
        path.relative_to(UNIT).as_posix()
        for path in files
        if not module_of(path).is_dir() and not module_of(path).with_suffix(".py").is_file()
    }
    assert files
    assert nameless == WHOLE_ENGINE
