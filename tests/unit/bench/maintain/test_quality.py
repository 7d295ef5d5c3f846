"""The command: what it refits, and when it fails."""

import pytest
from PIL import Image

from bench.maintain import quality
from bench.quality import fit, pairs
from function.engine.renditions import OutputFormat
from terminal import Failure, Misuse
from tests.unit.bench.quality.test_report import OUTCOMES, RESULT


def test_a_model_that_misses_too_often_or_encodes_too_often_fails():
    good = RESULT.rows[3]
    quality.check(good)
    with pytest.raises(Failure, match=r"^66\.7% of the pairs are within 3 points, not 95%\."):
        quality.check(RESULT.rows[0])
    often = [outcome for outcome in OUTCOMES if outcome.encodes == 2]
    (row, *_) = quality.report.rows(often)
    with pytest.raises(Failure, match=r"^A pair takes 2\.00 encodes, more than 1\.3\."):
        quality.check(row)


@pytest.mark.parametrize("refit", [False, True])
def test_the_model_is_written_when_asked_and_then_tested(monkeypatch, capsys, refit):
    written = []
    asked = []

    def each(what, pictures, _do):
        asked.append((what, pictures))
        return [[OUTCOMES[0]]] if what == "Testing" else [["a point"], ["another"]]

    monkeypatch.setattr(pairs, "fit_pictures", list)
    monkeypatch.setattr(pairs, "test_pictures", lambda: ["tested"])
    monkeypatch.setattr(quality, "_each", each)
    monkeypatch.setattr(fit, "fit", lambda points: points)
    monkeypatch.setattr(fit, "write", written.append)
    quality.quality(refit=refit)
    assert written == ([["a point", "another"]] if refit else [])
    assert asked[-1] == ("Testing", ["tested"])
    out = capsys.readouterr().out
    assert OutputFormat.JPEG in out
    assert "100.0%" in out


def test_it_is_tested_on_a_folder_of_ones_own(monkeypatch, capsys, tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    asked = []

    def each(_what, pictures, _do):
        asked.extend(picture.name for picture in pictures)
        return [[OUTCOMES[0]]]

    monkeypatch.setattr(pairs, "fit_pictures", lambda: pytest.fail("nothing has to be fetched"))
    monkeypatch.setattr(quality, "_each", each)
    quality.quality(pictures=tmp_path)
    assert asked == ["a.png"]
    out = capsys.readouterr().out
    assert "Tested on 1 pair of your own pictures" in out
    assert "Fitted on" not in out
    with pytest.raises(Misuse, match="There are no pictures"):
        quality.quality(pictures=tmp_path / "none")
