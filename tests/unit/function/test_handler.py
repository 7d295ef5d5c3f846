"""The state after a cold start, in a separate process, as on Lambda."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from function.contract import DuplicateSearch
from function.engine.renditions import DEFAULT_RENDITIONS, Rendition
from pipeline.environment import environment_variables
from pipeline.settings import Settings

ROOT = Path(__file__).parents[3]
PROGRAM = """
import ctypes, importlib, json, sys
from function import cold_start
from function.storage.errors import OutOfTime

class Worker:
    waited, counts = 0, []

    def __init__(self, task, **limits):
        Worker.limits = limits

    def wait(self):
        Worker.waited += 1

    def take_counts(self):
        return self.counts.pop(0)

    def run(self, data, seconds):
        return iter([data.decode(), seconds])

cold_start.Isolation = Worker
handler = importlib.import_module(sys.argv[1]).handle.__self__
uploads = handler.uploads
reconciler = uploads.reconciler_for("source")
Worker.counts = [(0, 0), (2, 0), (0, 3)]
workers = [uploads.worker_counts() for _ in range(3)]
uploads.deadline.start(0, 1)
try:
    reconciler.back_off(16)
    waits_in_vain = True
except OutOfTime:
    waits_in_vain = False
uploads.deadline.start(8, 1)
rendered, seconds = reconciler.processor.engine(b"upload")
print(json.dumps({
    "handler": type(handler).__name__,
    "function_name": uploads.function_name,
    "cold_starts": [next(uploads.cold_starts) for _ in range(4)],
    "counts_duplicates": uploads.counts_duplicates,
    "hides_events": uploads.hides_events,
    "publishes_metrics": uploads.publishes_metrics,
    "has_index": reconciler.duplicates is not None,
    "is_kept": uploads.reconciler_for("source") is reconciler,
    "is_another": uploads.reconciler_for("other") is not reconciler,
    "waited": Worker.waited,
    "limits": Worker.limits,
    "workers": workers,
    "rendered": rendered,
    "has_time": 6 < seconds < 8,
    "waits_in_vain": waits_in_vain,
    "is_dumpable": ctypes.CDLL(None).prctl(3, 0, 0, 0, 0),
}))
"""
"""3 is PR_GET_DUMPABLE: what is not dumpable has a memory that no other process may read (prctl(2),
proc(5))."""


def cold_start(duplicates: str, module: str = "function.handler", **variables: str) -> dict:
    """Return the state of an entry point's new process, which has a stubbed engine."""
    settings = environment_variables(
        Settings(duplicates=DuplicateSearch(duplicates)),
        "destination",
        "https://cdn.example",
        "",
        "duplicates",
    )
    credentials = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, module],
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


@pytest.fixture(scope="module")
def batch_operations() -> dict:
    return cold_start("off", "function.batch_operations", PUBLISH_METRICS="false")


def test_the_two_entry_points_share_all_but_their_events(plain, batch_operations):
    assert plain == batch_operations | {"handler": "BatchHandler", "publishes_metrics": True}
    assert (batch_operations["handler"], batch_operations["publishes_metrics"]) == (
        "TaskHandler",
        False,
    )


def test_the_worker_is_ready_when_the_initialisation_ends(plain):
    assert plain["waited"] == 1
    assert plain["limits"] == {"most_bytes": 25_000_000, "most_seconds": 10}


def test_the_first_upload_alone_counts_as_a_cold_start(plain):
    assert plain["cold_starts"] == [1, 0, 0, 0]


def test_metrics_are_the_functions(plain, searching):
    assert (plain["function_name"], searching["function_name"]) == ("local", "resizer")


def test_a_failures_line_lacks_the_event_where_uploads_may_wait(plain, searching):
    assert (plain["hides_events"], searching["hides_events"]) == (False, True)


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


