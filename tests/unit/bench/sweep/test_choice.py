import base64
import struct
from dataclasses import replace

import pytest

from bench.sweep.choice import Choice, verdict, visualisation_url
from bench.sweep.results import Setup
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


@pytest.mark.parametrize(("p95", "said"), [(700, ": within 700 ms"), (701, ": NOT within 700 ms")])
def test_first_views_have_a_verdict_of_their_own(p95, said):
    rows = [row(512, 9, 0.01, first_view="large.jpg"), row(1024, p95, 0.01, first_view="large.jpg")]
    (sentence,) = Choice().sentences(rows)
    assert sentence.startswith(f"First views of w large.jpg{said} at 1024 MB (p50 {p95} ms")
    (sentence,) = Choice().sentences(rows[:1])
    assert "was measured" in sentence


def test_power_tuning_s_address_holds_sizes_times_and_costs():
    sizes, times, costs = (
        base64.b64decode(part) for part in visualisation_url(ROWS).split("#")[1].split(";")
    )
    assert struct.unpack("<4h", sizes) == (128, 512, 1024, 3008)
    assert struct.unpack("<4f", times) == (4000, 1100, 600, 400)
    assert struct.unpack("<4f", costs)[0] == pytest.approx(0.009 / 1000)


def test_several_workloads_get_the_size_that_suits_all():
    rows = [*ROWS, *(replace(r, workload="x", usd_per_1000=1 / r.memory_mb) for r in ROWS)]
    assert CHOICE.setup(rows) == Setup(memory_mb=3008, architecture="x86_64")
    rows += [replace(row(128, 1, 1, outcome="oom"), workload="y")]
    assert CHOICE.setup(rows) is None


def test_the_options_decide():
    chosen = [
        Choice(strategy="target", target_ms=450),
        Choice(strategy="balanced", weight=1),
        Choice(strategy="balanced", weight=0),
    ]
    assert [choice.best(ROWS) for choice in chosen] == [ROWS[3], ROWS[0], ROWS[3]]
    assert Choice().setup([]) is None


BOTH = [
    row(1024, 600, 0.011),
    row(1024, 640, 0.009, architecture="arm64"),
    row(1024, 2300, 0.008, architecture="arm64", batch_size=4),
]


@pytest.mark.parametrize(
    ("choice", "architecture", "batch_size"),
    [
        (Choice(strategy="cost"), "arm64", 4),
        (Choice(strategy="speed"), "x86_64", 1),
        (Choice(strategy="balanced"), "arm64", 1),
        (Choice(strategy="target", target_ms=650), "arm64", 1),
        (Choice(strategy="target", target_ms=620), "x86_64", 1),
    ],
)
def test_architecture_and_batch_size_are_chosen_too(choice, architecture, batch_size):
    assert choice.setup(BOTH) == Setup(
        memory_mb=1024, architecture=architecture, batch_size=batch_size
    )


def test_the_promise_is_held_against_each_architecture_but_no_batch():
    said = verdict(BOTH)
    assert "on x86_64 (p50 600 ms" in said
    assert "on arm64 (p50 640 ms" in said
    assert "2300" not in said
    assert "$0.0110 of Lambda and queue, $0.0810 with S3" in said


def test_the_promise_counts_what_s3_costs():
    assert "MISSED ($0.9900" in verdict([row(1024, 600, 0.99)])


@pytest.mark.parametrize(
    ("place", "words"),
    [
        *(("aws", "warm, as Lambda reports it)"), ("sandbox", "warm, in the sandbox)")),
        ("embedded AWS", "no verdict"),
    ],
)
def test_the_verdict_says_whose_figures_they_are(place, words):
    assert words in verdict([row(1024, 600, 0.01, measured_on=place)])


def test_the_link_shows_the_series_of_the_choice():
    _, link = Choice(strategy="cost").sentences(BOTH)
    assert link.endswith(visualisation_url(BOTH[2:]))


def test_each_workload_has_a_verdict_and_a_link():
    rows = [*ROWS, replace(row(1024, 900, 0.1), workload="x")]
    first, link, second, _ = CHOICE.sentences(rows)
    assert "kept for w" in first
    assert first.endswith("Strategy cost for w: memory 128, architecture x86_64, batchSize 1.")
    assert link.startswith("Power Tuning's view of w: https://")
    assert "Strategy cost for x: memory 1024, " in second
