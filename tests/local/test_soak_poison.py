"""The verdict of the run with hostile uploads on its figures, and its files."""

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from function.engine.sniff import sniff
from tests.soak.hostile import HOSTILE
from tests.soak.shares import share_mb
from tests.soak.slowdown import Phase, Slowdown

ALONE = Phase(seconds=[0.5] * 90 + [1.0] * 10)
QUICK_TO_MAKE = ("svg filters", "jpeg arithmetic scans", "png profiles", "qoi")


def slowdown(**beside) -> Slowdown:
    return Slowdown(alone=ALONE, beside=Phase(**({"seconds": [0.5] * 90 + [2.0] * 10} | beside)))


def test_twice_the_time_is_within_the_bound():
    assert slowdown().ratio == pytest.approx(2)
    assert slowdown().holds


@pytest.mark.parametrize(
    "beside",
    [{"seconds": [0.5] * 90 + [2.01] * 10}, {"lost": ["a.jpg"]}, {"dead": ["a.jpg"]}],
)
def test_more_time_or_an_upload_lost_or_dead_breaks_the_bound(beside):
    assert not slowdown(**beside).holds
    assert slowdown(**beside).lines()[-1].endswith("the bound is broken")


def test_an_upload_lost_before_the_hostile_ones_breaks_the_bound_too():
    alone = Phase(seconds=[1.0], lost=["a.jpg"])
    assert not Slowdown(alone=alone, beside=Phase(seconds=[1.0])).holds


def test_no_honest_upload_left_breaks_the_bound():
    nothing = Phase(seconds=[], lost=["a.jpg"])
    assert not Slowdown(alone=ALONE, beside=nothing).holds
    assert "lost: a.jpg" in Slowdown(alone=ALONE, beside=nothing).lines()
    assert Slowdown(alone=ALONE, beside=nothing).lines()[-1].endswith("the bound is broken")


def test_the_report_has_both_phases_and_the_hostile_outcomes():
    outcomes = Counter({("qoi", "too_complex"): 3})
    lines = slowdown(hostile=outcomes, hostile_seconds=[10.0]).lines()
    assert lines == [
        "honest uploads         n      p50      p95  lost  dead",
        "alone                100   0.50 s   1.00 s     0     0",
        "beside hostile       100   0.50 s   2.00 s     0     0",
        "     3 qoi: too_complex",
        "the function was busy with a hostile upload for 10.0 s (p50), 10.0 s (p95)",
        "honest p95 2.00 times that alone, at most 2: the bound holds",
    ]


def test_environments_have_lambdas_share_of_the_cpu_where_the_machine_has_enough():
    assert share_mb(20 / 6, cpus=16) == 1024
    assert share_mb(20 / 6, cpus=2) < 1024


@pytest.mark.parametrize("kind", QUICK_TO_MAKE)
def test_a_hostile_file_is_of_the_format_that_its_name_says(kind):
    assert sniff(HOSTILE[kind]()).name == kind.split()[0]


STARTED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (1, 1))
from function.engine.decode import decode
from function.engine.renditions import DEFAULT_RENDITIONS
from function.engine.results import Task
data, task = sys.stdin.buffer.read(), Task(DEFAULT_RENDITIONS, 50_000_000, memory_mb=1024)
decode(data, task)
"""


@pytest.mark.parametrize("kind", QUICK_TO_MAKE)
def test_a_hostile_file_is_not_rejected_by_its_header(kind):
    """It would keep nobody waiting. A fast machine may decode one within the second."""
    done = subprocess.run(
        [sys.executable, "-c", STARTED],
        input=HOSTILE[kind](),
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert -done.returncode in {0, signal.SIGXCPU, signal.SIGKILL}, done.stderr.decode()
