import base64
import json
import shutil
import struct
from argparse import Namespace
from dataclasses import replace

import pytest

from bench import advice, stats, tune
from bench.__main__ import main
from bench.advice import Row
from bench.machine import UsageError
from bench.sandbox.function import variables
from bench.sandbox.stub_s3 import StubS3
from local import program


def row(memory_mb, p50_ms, usd, peak_mb=60.0, outcome="ok"):
    return Row(
        memory_mb=memory_mb, workload="w", p50_ms=p50_ms, p90_ms=p50_ms, p95_ms=p50_ms,
        p99_ms=p50_ms, peak_mb=peak_mb, init_ms=1, cold_ms=1, usd_per_1000=usd, outcome=outcome,
        samples=3,
    )  # fmt: skip


ROWS = [row(128, 4000, 0.009), row(512, 1100, 0.0095), row(1024, 600, 0.011), row(3008, 400, 0.02)]


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


def test_percentile_of_a_published_example():
    """NIST/Excel's inclusive method on 15, 20, 35, 40, 50: the 40th percentile is 29."""
    assert stats.percentile([15, 20, 35, 40, 50], 40) == pytest.approx(29)


def test_relative_error_by_hand():
    assert stats.relative_error([1.0, 2.0, 3.0]) == pytest.approx(4.303 / 3**0.5 / 2)
    assert stats.relative_error([1.0]) == float("inf")


@pytest.mark.parametrize(
    ("result", "word"),
    [
        ({"complete": False, "trusted": True, "chosen_mb": 512}, "interrupted"),
        ({"complete": True, "trusted": False, "chosen_mb": 512}, "self-check"),
        ({"complete": True, "trusted": True, "chosen_mb": None}, "no measured size"),
        ({"complete": True, "trusted": True, "chosen_mb": 512}, None),
    ],
)
def test_what_speaks_against_applying(result, word):
    why = tune._why_not(result)
    assert (word in why) if word else why is None


def options(**given):
    return Namespace(**{"strategy": "cost", "weight": 0.5, "target_ms": 800, **given})


def test_several_workloads_get_the_size_that_suits_all():
    rows = [*ROWS, *(replace(r, workload="x", usd_per_1000=1 / r.memory_mb) for r in ROWS)]
    assert tune.as_result(rows, options())["chosen_mb"] == 3008
    rows += [replace(row(128, 1, 1, outcome="oom"), workload="y")]
    assert tune.as_result(rows, options())["chosen_mb"] is None


def test_power_tuning_s_address_holds_sizes_times_and_costs():
    sizes, times, costs = (
        base64.b64decode(part) for part in advice.visualisation_url(ROWS).split("#")[1].split(";")
    )
    assert struct.unpack("<4h", sizes) == (128, 512, 1024, 3008)
    assert struct.unpack("<4f", times) == (4000, 1100, 600, 400)
    assert struct.unpack("<4f", costs)[0] == pytest.approx(0.009 / 1000)


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--memory", "64"], ["--weight", "2"], ["--apply"], ["--stack", "prd"]),
        *(["--apply", "--stack", "prd"], ["--folder", "no-such"], ["--workloads", "no-such"]),
    ],
)
def test_misuse(arguments):
    assert main(["tune", *arguments]) == 2


@pytest.fixture
def stack(tmp_path, monkeypatch):
    """Write the settings of a stack named small."""
    shutil.copy(program.ROOT / "Pulumi.yaml", tmp_path)
    monkeypatch.setattr(program, "ROOT", tmp_path)

    def write(*lines: str) -> str:
        text = "".join(f"  image-pipeline:{line}\n" for line in lines)
        (tmp_path / "Pulumi.small.yaml").write_text("config:\n" + text)
        return "small"

    return write


def test_a_stack_s_own_renditions_are_measured(stack):
    only = "[{name: only, width: 90, height: 90, fit: inside, formats: [jpeg], quality: 80}]"
    name = stack(f"renditions: {only}", "quality: best", "duplicates: near", "maxMegapixels: 90")
    store = StubS3()
    try:
        given = variables(128, store, tune._settings(name))
        default = variables(128, store, tune._settings(None))
    finally:
        store.close()
    assert [rendition["name"] for rendition in json.loads(given["RENDITIONS"])] == ["only"]
    assert (given["QUALITY"], given["DUPLICATES"]) == ("best", "off")
    assert len(json.loads(default["RENDITIONS"])) == 4
    assert "1 file, quality best (stack small), duplicates not" in tune._made(
        name, tune._settings(name)
    )


def test_a_stack_s_setting_that_cannot_work_is_one_sentence(stack):
    name = stack("quality: superb")
    with pytest.raises(UsageError, match=r"Pulumi.small.yaml: quality must be"):
        tune._settings(name)
