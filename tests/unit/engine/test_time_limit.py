"""How long a worker is waited for, by what it was given of the CPU."""

import math
import subprocess
import sys
import time
from pathlib import Path

import pytest

from function.engine import time_limit
from function.engine.errors import DecoderBug, IsolationFailed, Stopped
from function.engine.time_limit import TimeLimit
from tests.support.waiting import wait_until

ONE_CPU_MB = 1769


@pytest.fixture
def clocks(monkeypatch):
    """The clock, and the CPU time that the worker has used."""
    now = {"clock": 100.0, "cpu": 7.0}
    monkeypatch.setattr(time, "monotonic", lambda: now["clock"])
    monkeypatch.setattr(time_limit, "cpu_seconds", lambda _worker: now["cpu"])
    return now


def started(clocks, *, seconds=2.0, most=10.0, left=60.0, memory_mb=ONE_CPU_MB):
    assert clocks
    limit = TimeLimit(seconds, most, left, memory_mb)
    limit.start(1)
    return limit


def passed(clocks, clock, cpu):
    clocks["clock"], clocks["cpu"] = 100.0 + clock, 7.0 + cpu


@pytest.mark.parametrize("times", [(2, 10, 60), (60, 2, 10), (60, 10, 2)])
def test_it_looks_again_at_the_earliest_end(clocks, times):
    seconds, most, left = times
    assert started(clocks, seconds=seconds, most=most, left=left).deadline() == 102


def test_a_worker_that_had_half_of_its_cpu_had_its_time(clocks):
    limit = started(clocks)
    passed(clocks, 2, 1)
    with pytest.raises(Stopped):
        limit.extend()


def test_half_of_its_cpu_is_half_of_what_the_memory_size_gives(clocks):
    limit = started(clocks, memory_mb=ONE_CPU_MB // 2)
    passed(clocks, 2, 0.5)
    with pytest.raises(Stopped):
        limit.extend()


def test_one_that_had_less_gets_what_it_missed(clocks):
    limit = started(clocks)
    passed(clocks, 2, 0.5)
    limit.extend()
    assert limit.deadline() == pytest.approx(103.5)
    passed(clocks, 3.5, 0.9)
    limit.extend()
    assert limit.deadline() == pytest.approx(104.6)


def test_the_most_is_what_may_be_missed_as_well(clocks):
    limit = started(clocks, seconds=20, most=4)
    passed(clocks, 4, 2)
    with pytest.raises(Stopped):
        limit.extend()


def test_one_that_waits_for_something_has_a_bug_and_one_that_waits_for_the_cpu_has_none(
    clocks, monkeypatch
):
    limit = started(clocks)
    passed(clocks, 10, 0.25)
    monkeypatch.setattr(time_limit, "is_running", lambda _worker: False)
    with pytest.raises(DecoderBug, match=r"the worker did not end, and used 0\.25 s of CPU"):
        limit.extend()
    monkeypatch.setattr(time_limit, "is_running", lambda _worker: True)
    with pytest.raises(IsolationFailed, match="too little of the CPU"):
        limit.extend()
    passed(clocks, 9.9, 0.25)
    limit.extend()


LOOP = "print(flush=True)\nwhile True: pass"
THREAD = f"import threading\nthreading.Thread(target=exec, args=({LOOP!r},)).start()"


@pytest.mark.parametrize(("code", "state_of_first_thread"), [(LOOP, "R"), (THREAD, "S")])
def test_a_process_runs_if_one_of_its_threads_does(code, state_of_first_thread):
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as busy:
        stat = Path(f"/proc/{busy.pid}/stat")
        busy.stdout.readline()
        try:
            wait_until(lambda: f") {state_of_first_thread} " in stat.read_text())
            assert time_limit.is_running(busy.pid)
        finally:
            busy.kill()


def test_a_process_that_sleeps_does_not_run():
    with subprocess.Popen(["sleep", "60"]) as idle:
        wait_until(lambda: not time_limit.is_running(idle.pid))
        idle.kill()
    assert not time_limit.is_running(idle.pid)
    assert not time_limit.is_running(None)


def test_an_invocation_without_time_for_the_upload_says_so(clocks):
    limit = started(clocks, left=1.9)
    passed(clocks, 1.9, 1.9)
    with pytest.raises(IsolationFailed, match="too little time was left"):
        limit.extend()


def test_an_invocation_that_ends_before_the_worker_had_its_cpu_says_so(clocks):
    limit = started(clocks, left=3)
    passed(clocks, 3, 0.5)
    with pytest.raises(IsolationFailed, match="too little of the CPU"):
        limit.extend()


def test_a_worker_that_is_gone_had_its_time():
    limit = TimeLimit(2.0, 10.0, 60.0, ONE_CPU_MB)
    with subprocess.Popen(["sleep", "60"]) as worker:
        limit.start(worker.pid)
        worker.kill()
    with pytest.raises(Stopped):
        limit.extend()


def test_where_cpu_time_is_not_told_the_clock_alone_decides(clocks):
    clocks["cpu"] = math.inf
    limit = started(clocks)
    clocks["clock"] += 2
    with pytest.raises(Stopped):
        limit.extend()
