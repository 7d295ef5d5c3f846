"""The figures of the formats' files are not below what was measured, nor below what is."""

import json
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest

from bench import photos
from bench.__main__ import main
from bench.maintain import limits
from bench.maintain.kinds import KINDS
from bench.maintain.limits import Result, decoding_bytes, excesses, measure
from bench.memory import evidence as evidences
from bench.memory.evidence import stored
from bench.reports import write_json
from bench.sandbox.trial import Trial, check_control_groups, trials
from function.engine import formats
from function.engine.limits import ms_per_megapixel
from terminal import Failure, Misuse
from tests.support.engine import every_kind

EVERY_ROW = stored()
ROWS = {row.kind: row for row in EVERY_ROW}


def test_every_kind_was_measured():
    needed = {kind for kind, made in KINDS.items() if not made.needs}
    assert needed <= set(ROWS) <= set(KINDS)
    assert {row.limit for row in ROWS.values()} == set(every_kind())


@pytest.mark.parametrize("row", EVERY_ROW, ids=lambda row: row.kind)
def test_no_figure_is_below_what_was_measured(row):
    assert row.limit == KINDS[row.kind].limit
    assert excesses(row) == []


def test_every_machine_counts(evidence):
    write_json(evidence.with_name("limits-other.json"), Result(results=[ROWS["png"]]))
    assert [row.kind for row in stored()] == ["png", "jpeg", "qoi"]


@pytest.mark.parametrize("figure", ["bytes_per_pixel", "ms_per_megapixel"])
@pytest.mark.parametrize("kind", sorted(every_kind()))
def test_a_figure_below_what_was_measured_is_told(kind, figure, monkeypatch):
    rows = [row for row in EVERY_ROW if row.limit == kind]
    # Rows are held against today's ``limits.py``, whatever it was when they were measured.
    found = [decoding_bytes(KINDS[row.kind], row) for row in rows]
    most = max(found) if figure == "bytes_per_pixel" else max(getattr(row, figure) for row in rows)
    if not most:
        pytest.skip("what limits.py counts besides covers it")
    known = formats.by_name(kind.partition("-")[0])
    lower = known.replace(**{figure: {**getattr(known, figure), kind: 0.99 * most}})
    monkeypatch.setattr(formats, "by_name", lambda _name: lower)
    assert [sentence for row in rows for sentence in excesses(row) if figure in sentence]


@pytest.fixture
def _made(tmp_path, monkeypatch):
    """Both uploads of a kind, of 1 MB, as an earlier run has left them."""
    monkeypatch.setattr(photos, "CACHE", tmp_path)
    for width, height, _frames in KINDS["qoi"].sizes:
        (tmp_path / f"{width}x{height}-qoi.bin").write_bytes(bytes(1_000_000))


@pytest.mark.usefixtures("_made")
@pytest.mark.parametrize(("times", "slope"), [((100, 130), 23.8), ((130, 100), 0.0)])
def test_time_is_the_slope_and_memory_what_is_not_counted_besides(times, slope):
    trials = iter(
        Trial(outcome="ready", seconds=1.0, cpu_ms=ms, peak_mb=peak)
        for ms, peak in zip(times, (80.0, 120.0), strict=True)
    )
    runner = SimpleNamespace(run=lambda *_given, **_more: next(trials))
    row = measure(runner, "qoi")
    assert (row.megapixels, row.bytes) == ([0.24, 1.5], [1_000_000] * 2)
    assert (row.cpu_ms, row.ms_per_megapixel) == (list(times), slope)
    assert row.bytes_per_pixel == decoding_bytes(KINDS["qoi"], row) > 0


@pytest.mark.usefixtures("_made")
def test_a_kind_that_does_not_become_ready_is_a_failure():
    trial = Trial(outcome="oom", seconds=1.0, cpu_ms=1.0, peak_mb=1.0)
    runner = SimpleNamespace(run=lambda *_given, **_more: trial)
    with pytest.raises(Failure, match="qoi ended as oom"):
        measure(runner, "qoi")


@pytest.fixture
def evidence(tmp_path, monkeypatch):
    """A file of evidence with two rows."""
    path = tmp_path / "evidence" / "limits.json"
    path.parent.mkdir()
    write_json(path, Result(results=[ROWS["jpeg"], ROWS["qoi"]]))
    monkeypatch.setattr(evidences, "EVIDENCE", path)
    return path


def kept(path):
    return {row["kind"]: row["cpu_ms"] for row in json.loads(path.read_text())["results"]}


def test_a_check_measures_nothing_and_fails_on_a_figure_that_is_too_low(evidence, capsys):
    assert main(["maintain", "limits", "--check"]) == 0
    assert "was measured" not in capsys.readouterr().out
    high = replace(ROWS["jpeg"], ms_per_megapixel=99.0)
    write_json(evidence, Result(results=[high]))
    assert main(["maintain", "limits", "--check"]) == 1
    out = capsys.readouterr().out
    assert "│ jpeg │" in out
    assert f"of jpeg is {ms_per_megapixel('jpeg')}, and 99.0 was measured." in out


def test_what_is_measured_is_kept_beside_what_was_there(evidence, tmp_path, monkeypatch):
    def measured(_environment, kind):
        if kind == "png":
            raise Failure("png ended as oom.")
        return replace(ROWS[kind], cpu_ms=[1.0, 2.0])

    monkeypatch.setattr(limits, "measure", measured)
    monkeypatch.setattr(limits, "trials", lambda: nullcontext(None))
    path = tmp_path / "a.json"
    words = ["--kinds", "jpeg", "png", "bmp", "--keep", "--json", str(path)]
    assert main(["maintain", "limits", *words]) == 1
    assert kept(path) == {"jpeg": [1.0, 2.0], "bmp": [1.0, 2.0]}
    assert kept(evidence) == {**kept(path), "qoi": ROWS["qoi"].cpu_ms}
    assert list(kept(evidence)) == ["jpeg", "bmp", "qoi"]


@pytest.mark.parametrize(
    ("error", "code"), [(None, 0), (Failure("jpeg ended as oom."), 1), (KeyboardInterrupt(), 1)]
)
def test_a_kind_that_was_not_measured_is_no_success(error, code, monkeypatch):
    def measured(_environment, kind):
        if error:
            raise error
        return ROWS[kind]

    monkeypatch.setattr(limits, "measure", measured)
    monkeypatch.setattr(limits, "trials", lambda: nullcontext(None))
    assert main(["maintain", "limits", "--kinds", "jpeg"]) == code


@pytest.mark.parametrize("words", [["--keep"], ["--kinds", "jpeg"]])
def test_a_check_takes_nothing_that_a_measurement_does(words, capsys):
    assert main(["maintain", "limits", "--check", *words]) == 2
    assert "--check measures nothing" in capsys.readouterr().err


@pytest.mark.network
def test_the_costliest_kinds_take_no_more_than_their_figures(tmp_path, monkeypatch):
    try:
        check_control_groups()
    except Misuse as error:
        pytest.skip(str(error))
    monkeypatch.setattr(photos, "CACHE", tmp_path)
    monkeypatch.setattr(limits, "RUNS", 1)
    sizes = ((3000, 2000, 1), (3300, 2200, 1))
    with trials() as environment:
        for kind in ("png-alpha-profile", "webp-lossless", "jpeg-progressive-cmyk"):
            small = replace(KINDS[kind], sizes=sizes)
            monkeypatch.setattr(limits, "KINDS", {**KINDS, kind: small})
            row = measure(environment, kind)
            assert [s for s in excesses(row) if "bytes_per_pixel" in s] == []
