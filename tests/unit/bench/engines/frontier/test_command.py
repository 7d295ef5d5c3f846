import json
import os
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
from PIL import Image

from bench import __main__ as command
from bench.engines.frontier import command as frontier
from bench.photos import photo

MEASURED_ALONE = "--photo, --tasks, --engines and --rounds cannot be used with --frontier."
NEED = "--formats, --pictures, --side and --judge need --frontier."


@pytest.fixture
def folder(tmp_path, monkeypatch):
    path = [str(Path(__file__).parents[5]), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, path)))
    monkeypatch.chdir(tmp_path)  # where no sharp is installed
    (tmp_path / "own").mkdir()
    photo((96, 64)).save(tmp_path / "own" / "a.png")
    Image.radial_gradient("L").resize((80, 60)).save(tmp_path / "own" / "b.png")
    return tmp_path


def test_the_frontier_writes_what_it_prints(folder, capsys):
    arguments = ["compare", "--frontier", "--pictures", "own", "--formats", "jpeg", "--side", "90"]
    files = ["--json", "out.json", "--html", "out.html"]
    assert command.main([*arguments, *files]) == 0
    facts = json.loads(Path("out.json").read_text())
    assert facts["pictures"] == ["a.png", "b.png"]
    assert facts["judge"] == "PyPI's ssimulacra2"
    ours = [p for p in facts["points"] if (p["encoder"], p["picture"]) == ("ours", "a.png")]
    assert [p["quality"] for p in ours] == [55, 70, 82, 91, 97]
    for key in ("bytes", "score"):
        assert [p[key] for p in ours] == sorted(p[key] for p in ours)
    assert {row["encoder"] for row in facts["rows"]} >= {"ours", "Pillow"}
    printed, page = capsys.readouterr().out, Path("out.html").read_text()
    for text in (
        "JPEG, photographs",
        "judged by PyPI's ssimulacra2",
        "2 pictures: a.png, b.png",
        "longer side 90 ",
    ):
        assert text in printed
        assert text.replace("'", "&#39;") in page
    assert "encode-sharp is left out" in printed
    assert "encode-sharp" in {one["engine"] for one in facts["skipped"]}


def interrupted_at_once(*_arguments, **_options):
    raise KeyboardInterrupt


def killed(*_arguments, **_options):
    raise BrokenProcessPool


def test_a_judge_that_is_killed_is_a_sentence(folder, monkeypatch, capsys):
    monkeypatch.setattr(frontier, "measure", killed)
    assert command.main(["compare", "--frontier", "--pictures", "own", "--formats", "jpeg"]) == 1
    assert "A judge's process was killed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--frontier", "--tasks", "to-webp"], MEASURED_ALONE),
        (["--frontier", "--engines", "floor"], MEASURED_ALONE),
        (["--frontier", "--photo", "own/a.png"], MEASURED_ALONE),
        (["--formats", "avif"], NEED),
        (["--judge", "x"], NEED),
        (["--pictures", "own"], NEED),
        (["--side", "300"], NEED),
        (["--frontier", "--rounds", "3"], MEASURED_ALONE),
        (["--frontier", "--pictures", "nope"], "There is no folder at nope."),
    ],
)
def test_misuse_is_one_sentence_and_exit_code_2(folder, capsys, arguments, sentence):
    assert command.main(["compare", *arguments]) == 2
    assert sentence in capsys.readouterr().err


def test_ctrl_c_keeps_the_pictures_that_are_done(folder, monkeypatch, capsys):
    measure = frontier.measure

    def interrupted(picture, *arguments, **options):
        if picture.name == "b.png":
            raise KeyboardInterrupt
        return measure(picture, *arguments, **options)

    monkeypatch.setattr(frontier, "measure", interrupted)
    arguments = ["compare", "--frontier", "--pictures", "own", "--formats", "jpeg"]
    assert command.main([*arguments, "--json", "out.json"]) == 1
    assert json.loads(Path("out.json").read_text())["pictures"] == ["a.png"]
    assert "1 picture: a.png" in capsys.readouterr().out
    monkeypatch.setattr(frontier, "measure", interrupted_at_once)
    assert command.main(arguments) == 1
    assert "No picture was done." in capsys.readouterr().err


def test_a_judge_that_fails_ends_the_command_with_a_sentence(folder, capsys):
    arguments = ["--pictures", "own", "--formats", "jpeg", "--judge", "/no-such-judge"]
    assert command.main(["compare", "--frontier", *arguments]) == 1
    assert "The judge /no-such-judge cannot be run" in capsys.readouterr().err