def test_no_wait_after_a_lost_write_outlives_the_invocation(plain):
    assert not plain["waits_in_vain"]


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
def test_credentials_are_hidden_from_other_processes(plain):
    assert plain["is_dumpable"] == 0


VIEWS = """
import importlib, json, sys
from function import cold_start
from function.storage.errors import OutOfTime

class Worker:
    waited = 0

    def __init__(self, task, **limits):
        Worker.task, Worker.limits = task, limits

    def wait(self):
        Worker.waited += 1

    def take_counts(self):
        return (0, 3)

    def run(self, data, seconds, only):
        return iter([data.decode(), seconds, only])

cold_start.Isolation = Worker
handler = importlib.import_module(sys.argv[1]).handle.__self__
views = getattr(handler.views, "first_views", handler.views)
handler.deadline.start(0, 1)
try:
    views.back_off(16)
    waits_in_vain = True
except OutOfTime:
    waits_in_vain = False
handler.deadline.start(8, 1)
made = sys.argv[2:] or ["jpeg"]
rendered, seconds, only = views.engine(b"upload", "poster", made[0])
print(json.dumps({
    "handler": type(handler).__name__,
    "function_name": getattr(handler, "function_name", None),
    "cold_starts": [next(handler.cold_starts) for _ in range(3)],
    "publishes_metrics": getattr(handler, "publishes_metrics", None),
    "buckets": [views.source.name, views.destination.name],
    "renditions": [[each.name, *each.formats] for each in Worker.task.renditions],
    "patience": round(Worker.task.patience, 1),
    "most_seconds": Worker.limits["most_seconds"],
    "waits_in_vain": waits_in_vain,
    "waited": Worker.waited,
    "workers": handler.worker_counts(),
    "rendered": [rendered, only],
    "has_time": 6 < seconds < 8,
    "notes_failures": views.notes_failures,
}))
"""

MODULES = """
import importlib, json, sys
from function import cold_start
cold_start.Isolation = lambda *given, **named: type("Worker", (), {"wait": lambda self: None})()
importlib.import_module(sys.argv[1])
print(json.dumps(sorted(sys.modules)))
"""

LAZY = Rendition(name="poster", width=9, height=9, formats=("jpeg",), lazy=True)


LATER = LAZY.replace(lazy_formats=("avif",))


def with_lazy_renditions(program: str, *arguments: str, lazy: Rendition = LAZY, **variables: str):
    settings = environment_variables(
        Settings(renditions=(*DEFAULT_RENDITIONS, lazy), delivery="cdn"),
        "destination",
        "https://cdn.example",
        "",
        source_bucket="source",
    )
    credentials = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_REGION": "eu-central-1",
            **settings,
            **credentials,
            **variables,
        },
        check=False,
        capture_output=True,
        text=True,
    )


def test_first_views_have_a_worker_of_the_lazy_renditions_and_both_buckets():
    done = with_lazy_renditions(
        VIEWS, "function.view_handler", AWS_LAMBDA_FUNCTION_NAME="views", PUBLISH_METRICS="false"
    )
    assert json.loads(done.stdout) == {
        "handler": "ViewHandler",
        "function_name": "views",
        "cold_starts": [1, 0, 0],
        "publishes_metrics": False,
        "buckets": ["source", "destination"],
        "renditions": [["poster", "jpeg"]],
        "patience": 0.0,
        "most_seconds": 10,
        "waits_in_vain": False,
        "waited": 1,
        "workers": {"WorkersReplaced": 3},
        "rendered": ["upload", ["poster", "jpeg", False]],
        "has_time": True,
        "notes_failures": True,
    }


def test_a_cold_start_for_views_loads_no_more_than_one_for_uploads():
    uploads, views = (
        set(json.loads(with_lazy_renditions(MODULES, module).stdout))
        for module in ("function.handler", "function.view_handler")
    )
    own = {"function.view_handler", "function.views", "function.first_view"}
    assert views - uploads <= own | {"function.format_view", "binascii"}


