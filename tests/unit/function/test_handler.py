"""What a cold start makes ready, in a process of its own as Lambda's is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from function.contract import DuplicateSearch
from pipeline.environment import environment_variables
from pipeline.settings import Settings

ROOT = Path(__file__).parents[3]
PROGRAM = """
import ctypes, json
from types import SimpleNamespace
from function import handler

batch = handler.handle.__self__
reconciler = batch.reconciler_for("source")
workers = []
for counts in ((0, 0), (2, 0), (0, 3)):
    handler._isolation = SimpleNamespace(take_counts=lambda: counts)
    workers.append(batch.worker_counts())
handler._isolation = SimpleNamespace(run=lambda data, seconds: iter([data.decode(), seconds]))
handler._deadline.start(8, 1)
rendered, seconds = reconciler.processor.engine(b"upload")
print(json.dumps({
    "function_name": batch.function_name,
    "cold_starts": [next(batch.cold_starts) for _ in range(4)],
    "counts_duplicates": batch.counts_duplicates,
    "has_index": reconciler.duplicates is not None,
    "is_kept": batch.reconciler_for("source") is reconciler,
    "is_another": batch.reconciler_for("other") is not reconciler,
    "workers": workers,
    "rendered": rendered,
    "has_time": 6 < seconds < 8,
    "is_dumpable": ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),
}))
"""
"""3 is PR_GET_DUMPABLE: what is not dumpable has a memory that no other process may read (prctl(2),
proc(5))."""


def cold_start(duplicates: str, **variables: str) -> dict:
    """What the handler of a new process has, and what it does with a stubbed engine."""
    settings = environment_variables(
        Settings(duplicates=DuplicateSearch(duplicates)),
        "destination",
        "https://cdn.example",
        "",
        "duplicates",
    )
    credentials = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_REGION": "eu-central-1",
            **settings,
            **credentials,
            **variables,
        },
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def plain() -> dict:
    return cold_start("off")


@pytest.fixture(scope="module")
def searching() -> dict:
    return cold_start("near", AWS_LAMBDA_FUNCTION_NAME="resizer")


def test_the_first_upload_alone_counts_as_a_cold_start(plain):
    assert plain["cold_starts"] == [1, 0, 0, 0]


def test_metrics_are_the_functions(plain, searching):
    assert (plain["function_name"], searching["function_name"]) == ("local", "resizer")


def test_an_index_is_opened_where_duplicates_are_looked_for(plain, searching):
    assert (plain["has_index"], plain["counts_duplicates"]) == (False, False)
    assert (searching["has_index"], searching["counts_duplicates"]) == (True, True)


def test_a_bucket_is_opened_once(plain):
    assert plain["is_kept"]
    assert plain["is_another"]


def test_workers_are_counted_where_there_is_something_to_count(plain):
    assert plain["workers"] == [{}, {"Stopped": 2}, {"WorkersReplaced": 3}]


def test_an_upload_is_rendered_in_the_time_that_is_left(plain):
    """8 s less the reserve of 1 s for the answer."""
    assert (plain["rendered"], plain["has_time"]) == ("upload", True)


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_credentials_are_hidden_from_other_processes(plain):
    assert plain["is_dumpable"] == 0
