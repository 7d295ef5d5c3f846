"""The deployed function under each memory size: warm invocations, cold starts and imports."""

import itertools

import pytest

from bench.maintain.imports import STATEMENTS, cpu_ms
from bench.sandbox import Sandbox
from bench.sandbox.function import upload, variables
from bench.sweep import workloads

SLOW = [pytest.param(memory_mb, marks=pytest.mark.slow) for memory_mb in (256, 512)]
MEMORY = [*SLOW, 1024, 1769]
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def photo():
    return workloads.make("jpeg-12mp").files[0]


@pytest.mark.benchmark(group="handler, warm, by MB")
@pytest.mark.parametrize("memory_mb", MEMORY)
def test_warm(benchmark, task, store, photo, memory_mb):
    with Sandbox(task, memory_mb, variables(memory_mb, store)) as box:
        box.invoke(upload(store, photo, next(_numbers)))

        def event():
            return (upload(store, photo, next(_numbers)),), {}

        report = benchmark.pedantic(box.invoke, setup=event, rounds=5)
        benchmark.extra_info.update(held_by=box.group.kind, peak_mb=report.max_memory_mb)
    assert report.outcome == "ok"


@pytest.mark.benchmark(group="handler, cold start, by MB")
@pytest.mark.parametrize("memory_mb", MEMORY)
def test_cold(benchmark, task, store, memory_mb):
    def start():
        with Sandbox(task, memory_mb, variables(memory_mb, store), hello_world_ms=0) as box:
            box.wait_ready()

    benchmark.pedantic(start, rounds=3)


@pytest.mark.benchmark(group="cold import")
@pytest.mark.parametrize("name", ["bare", "handler"])
def test_import(benchmark, name):
    assert benchmark.pedantic(cpu_ms, (STATEMENTS[name],), rounds=7, warmup_rounds=1) > 0
