"""The figures of the formats' files are not below what was measured, nor below what is."""

import json
from dataclasses import replace

import pytest

from bench.machine import UsageError
from bench.maintain import limits
from bench.maintain.kinds import KINDS
from bench.maintain.limits import EVIDENCE, excesses, measure
from bench.sandbox.trial import check_control_groups, trials
from function.engine import formats
from function.engine.limits import every_kind

ROWS = {row["kind"]: row for row in json.loads(EVIDENCE.read_text())["results"]}


def test_every_kind_was_measured():
    needed = {kind for kind, made in KINDS.items() if not made.needs}
    assert needed <= set(ROWS) <= set(KINDS)
    assert {row["limit"] for row in ROWS.values()} == set(every_kind())


@pytest.mark.parametrize("kind", ROWS)
def test_no_figure_is_below_what_was_measured(kind):
    assert ROWS[kind]["limit"] == KINDS[kind].limit
    assert excesses(ROWS[kind]) == []


@pytest.mark.parametrize("figure", ["bytes_per_pixel", "ms_per_megapixel"])
@pytest.mark.parametrize("kind", sorted(every_kind()))
def test_a_figure_below_what_was_measured_is_told(kind, figure, monkeypatch):
    rows = [row for row in ROWS.values() if row["limit"] == kind]
    # Rows are held against today's ``limits.py``, whatever it was when they were measured.
    found = [limits._bytes_per_pixel(KINDS[row["kind"]], row) for row in rows]
    most = max(found) if figure == "bytes_per_pixel" else max(row[figure] for row in rows)
    if not most:
        pytest.skip("what limits.py counts besides covers it")
    known = formats.by_name(kind.partition("-")[0])
    lower = known.replace(**{figure: {**getattr(known, figure), kind: 0.99 * most}})
    monkeypatch.setattr(formats, "by_name", lambda _name: lower)
    assert [sentence for row in rows for sentence in excesses(row) if figure in sentence]


@pytest.mark.network
def test_the_costliest_kinds_take_no_more_than_their_figures(tmp_path, monkeypatch):
    try:
        check_control_groups()
    except UsageError as error:
        pytest.skip(str(error))
    monkeypatch.setattr(limits, "CACHE", tmp_path)
    monkeypatch.setattr(limits, "RUNS", 1)
    sizes = ((3000, 2000), (3300, 2200))
    with trials() as environment:
        for kind in ("png-alpha-profile", "webp-lossless", "jpeg-progressive-cmyk"):
            small = replace(KINDS[kind], sizes=sizes)
            monkeypatch.setattr(limits, "KINDS", {**KINDS, kind: small})
            row = measure(environment, kind)
            assert [s for s in excesses(row) if "bytes_per_pixel" in s] == []
