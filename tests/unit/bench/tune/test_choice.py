import base64
import struct
from dataclasses import replace

import pytest

from bench.tune.choice import Choice, verdict, visualisation_url
from tests.support.bench import ROWS, row

CHOICE = Choice(strategy="cost")


@pytest.mark.parametrize(
    ("strategy", "memory_mb"), [("cost", 128), ("speed", 3008), ("target", 1024)]
)
def test_strategies(strategy, memory_mb):
    chosen = Choice(strategy=strategy).best(ROWS)
    assert chosen is not None
    assert chosen.memory_mb == memory_mb


def test_a_killed_size_is_never_chosen():
    chosen = CHOICE.best([row(128, 10, 0.001, outcome="oom"), *ROWS[1:]])
    assert chosen is not None
    assert chosen.memory_mb == 512


def test_target_wants_headroom():
    assert Choice(strategy="target").best([row(128, 10, 1, peak_mb=100)]) is None


def test_without_a_size_that_worked_none_is_chosen():
    assert CHOICE.best([row(128, 10, 1, outcome="oom")]) is None


def test_verdict_in_words():
    assert "kept" in verdict(ROWS)
    assert "MISSED" in verdict([row(1024, 900, 2.0)])
    assert "beaten" in verdict([row(1024, 300, 0.1)])


def test_power_tuning_s_address_holds_sizes_times_and_costs():
    sizes, times, costs = (
        base64.b64decode(part) for part in visualisation_url(ROWS).split("#")[1].split(";")
    )
    assert struct.unpack("<4h", sizes) == (128, 512, 1024, 3008)
    assert struct.unpack("<4f", times) == (4000, 1100, 600, 400)
    assert struct.unpack("<4f", costs)[0] == pytest.approx(0.009 / 1000)


def test_several_workloads_get_the_size_that_suits_all():
    rows = [*ROWS, *(replace(r, workload="x", usd_per_1000=1 / r.memory_mb) for r in ROWS)]
    assert CHOICE.memory_mb(rows) == 3008
    rows += [replace(row(128, 1, 1, outcome="oom"), workload="y")]
    assert CHOICE.memory_mb(rows) is None


def test_the_options_decide():
    assert Choice(strategy="target", target_ms=450).memory_mb(ROWS) == 3008
    assert Choice(strategy="balanced", weight=1).memory_mb(ROWS) == 128
    assert Choice(strategy="balanced", weight=0).memory_mb(ROWS) == 3008


def test_each_workload_has_a_verdict_and_a_link():
    rows = [*ROWS, replace(row(1024, 900, 0.1), workload="x")]
    first, link, second, _ = CHOICE.sentences(rows)
    assert "kept for w" in first
    assert first.endswith("Strategy cost for w: 128 MB.")
    assert link.startswith("Power Tuning's view of w: https://")
    assert second.endswith("Strategy cost for x: 1024 MB.")
