import json
from pathlib import Path

import pytest

from bench import __main__ as command
from bench.photos import photo


@pytest.fixture
def upload(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "photo.jpg"
    photo((1400, 1200)).save(path, quality=90)
    return path


@pytest.mark.parametrize("option", ["--tasks", "--engines"])
def test_an_unknown_name_is_misuse_and_the_known_ones_are_told(upload, capsys, option):
    assert command.main(["compare", option, "nope"]) == 2
    assert "nope" in (err := capsys.readouterr().err)
    assert {"--tasks": "jpeg-to-four", "--engines": "sharp-each"}[option] in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--photo", "missing.jpg"], "There is no photo at missing.jpg."),
        (["--photo", "a.png"], "a.png is not a JPEG; name one, or leave out --photo."),
        (["--photo", "text"], "text is not a JPEG; name one, or leave out --photo."),
        (["--rounds", "0"], 'Invalid value "0" for --rounds. Must be > 0.'),
    ],
)
def test_misuse_is_one_sentence_and_exit_code_2(upload, capsys, arguments, sentence):
    photo((8, 8)).save("a.png")
    Path("text").write_text("no picture")
    assert command.main(["compare", *arguments]) == 2
    assert capsys.readouterr().err.strip() == f"error: {sentence}"


def test_engines_that_were_not_asked_for_are_not_told_as_left_out(upload, monkeypatch, capsys):
    absent = dict.fromkeys(["sharp-each", "pyvips-each", "encode-sharp"], "install it")
    monkeypatch.setattr("bench.engines.processes.missing", lambda: absent)
    monkeypatch.setattr("bench.engines.command.compare_engines", lambda *_: ([], []))
    arguments = ["--photo", str(upload), "--tasks", "jpeg-to-four", "--json", "out.json"]
    for engines, told in (
        (["--engines", "sharp-each", "floor"], ["sharp-each"]),
        ([], ["sharp-each", "pyvips-each"]),
    ):
        assert command.main(["compare", *arguments, *engines]) == 0
        facts = json.loads((upload.parent / "out.json").read_text())
        assert [each["engine"] for each in facts["skipped"]] == told
        assert capsys.readouterr().out.count("is left out") == len(told)


def test_the_comparison_writes_what_it_prints(upload, monkeypatch, capsys):
    repository = str(Path(__file__).parents[4])
    monkeypatch.setenv("PYTHONPATH", repository)
    arguments = ["--photo", str(upload), "--tasks", "jpeg-to-four", "--rounds", "1"]
    engines = ["--engines", "pillow-naive", "floor"]
    files = ["--json", "out.json", "--html", "out.html"]
    assert command.main(["compare", *arguments, *engines, *files]) == 0
    facts = json.loads((upload.parent / "out.json").read_text())
    assert [result["engine"] for result in facts["results"]] == ["ours", "pillow-naive", "floor"]
    ours, naive, floor = facts["results"]
    assert ours["ratio"] == 1.0
    assert naive["ratio"] == round(ours["samples_ms"][0] / naive["samples_ms"][0], 3)
    assert floor["peak_rss_mb"] is None
    assert 60 < ours["score"] < 90
    assert len(ours["score_each"]) == 4
    assert 0 < ours["colour"] < 10
    page = (upload.parent / "out.html").read_text()
    printed = capsys.readouterr().out
    for result in facts["results"]:
        assert result["engine"] in page
        assert result["engine"] in printed
    assert f"{naive['cpu_ms']:.1f}" in page
    assert f"{naive['cpu_ms']:.1f}" in printed
    assert "photo: photo.jpg; 1 round;" in page
