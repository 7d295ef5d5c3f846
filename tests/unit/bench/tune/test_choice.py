from dataclasses import replace

from bench.tune.choice import Choice
from tests.support.bench import ROWS, row

CHOICE = Choice(strategy="cost")


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
