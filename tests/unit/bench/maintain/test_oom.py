import json
from types import SimpleNamespace

import pytest
from PIL import Image

from bench.__main__ import main
from bench.maintain import oom
from bench.maintain.kinds import KINDS
from bench.maintain.oom import Found
from bench.sandbox import control_group
from bench.sandbox.trial import FREE, trials
from tests.support.engine import every_kind


@pytest.mark.parametrize("kind", ["webp", "heic"])
@pytest.mark.parametrize("allowed", [1, 5, 22, 99, 400])
@pytest.mark.parametrize("most_that_survives", [0, 0.5, 1.0, 5.9, 22, 55.5, 98, 100.0])
def test_bisection_finds_the_largest_that_survives(kind, allowed, most_that_survives, monkeypatch):
    tried = []

    def run(megapixels, memory_mb, hold, given):
        assert (memory_mb, hold, given) == (512, "memory", FREE)
        tried.append(megapixels)
        return SimpleNamespace(outcome="ready" if megapixels <= most_that_survives else "oom")

    monkeypatch.setattr(oom, "upload", lambda _folder, _kind, megapixels: megapixels)
    monkeypatch.setattr(oom, "kind_megapixels", lambda _memory, _kind: allowed)
    case = oom.find(SimpleNamespace(run=run), None, kind, 512)
    grid = sorted({mp for mp in (*oom.GRID, min(allowed, oom.most(kind))) if mp <= oom.most(kind)})
    survived = [mp for mp in grid if mp <= most_that_survives]
    assert case.survived_mp == (survived[-1] if survived else 0)
    assert case.ended == ("oom" if len(survived) < len(grid) else "")
    assert tried[0] == min(allowed, oom.most(kind))
    assert len(set(tried)) == len(tried) == case.tries


def found(**values):
    defaults = {"kind": "webp", "memory_mb": 512, "ended": "oom", "allowed_mp": 22, "tries": 5}
    return Found(**{**defaults, **values})


def test_what_survives_more_than_is_allowed_is_safe():
    assert found(survived_mp=23.0).safe
    assert found(survived_mp=oom.MOST, allowed_mp=400, ended="").safe
    assert found(survived_mp=23.0).advice == ""


def test_what_is_allowed_and_killed_says_which_figure_to_raise():
    case = found(survived_mp=20.0)
    assert not case.safe
    assert case.advice == '"webp": 9.0 -> 21.0 in function/engine/formats/webp.py'


def test_what_is_allowed_and_refused_is_no_matter_of_memory():
    case = found(survived_mp=20.0, ended="broken_image")
    assert not case.safe
    assert case.advice == "more than 20.0 MP is allowed, and ends as broken_image"


def test_a_function_too_small_for_anything_needs_a_larger_base():
    assert "BASE_MB" in found(memory_mb=128, survived_mp=0, allowed_mp=1).advice


def test_the_map_is_printed_and_written_and_fails_if_one_is_not_safe(tmp_path, monkeypatch, capsys):
    cases = [found(survived_mp=30.0), found(survived_mp=oom.MOST, allowed_mp=400, ended="")]
    monkeypatch.setattr(oom, "check_control_groups", lambda: None)
    monkeypatch.setattr(oom, "search", lambda _kinds, _sizes: iter(cases))
    path = tmp_path / "a.json"
    words = ["maintain", "oom", "--kinds", "webp", "--memory", "512", "1024", "--json", str(path)]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "lets through nothing that was killed" in out
    assert "36%" in out
    assert "100 or more" in out
    assert [case["survived_mp"] for case in json.loads(path.read_text())["results"]] == [30, 100]
    cases[1] = found(survived_mp=20.0)
    assert main(words) == 1
    assert 'webp at 512 MB: "webp": 9.0 -> 21.0' in " ".join(capsys.readouterr().out.split())
    del cases[1]
    assert main(words) == 1
    assert "Interrupted" in capsys.readouterr().err


@pytest.mark.network
def test_an_upload_survives_is_refused_or_kills(tmp_path):
    group = control_group.build(1024)
    group.remove()
    if group.kind == "none":
        pytest.skip("no control groups may be written here")
    small, broken, large = tmp_path / "small", tmp_path / "broken", tmp_path / "large"
    Image.effect_noise((640, 480), 40).convert("RGB").save(small, "PNG")
    broken.write_bytes(b"this is no picture")
    Image.new("RGBA", (9000, 9000)).save(large, "PNG")
    with trials() as environment:
        ended = [
            environment.run(path, 128, hold="memory", given=FREE).outcome
            for path in (small, broken, large)
        ]
    assert ended == ["ready", "not_an_image", "oom"]


def test_every_kind_of_still_that_has_a_figure_is_tried():
    slow = {"qoi", "bmp-rle", "svg", "heic-deep"}  # the time that they take ends them first
    stills = {kind for kind in every_kind() if not kind.endswith("-animated")}
    assert set(oom.WORST) | {"webp-planes"} | slow == stills
    assert set(oom.WORST.values()) <= set(KINDS)
