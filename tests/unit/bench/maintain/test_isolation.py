import json

import pytest

from bench.__main__ import main
from bench.maintain import isolation


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"no picture")
    return path


def test_the_medians_are_of_the_rounds_differences(photo, tmp_path, monkeypatch, capsys):
    rounds = iter([[100.0, 110.0], [100.0, 104.0], [200.0, 203.0]])
    monkeypatch.setattr(isolation, "cpu_ms", lambda _path: next(rounds))
    path = tmp_path / "a.json"
    words = ["--photo", str(photo), "--rounds", "3", "--json", str(path)]
    assert main(["maintain", "isolation", *words]) == 0
    (row,) = json.loads(path.read_text())["results"]
    assert row == {
        "file": "a.jpg",
        "in_process_ms": 100.0,
        "isolated_ms": 110.0,
        "added_ms": 4.0,
        "added_quartiles_ms": [3.5, 7.0],
        "ratio": 1.04,
    }
    assert "3.5 to 7.0" in capsys.readouterr().out


def test_a_file_that_is_not_there_is_misuse(capsys):
    assert main(["maintain", "isolation", "--photo", "gone.jpg"]) == 2
    assert capsys.readouterr().err == "error: There is no file gone.jpg.\n"


def test_a_file_that_is_no_picture_is_a_failure(photo, capsys):
    assert main(["maintain", "isolation", "--photo", str(photo), "--rounds", "1"]) == 1
    assert "a.jpg could not be rendered: " in capsys.readouterr().err.replace("\n", " ")
