"""``make mutants``: what it tries, what it leaves out, and how it counts."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.mutants import meaning, modules, report


@dataclass(frozen=True)
class Result:
    module: str
    change: modules.Change
    is_noticed: bool
    diff: str = ""


def test_each_module_has_files_and_tests():
    found = modules.read_modules()
    assert len(found) == 15
    assert all(Path(path).is_file() for m in found.values() for path in m.files + m.tests)


def test_a_pattern_that_matches_nothing_is_told(monkeypatch, tmp_path):
    (tmp_path / "modules.toml").write_text('[bill]\nfiles = ["bench/none*.py"]\ntests = []\n')
    monkeypatch.setattr(modules, "HERE", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"bench/none\*\.py"):
        modules.read_modules()


def test_equivalent_changes_are_of_lines_that_are_there():
    listed = modules.read_equivalents()
    lines = {
        file: {line.strip() for line in (modules.ROOT / file).read_text().splitlines()}
        for file, _old, _new in listed
    }
    gone = {(file, old) for file, old, _new in listed if not {*old.split("\n")} <= lines[file]}
    assert gone == set()
    assert all(listed.values())


@pytest.mark.parametrize(
    ("operator", "is_realistic"),
    [
        ("core/ReplaceBinaryOperator_Mul_FloorDiv", True),
        ("core/ReplaceBinaryOperator_Mul_Pow", False),
        ("core/ReplaceBinaryOperator_Mul_LShift", False),
        ("core/ReplaceBinaryOperator_BitOr_BitAnd", True),
        ("core/ReplaceComparisonOperator_Lt_LtE", True),
        ("core/ReplaceComparisonOperator_Eq_Is", False),
        ("core/ReplaceComparisonOperator_Is_IsNot", True),
        ("core/NumberReplacer", True),
    ],
)
def test_mistakes_that_need_no_test_are_left_out(operator, is_realistic):
    assert meaning.is_realistic(operator) is is_realistic


@pytest.mark.parametrize(
    ("mutated", "changes"),
    [
        ("def f(a: int, *, b: int | None = 1): return a - b", True),
        ("def f(a: int, *, b: int | None = 2): return a + b", True),
        ("def f(a: int, *, b: int & None = 1): return a + b", False),
        ("def f(a: int, /, b: int | None = 1): return a + b", False),
        ("def f(a: int, **, b: int | None = 1): return a + b", False),
    ],
)
def test_a_change_counts_if_it_compiles_and_means_something_else(mutated, changes):
    original = "def f(a: int, *, b: int | None = 1): return a + b"
    assert meaning.changes_meaning(original, mutated) is changes


def test_a_change_reads_as_the_lines_that_differ():
    assert meaning.changed_lines("a\n  b\nc", "a\n  d\nc") == ("b", "d")


def test_the_report_counts_what_could_be_noticed():
    same, other = ("a.py", "x", "y"), ("b.py", "x", "z")
    results = [
        Result("bill", same, is_noticed=False, diff="same"),
        Result("bill", other, is_noticed=False, diff="missed"),
        Result("bill", other, is_noticed=True),
        Result("jpeg", same, is_noticed=True),
    ]
    listed = {same: "reason"}
    assert report.table(results, listed) == (
        "| module | mutants | equivalent | noticed | percent |\n"
        "| --- | ---: | ---: | ---: | ---: |\n"
        "| bill | 3 | 1 | 1 | 50 % |\n"
        "| jpeg | 1 | 0 | 1 | 100 % |\n"
        "| all | 4 | 1 | 2 | 67 % |"
    )
    assert report.survivors(results, listed) == "missed\n"
    assert report.mistaken(results, listed) == [same]
