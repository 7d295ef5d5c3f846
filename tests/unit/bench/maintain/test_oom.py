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
from pipeline.settings import Settings, SettingsError
from tests.support.engine import every_kind


@pytest.mark.parametrize("kind", ["webp", "heic"])
@pytest.mark.parametrize("guess", [1, 5, 22, 99, 400])
@pytest.mark.parametrize("survives", [0, 0.6, 1.0, 5.9, 22, 35.5, 98, 100.0])
@pytest.mark.parametrize("accepts", [0, 0.6, 5.9, 30, 200])
def test_bisection_finds_what_survives_and_what_is_accepted(
    kind, guess, survives, accepts, monkeypatch
):
    runs = []

    def run(megapixels, memory_mb, hold, given):
        assert (memory_mb, hold) == (512, "memory")
        runs.append((megapixels, given is FREE))
        if given is not FREE and megapixels > accepts:
            return SimpleNamespace(outcome="too_large")
        return SimpleNamespace(outcome="ready" if megapixels <= survives else "oom")

    monkeypatch.setattr(oom, "upload", lambda _folder, _kind, megapixels: megapixels)
    monkeypatch.setattr(oom, "kind_megapixels", lambda _memory, _kind: guess)
    case = oom.find(SimpleNamespace(run=run), None, kind, 512)
    grid = sorted({mp for mp in (*oom.GRID, min(guess, oom.most(kind))) if mp <= oom.most(kind)})
    survived = [mp for mp in grid if mp <= survives]
    accepted = [mp for mp in survived if mp <= accepts]
    killed = len(survived) < len(grid)
    assert case.survived_mp == (survived[-1] if survived else 0)
    assert case.ended == ("oom" if killed else "")
    assert case.accepted_mp == (accepted[-1] if accepted else 0)
    refused = "" if accepted == grid else "too_large"
    if killed and grid[len(survived)] <= accepts:
        refused = "oom"
    assert case.refused == refused
    assert case.safe == (refused != "oom")
    assert runs[0] == (min(guess, oom.most(kind)), True)
    assert len(set(runs)) == len(runs) == case.tries


def test_the_function_is_tried_with_the_widest_settings_that_its_memory_may_have():
    given = oom.widest_settings(512)
    widest = Settings(memory=512, max_megapixels=int(given["MAX_PIXELS"]) // 10**6)
    assert given["MAX_PIXELS"] == str(widest.max_pixels)
    with pytest.raises(SettingsError, match="maxMegapixels"):
        Settings(memory=512, max_megapixels=widest.max_megapixels + 1)
    assert given["MAX_UPLOAD_BYTES"] == str(Settings(max_upload_mb=5000).max_upload_bytes)
    with pytest.raises(SettingsError, match="maxUploadMb"):
        Settings(max_upload_mb=5001)


def found(**values):
    defaults = {"kind": "webp", "memory_mb": 512, "ended": "oom", "survived_mp": 35.5, "tries": 9}
    return Found(**{**defaults, "accepted_mp": 32.0, "refused": "too_large", **values})


@pytest.mark.parametrize("refused", ["", "too_large", "broken_image"])
def test_a_refusal_is_safe(refused):
    assert found(refused=refused).safe
    assert found(refused=refused).advice == ""


@pytest.mark.parametrize("refused", ["oom", "crashed"])
def test_what_is_accepted_and_kills_says_which_figure_to_raise(refused):
    case = found(kind="jpeg-cmyk", refused=refused)
    assert not case.safe
    advice = "raise bytes_per_pixel of jpeg-cmyk in function/engine/formats/jpeg.py"
    assert advice in case.advice


def test_the_map_is_printed_and_written_and_fails_if_one_is_not_safe(tmp_path, monkeypatch, capsys):
    cases = [found(), found(survived_mp=oom.MOST, ended="", accepted_mp=64.2)]
    monkeypatch.setattr(oom, "check_control_groups", lambda: None)
    monkeypatch.setattr(oom, "search", lambda _kinds, _sizes: iter(cases))
    path = tmp_path / "a.json"
    words = ["maintain", "oom", "--kinds", "webp", "--memory", "512", "1024", "--json", str(path)]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "refuses everything that would kill it" in out
    assert "64.2" in out
    assert "100 or more" in out
    report = json.loads(path.read_text())
    assert report["schema"] == 2
    assert [case["survived_mp"] for case in report["results"]] == [35.5, 100]
    cases[1] = found(refused="oom")
    assert main(words) == 1
    assert "webp at 512 MB: it accepts what kills it" in " ".join(capsys.readouterr().out.split())
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