def test_lazy_formats_have_a_worker_that_takes_its_time():
    done = with_lazy_renditions(VIEWS, "function.format_handler", "avif", lazy=LATER)
    found = json.loads(done.stdout)
    assert (found["handler"], found["buckets"]) == ("FormatHandler", ["source", "destination"])
    assert (found["renditions"], found["patience"]) == ([["poster", "avif"]], 5.2)
    assert (found["most_seconds"], found["waits_in_vain"]) == (10, False)
    assert (found["rendered"], found["waited"]) == (["upload", ["poster", "avif", False]], 1)
    assert (found["workers"], found["cold_starts"]) == ({"WorkersReplaced": 3}, [1, 0, 0])
    assert not found["notes_failures"]


@pytest.mark.parametrize(
    ("module", "timeout", "most", "patience"),
    [("view", 30, 22.5, 0), ("view", 10, 8, 0), ("format", 30, 22.5, 6.3), ("format", 10, 8, 2.1)],
)
def test_a_view_of_a_small_function_judges_an_upload_before_its_time_is_over(
    module, timeout, most, patience
):
    """Otherwise nothing would be known of the upload, and the next view would try it again."""
    done = with_lazy_renditions(
        VIEWS,
        f"function.{module}_handler",
        *(["avif"] if module == "format" else []),
        lazy=LATER if module == "format" else LAZY,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE="512",
        TIMEOUT=str(timeout),
    )
    found = json.loads(done.stdout)
    assert (found["most_seconds"], found["patience"]) == (most, patience)


IDLE = """
from function import cold_start
cold_start.Isolation = None
handler = cold_start.start_views()
print(handler.worker_counts(), handler.views.first_views.view("u1/a.jpg/poster.jpg"))
"""


def test_first_views_of_a_stack_with_lazy_formats_alone_have_no_worker():
    done = with_lazy_renditions(IDLE, lazy=LATER.replace(lazy=False), FORMAT_QUEUE_URL="queue")
    assert done.stdout == "{} None\n", done.stderr


SENDS = """
import sys
from function import cold_start
from function.storage import client
cold_start.Isolation = None
client.SignedClient.call = lambda self, *call: print(self._service, *call)
cold_start.start_views().views.send("the message")
"""


def test_first_views_send_to_the_queue_of_lazy_formats():
    url = "https://sqs.eu-central-1.amazonaws.com/123456789012/formats"
    done = with_lazy_renditions(SENDS, lazy=LATER.replace(lazy=False), FORMAT_QUEUE_URL=url)
    message = {"QueueUrl": url, "MessageBody": "the message"}
    assert done.stdout == f"sqs AmazonSQS.SendMessage {message}\n", done.stderr


@pytest.mark.parametrize(
    ("module", "lazy", "variables", "complaint"),
    [
        ("view_handler", LATER, {}, "First views of lazyFormats in RENDITIONS need FORMAT_QUEUE"),
        ("format_handler", LAZY, {}, "Lazy formats need lazyFormats in RENDITIONS"),
        ("format_handler", LATER, {"SOURCE_BUCKET": ""}, "Lazy formats need lazyFormats"),
    ],
)
def test_lazy_formats_of_a_stack_without_them_do_not_start(module, lazy, variables, complaint):
    done = with_lazy_renditions(VIEWS, f"function.{module}", lazy=lazy, **variables)
    assert done.returncode == 1
    assert complaint in done.stderr


@pytest.mark.parametrize(
    "variables", [{"SOURCE_BUCKET": ""}, {"RENDITIONS": "[]"}], ids=["no bucket", "none lazy"]
)
def test_first_views_of_a_stack_without_them_do_not_start(variables):
    done = with_lazy_renditions(VIEWS, "function.view_handler", **variables)
    assert done.returncode == 1
    assert "First views need a lazy rendition in RENDITIONS, and SOURCE_BUCKET." in done.stderr
