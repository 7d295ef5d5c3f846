"""One task, measured with engines that answer as told."""

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from bench.engines import compare, processes
from bench.engines.job import Job, JobOutcome, Output
from bench.engines.results import Skipped
from bench.engines.tasks import Task

TASK = Task(name="t", title="T", source="jpeg", outputs=(Output(width=60, height=60),))
MS = {"ours": [10.0, 12.0, 30.0], "twice": [20.0, 24.0, 60.0], "floor": [5.0, 6.0, 60.0]}
SIZES = {"off": (60, 47), "large": (60, 60)}


@contextmanager
def started(engines):
    """Yield engines that write the whole picture, and take the times of MS."""
    # The first run is no sample, and the last one is never made.
    left = {engine: [0.0, *MS.get(engine, ()), 99.0] for engine in engines}

    def ask(engine, job):
        if engine == "broken":
            return JobOutcome(error="no such format")
        if job.folder:
            size = SIZES.get(engine, (60, 45))
            Image.open(job.source).resize(size).save(Path(job.folder) / "0", "PNG")
            return JobOutcome(cpu_ms=1.0, peak_rss_mb=7.77, bytes=99)
        return JobOutcome(cpu_ms=left[engine].pop(0))

    yield ask


@pytest.fixture
def measured(tmp_path, monkeypatch):
    monkeypatch.setattr(compare.processes, "started", started)
    path = tmp_path / "a.png"
    Image.radial_gradient("L").resize((120, 90)).save(path)
    return lambda *engines, rounds=3: compare.compare(TASK, path, engines, rounds)


REPOSITORY = Path(__file__).parents[4]


@pytest.mark.parametrize("start", [started, processes.started], ids=["told", "real"])
def test_engines_that_answer_as_told_answer_as_real_ones_do(start, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    path = tmp_path / "a.png"
    Image.radial_gradient("L").resize((120, 90)).save(path)
    job = Job(source=str(path), outputs=TASK.outputs)
    with start(["ours", "broken"]) as ask:
        first = ask("ours", replace(job, folder=str(tmp_path)))
        again = ask("ours", job)
        broken = ask("broken", job)
    with Image.open(tmp_path / "0") as output:
        assert output.size == (60, 45)
    assert (first.error, again.error) == ("", "")
    assert first.cpu_ms > 0
    assert first.peak_rss_mb > 0
    assert first.bytes > 0
    assert again.cpu_ms >= 0
    assert broken == JobOutcome(error=broken.error)
    assert broken.error


def test_a_ratio_is_the_median_of_the_rounds(measured):
    (ours, twice), skipped = measured("ours", "twice")
    assert skipped == []
    assert (ours.cpu_ms, ours.ratio, ours.samples_ms) == (12.0, 1.0, MS["ours"])
    assert (twice.cpu_ms, twice.ratio) == (24.0, 0.5)
    assert (twice.task, twice.bytes, twice.peak_rss_mb) == ("t", 99, 7.8)
    assert twice.score == twice.score_each[0]


def test_the_floor_has_no_memory_of_its_own(measured):
    _, floor = measured("ours", "floor")[0]
    assert (floor.peak_rss_mb, floor.ratio) == (None, 2.0)


def test_engines_that_fail_are_skipped_with_the_reason(measured):
    results, skipped = measured("ours", "broken", "large", "off")
    assert [result.engine for result in results] == ["ours"]
    assert skipped == [
        Skipped(task="t", engine="broken", why="no such format"),
        Skipped(task="t", engine="large", why="its output 1 is 60 x 60"),
        Skipped(task="t", engine="off", why="its output 1 is 60 x 47"),
    ]


def test_a_pixel_is_let_pass(measured, monkeypatch):
    monkeypatch.setitem(SIZES, "twice", (60, 46))
    assert len(measured("ours", "twice")[0]) == 2


def test_a_slow_engine_is_measured_three_times_at_least(measured, monkeypatch):
    monkeypatch.setattr(compare, "SECONDS", 0.011)
    (ours,), _ = measured("ours", rounds=4)
    assert ours.samples_ms == MS["ours"]


def test_without_ours_there_is_no_ratio(measured):
    assert [result.ratio for result in measured("twice")[0]] == [0.0]
