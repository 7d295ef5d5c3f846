"""The regression gate: ratios to the naive way, both measured in turn in the same run.

CPU time of both moves together on a busy or slow machine, so the ratio holds where ms do not. Each
limit is the measured ratio (0.052, 0.098, 0.121, 0.198 on 2026-11-23) and half as much again.
"""

import statistics
from math import inf

import pytest

from bench.engines.compare import compare
from bench.engines.tasks import TASKS, source_file
from bench.maintain.imports import STATEMENTS, cpu_ms
from bench.sandbox.selfcheck import COLD_RATIO, cold_starts

LIMITS = {"jpeg-to-four": 0.08, "png-to-four": 0.15, "webp-to-four": 0.18, "to-webp": 0.30}
BOTO3 = "import boto3, PIL.Image, PIL.JpegImagePlugin; boto3.client('s3', region_name='us-east-1')"
IMPORT_LIMIT = 0.5


first, *others = LIMITS


@pytest.mark.parametrize(
    "name", [first, *(pytest.param(o, marks=pytest.mark.slow) for o in others)]
)
def test_ratio_to_naive_pillow(name):
    task = next(task for task in TASKS if task.name == name)
    results, skipped = compare(task, source_file(task.source), ["ours", "pillow-naive"], rounds=3)
    assert skipped == []
    naive = next(result for result in results if result.engine == "pillow-naive")
    assert naive.ratio < LIMITS[name]


def test_ratio_of_imports_to_boto3_and_pillow():
    statements = (STATEMENTS["bare"], STATEMENTS["handler"], BOTO3)
    for statement in statements:
        cpu_ms(statement)  # writes the .pyc files
    rounds = [[cpu_ms(statement) for statement in statements] for _ in range(5)]
    ratio = statistics.median((ours - bare) / (theirs - bare) for bare, ours, theirs in rounds)
    assert ratio < IMPORT_LIMIT


def test_ratio_of_cold_starts_at_128_mb_to_1024_mb():
    """The fastest of the starts: INIT is wall time, and a busy machine only ever adds to it.

    So more starts can only bring the fastest nearer to what the machine can do, and while the
    ratio is out of bounds there are up to four times as many.
    """
    low, high = COLD_RATIO
    fastest = {128: inf, 1024: inf}
    for _ in range(4):
        found = cold_starts(tuple(fastest))
        fastest = {size: min(fastest[size], *times) for size, times in found.items()}
        if low < fastest[128] / fastest[1024] < high:
            return
    pytest.fail(f"the fastest INIT by memory size, in ms: {fastest}")
