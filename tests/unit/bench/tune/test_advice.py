import base64
import struct

import pytest

from bench.tune import advice
from tests.support.bench import ROWS, row


@pytest.mark.parametrize(
    ("strategy", "memory_mb"), [("cost", 128), ("speed", 3008), ("target", 1024)]
)
def test_strategies(strategy, memory_mb):
    chosen = advice.choose(ROWS, strategy, weight=0.5, target_ms=800)
    assert chosen is not None
    assert chosen.memory_mb == memory_mb


def test_a_killed_size_is_never_chosen():
    rows = [row(128, 10, 0.001, outcome="oom"), *ROWS[1:]]
    chosen = advice.choose(rows, "cost", weight=0.5, target_ms=800)
    assert chosen is not None
    assert chosen.memory_mb == 512


def test_target_wants_headroom():
    assert advice.choose([row(128, 10, 1, peak_mb=100)], "target", weight=0, target_ms=800) is None


def test_verdict_in_words():
    assert "kept" in advice.verdict(ROWS)
    assert "MISSED" in advice.verdict([row(1024, 900, 2.0)])
    assert "beaten" in advice.verdict([row(1024, 300, 0.1)])


def test_power_tuning_s_address_holds_sizes_times_and_costs():
    sizes, times, costs = (
        base64.b64decode(part) for part in advice.visualisation_url(ROWS).split("#")[1].split(";")
    )
    assert struct.unpack("<4h", sizes) == (128, 512, 1024, 3008)
    assert struct.unpack("<4f", times) == (4000, 1100, 600, 400)
    assert struct.unpack("<4f", costs)[0] == pytest.approx(0.009 / 1000)
