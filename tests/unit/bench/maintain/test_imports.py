import json

import pytest

from bench.__main__ import main
from bench.maintain import imports

MS = {"bare": [10.0, 12.0, 14.0], "handler": [30.0, 33.0, 38.0], "usual": [90.0, 92.0, 94.0]}


@pytest.fixture
def _timed(monkeypatch):
    names = {statement: name for name, statement in imports.STATEMENTS.items()}
    left = {name: [0.0, *values] for name, values in MS.items()}  # the first writes the .pyc files
    monkeypatch.setattr(imports, "cpu_ms", lambda statement: left[names[statement]].pop(0))


@pytest.mark.usefixtures("_timed")
def test_the_ratio_is_of_times_above_a_bare_interpreter_s(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(imports, "PACKAGES", ())
    path = tmp_path / "a.json"
    assert main(["maintain", "imports", "--rounds", "3", "--json", str(path)]) == 0
    assert "handler 21 ms, the usual libraries 80 ms CPU\nratio 0.26" in capsys.readouterr().out
    found = json.loads(path.read_text())
    assert (found["ratio"], found["samples_ms"]) == (0.263, MS)


def test_a_missing_package_is_misuse(monkeypatch, capsys):
    monkeypatch.setattr(imports, "PACKAGES", ("no-such-package",))
    assert main(["maintain", "imports"]) == 2
    assert capsys.readouterr().err == (
        "error: Add --install, or first: pip install no-such-package\n"
    )


def test_a_statement_that_fails_is_a_failure():
    with pytest.raises(imports.Failure, match="raise ValueError"):
        imports.cpu_ms("raise ValueError")
