"""The batch loop: what is acknowledged, what is retried, and what the log says."""

import io
import json
import logging
import time
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from function import logs
from function.batch import BatchHandler
from function.contract import Metric, Status
from function.contract.keys import upload_name
from function.contract.messages import MEASURE_HELD, s3_event
from function.duplicates.search import Duplicates, recipe_of
from function.engine.errors import DecoderBug
from function.engine.renditions import Rendition
from function.environment import Environment
from function.manifest import ErrorFacts, Manifest, RenditionFacts, SourceFacts, Timings
from function.postpone import count
from function.reconcile import Reconciler
from function.storage.bucket import Bucket
from function.storage.deadline import Deadline
from function.uploads import UploadHandler
from pipeline.environment import environment_variables
from pipeline.settings import Settings
from tests.support.engine import reconciler_for
from tests.support.memory import MemoryIndex
from tests.support.pictures import display_p3, encoded, gradient

PUT = (Path(__file__).parent / "events" / "put.json").read_text()


@pytest.fixture
def handler(environment, source, destination):
    """A handler as of a new execution environment, with buckets in memory behind it."""
    reconciler = reconciler_for(environment, source, destination)
    return build(reconciler)


def build(
    reconciler,
    *,
    deadline=None,
    postpone=None,
    look_again=None,
    measure_held=None,
    counts_duplicates=False,
    counts=(),
    publishes_metrics=True,
) -> BatchHandler:
    uploads = UploadHandler(
        function_name="resizer",
        publishes_metrics=publishes_metrics,
        reconciler_for=lambda bucket: reconciler,
        deadline=deadline or Deadline(),
        counts_duplicates=counts_duplicates,
        worker_counts=lambda: dict(counts),
        cold_starts=iter((1, *[0] * 99)),
    )
    return BatchHandler(
        uploads=uploads,
        postpone=postpone or pytest.fail,
        look_again=look_again or pytest.fail,
        measure_held=measure_held or pytest.fail,
    )


class Context:
    """Lambda's context, with as much time left as its test says."""

    def __init__(self, *milliseconds: int) -> None:
        self._left = list(milliseconds)

    def get_remaining_time_in_millis(self) -> int:
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]


CONTEXT = Context(30_000)


class Clock:
    """Lambda's context of an invocation that really ends after some seconds."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self._end - time.monotonic()) * 1000)


def of_lambda(seconds: int):
    """The context that Lambda's own runtime client makes."""
    module = pytest.importorskip("awslambdaric.lambda_context")  # it is for Linux alone
    return module.LambdaContext("id", None, None, int((time.time() + seconds) * 1000))


@pytest.mark.parametrize("context", [lambda seconds: Context(seconds * 1000), Clock, of_lambda])
def test_a_context_has_whole_milliseconds_left(context):
    left = context(8).get_remaining_time_in_millis()
    assert isinstance(left, int)
    assert 7000 < left <= 8000


def message(message_id: str, key: str) -> dict:
    body = json.loads(PUT)
    body["Records"][0]["s3"]["object"]["key"] = key
    return {
        "messageId": message_id,
        "body": json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "2"},
        "messageAttributes": {},
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:uploads",
    }


def test_a_record_fails_alone(handler, source, destination, jpeg, caplog):
    source.objects |= {"uploads/a.jpg": jpeg, "uploads/c.jpg": jpeg}
    source.failing.add("uploads/b.jpg")
    records = [message(name, f"uploads/{name}.jpg") for name in ("a", "b", "c")]
    answer = handler.handle({"Records": records}, CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "b"}]}
    assert {"a.jpg/manifest.json", "c.jpg/manifest.json"} <= set(destination.objects)
    (failure,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert (failure.message, failure.message_id, failure.attempt) == ("failed", "b", "2")


def test_what_waits_is_measured_when_a_message_asks_for_it(
    environment, source, destination, caplog
):
    asked = [None]
    reconciler = reconciler_for(environment, source, destination)
    handler = build(reconciler, measure_held=asked.pop)
    batch = {"Records": [message("a", "x") | {"body": MEASURE_HELD}]}
    assert handler.handle(batch, CONTEXT) == {"batchItemFailures": []}
    failures = {"batchItemFailures": [{"itemIdentifier": "a"}]}
    assert handler.handle(batch, CONTEXT) == failures  # nothing is left to pop
    assert caplog.records[-1].message == "failed"


def test_a_rejection_is_acknowledged_and_logged(handler, source, caplog):
    caplog.set_level("INFO", logger="function")
    source.objects["uploads/a.jpg"] = b"no image"
    answer = handler.handle({"Records": [message("a", "uploads/a.jpg")]}, CONTEXT)
    assert answer == {"batchItemFailures": []}
    (entry,) = caplog.records
    assert (entry.message, entry.error["code"]) == ("rejected", "not_an_image")
    assert (entry.Rejected, entry.Processed, entry.Code) == (1, 0, "not_an_image")


def test_what_would_not_finish_in_time_is_sent_again_and_acknowledged(
    environment, source, destination, jpeg, caplog
):
    source.objects |= {f"uploads/{name}.jpg": jpeg for name in "abc"}
    records = [message(name, f"uploads/{name}.jpg") for name in "abc"]
    sent = []
    handler = build(reconciler_for(environment, source, destination), postpone=sent.append)
    answer = handler.handle({"Records": records}, Context(30_000, 20_000, 2_000))
    assert answer == {"batchItemFailures": []}
    assert {"a.jpg/manifest.json", "b.jpg/manifest.json"} <= set(destination.objects)
    assert "c.jpg/manifest.json" not in destination.objects
    assert sent == [records[2]]
    assert [r.message_id for r in caplog.records if r.message == "postponed"] == ["c"]


def test_a_message_that_cannot_be_sent_again_stays_in_the_queue(
    environment, source, destination, jpeg
):
    source.objects |= {f"uploads/{name}.jpg": jpeg for name in "ab"}
    records = [message(name, f"uploads/{name}.jpg") for name in "ab"]

    def refuse(record):
        raise OSError("SQS is down")

    handler = build(reconciler_for(environment, source, destination), postpone=refuse)
    answer = handler.handle({"Records": records}, Context(30_000, 0))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "b"}]}


def test_the_last_of_twenty_slow_batches_is_processed_and_never_dead(
    environment, source, destination, jpeg
):
    """A queue of messages, each so slow that an invocation has time for one."""
    names = [f"{number:02}" for number in range(20)]
    source.objects |= {f"uploads/{name}.jpg": jpeg for name in [*names, "last"]}
    queue = [message(name, f"uploads/{name}.jpg") for name in names]
    last = message("last", "uploads/last.jpg")
    last["attributes"]["ApproximateReceiveCount"] = "1"
    waiting = [last]

    def postpone(record):
        again = count(record) + 1
        attribute = {"postponed": {"dataType": "Number", "stringValue": str(again)}}
        received = {"ApproximateReceiveCount": "1"}
        waiting.append(record | {"messageAttributes": attribute, "attributes": received})

    handler = build(reconciler_for(environment, source, destination), postpone=postpone)
    for fresh in queue:
        batch, waiting[:] = [fresh, *waiting], []
        failed = handler.handle({"Records": batch}, Context(30_000, 0))["batchItemFailures"]
        assert failed == []
        if "last.jpg/manifest.json" in destination.objects:
            break
    assert "last.jpg/manifest.json" in destination.objects


class Recorded(Deadline):
    """A deadline that notes the seconds and the messages that each message is started with."""

    def __init__(self) -> None:
        super().__init__()
        self.starts: list[tuple[float, int]] = []

    def start(self, seconds: float, messages: int) -> None:
        self.starts.append((seconds, messages))
        super().start(seconds, messages)


class Slow:
    """A reconciler that takes some seconds for each upload, by its own clock."""

    def __init__(self, monkeypatch, *seconds: float) -> None:
        self.now, self.seconds, self.tried = 0.0, list(seconds), []
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)

    def reconcile(self, event, *, is_last):
        self.tried.append(upload_name(event.version.key))
        self.now += self.seconds.pop(0)


@pytest.mark.parametrize(
    ("seconds", "left", "tried"),
    [
        # Sending the messages again takes 3 s, and an upload at least 1 s.
        ((0.1, 0.1), (30_000, 4_000), "ab"),
        ((0.1, 0.1), (30_000, 3_999), "a"),
        # An upload takes as long as the slowest so far.
        ((2.5, 0.1), (30_000, 5_500), "ab"),
        ((2.5, 0.1), (30_000, 5_499), "a"),
        ((2.5, 0.1, 0.1), (30_000, 20_000, 5_500), "abc"),
        ((0.1, 2.5, 0.1), (30_000, 20_000, 5_499), "ab"),
        # Of a short invocation a third is kept for sending.
        ((0.1, 0.1), (6_000, 3_000), "ab"),
        ((0.1, 0.1), (6_000, 2_999), "a"),
    ],
)
def test_a_message_is_started_if_there_is_time_for_one_as_slow_as_the_slowest(
    monkeypatch, seconds, left, tried
):
    reconciler, postponed = Slow(monkeypatch, *seconds), []
    handler = build(reconciler, postpone=postponed.append)
    names = "abc"[: len(left)]
    records = [message(name, f"uploads/{name}") for name in names]
    assert handler.handle({"Records": records}, Context(*left)) == {"batchItemFailures": []}
    assert "".join(reconciler.tried) == tried
    assert tried + "".join(record["messageId"] for record in postponed) == names


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        # Of 3 s for sending 1 s is the answer's, which the deadline keeps itself.
        ((30_000, 20_000, 10_000), [(28.0, 3), (18.0, 2), (10.0, 1)]),
        ((4_500, 4_000, 3_000), [(4.0, 3), (3.5, 2), (3.0, 1)]),
        ((2_400, 2_300, 2_200), [(2.4, 3), (2.3, 2), (2.2, 1)]),
    ],
)
def test_a_message_leaves_time_for_those_after_it(monkeypatch, left, expected):
    deadline = Recorded()
    handler = build(Slow(monkeypatch, 0.1, 0.1, 0.1), deadline=deadline, postpone=lambda _: None)
    records = [message(name, f"uploads/{name}") for name in "abc"]
    handler.handle({"Records": records}, Context(*left))
    assert deadline.starts == [(pytest.approx(seconds), count) for seconds, count in expected]


class Rendered:
    """A reconciler that writes one manifest."""

    def __init__(self, **changes) -> None:
        facts = SourceFacts(key="uploads/a", version_id="v", etag="e", sequencer="", bytes=7)
        timings = Timings(fetch=1, decode=2, render=3, store=4, total=11)
        self.manifest = Manifest(
            status=Status.READY, source=facts, timings_ms=timings, processed_at=""
        ).replace(**changes)

    def reconcile(self, event, *, is_last):
        return self.manifest


def test_metrics_are_those_of_the_manifest(caplog):
    caplog.set_level("INFO", logger="function")
    renditions = [
        RenditionFacts(
            name=f"r{size}", url="", key="", width=1, height=1, bytes=size, content_type=""
        )
        for size in (100, 20)
    ]
    error = ErrorFacts(code="not_an_image", message="no")
    for changes in ({"renditions": renditions}, {"error": error, "status": Status.REJECTED}):
        handler = build(Rendered(**changes), counts={Metric.STOPPED: 2})
        handler.handle({"Records": [message("a", "uploads/a")]}, CONTEXT)
    ready, rejected = (vars(record) for record in caplog.records)
    for line in (ready, rejected):
        times = [line[f"{part}Time"] for part in ("Fetch", "Decode", "Render", "Store", "Total")]
        assert (times, line["BytesIn"], line["Stopped"]) == ([1, 2, 3, 4, 11], 829183, 2)
    assert (ready["Processed"], ready["Rejected"], ready["BytesOut"]) == (1, 0, 120)
    assert (ready["renditions"], ready["version_id"]) == (2, "096fKKXTRTtl3on89fVO.nfljtsv6qko")
    assert (rejected["Processed"], rejected["Rejected"], rejected["BytesOut"]) == (0, 1, 0)
    assert (rejected["renditions"], rejected["error"]["code"]) == (0, "not_an_image")


def test_no_upload_is_counted_as_a_duplicate_of_none(caplog):
    caplog.set_level("INFO", logger="function")
    handler = build(Rendered(), counts_duplicates=True)
    handler.handle({"Records": [message("a", "uploads/a")]}, CONTEXT)
    assert caplog.records[0].Duplicates == 0


@pytest.mark.parametrize("seconds", [8, 10, 12, 30, 60])
def test_requests_that_hang_leave_time_to_send_the_other_messages_again(monkeypatch, seconds):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    deadline, tried, postponed = Deadline(), [], []

    class Hanging:
        def reconcile(self, event, *, is_last):
            tried.append(upload_name(event.version.key))
            now[0] += deadline.timeout()
            raise TimeoutError

    def postpone(record):
        assert deadline.timeout()
        now[0] += 0.05
        postponed.append(record["messageId"])

    handler = build(Hanging(), deadline=deadline, postpone=postpone)
    records = [message(name, f"uploads/{name}") for name in "abcdefghij"]
    handler.handle({"Records": records}, Clock(seconds))
    assert tried + postponed == list("abcdefghij")
    assert now[0] < seconds


def test_a_message_is_postponed_three_times(environment, source, destination, jpeg):
    source.objects |= {f"uploads/{name}.jpg": jpeg for name in "ab"}
    records = [message(name, f"uploads/{name}.jpg") for name in "ab"]
    for record in records:
        record["messageAttributes"] = {"postponed": {"dataType": "Number", "stringValue": "2"}}
    sent = []
    handler = build(reconciler_for(environment, source, destination), postpone=sent.append)
    assert handler.handle({"Records": records}, Context(30_000, 0)) == {"batchItemFailures": []}
    assert [record["messageId"] for record in sent] == ["b"]


@pytest.mark.parametrize("times", ["3", "4"])
def test_a_message_is_not_postponed_for_ever(times, environment, source, destination, jpeg):
    source.objects |= {f"uploads/{name}.jpg": jpeg for name in "ab"}
    records = [message(name, f"uploads/{name}.jpg") for name in "ab"]
    for record in records:
        record["messageAttributes"] = {"postponed": {"dataType": "Number", "stringValue": times}}
    sent = []
    handler = build(reconciler_for(environment, source, destination), postpone=sent.append)
    answer = handler.handle({"Records": records}, Context(30_000, 0))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "b"}]}
    assert sent == []


def test_the_first_message_is_always_begun(handler, source, destination, jpeg):
    source.objects["uploads/a.jpg"] = jpeg
    handler.handle({"Records": [message("a", "uploads/a.jpg")]}, Context(0))
    assert "a.jpg/manifest.json" in destination.objects


def test_what_was_postponed_or_received_most_often_comes_first(handler, source, jpeg, caplog):
    caplog.set_level("INFO", logger="function")
    source.objects |= {f"uploads/{name}.jpg": jpeg for name in "abc"}
    records = [message(name, f"uploads/{name}.jpg") for name in "abc"]
    records[1]["attributes"]["ApproximateReceiveCount"] = "4"
    records[2]["messageAttributes"] = {"postponed": {"dataType": "Number", "stringValue": "1"}}
    handler.handle({"Records": records}, CONTEXT)
    assert [record.key for record in caplog.records] == [f"uploads/{name}.jpg" for name in "cba"]


@pytest.mark.parametrize("status", [503, 500])
def test_a_storm_of_s3_ends_no_batch(aws_server, environment, status):
    """Every message is tried and given up in time, so that none is lost to a timeout."""
    aws_server.answers = [(status, b"<Error><Code>SlowDown</Code></Error>")]
    deadline = Deadline()
    buckets = [Bucket(name, deadline=deadline) for name in ("source", "destination")]
    sent = []
    reconciler = reconciler_for(environment, *buckets)
    handler = build(reconciler, deadline=deadline, postpone=sent.append)
    records = [message(name, f"uploads/{name}.jpg") for name in "abc"]
    clock = Clock(8)
    answer = handler.handle({"Records": records}, clock)
    assert clock.get_remaining_time_in_millis() > 500
    assert len(answer["batchItemFailures"]) + len(sent) == 3
    assert len(aws_server.asked) > 3


def test_one_line_of_an_environment_counts_its_cold_start(handler, source, jpeg, caplog):
    caplog.set_level("INFO", logger="function")
    source.objects |= {"uploads/a.jpg": jpeg, "uploads/b.jpg": jpeg}
    handler.handle({"Records": [message(n, f"uploads/{n}.jpg") for n in ("a", "b")]}, CONTEXT)
    assert [record.ColdStart for record in caplog.records] == [1, 0]
    assert [record.BytesIn for record in caplog.records] == [829183, 829183]
    assert all(record.BytesOut > 0 for record in caplog.records)


def test_a_removal_is_acknowledged_and_logged(handler, source, destination, jpeg, caplog):
    caplog.set_level("INFO", logger="function")
    source.objects["uploads/a.jpg"] = jpeg
    handler.handle({"Records": [message("a", "uploads/a.jpg")]}, CONTEXT)
    del source.objects["uploads/a.jpg"]
    removal = message("b", "uploads/a.jpg")
    body = json.loads(removal["body"])
    body["Records"][0]["eventName"] = "ObjectRemoved:DeleteMarkerCreated"
    removal["body"] = json.dumps(body)
    assert handler.handle({"Records": [removal]}, CONTEXT) == {"batchItemFailures": []}
    assert caplog.records[-1].message == "deleted"
    assert destination.objects == {}


def test_duplicates_are_counted_where_they_are_looked_for(
    handler, environment, source, destination, jpeg, caplog
):
    source.objects |= {f"uploads/{name}.jpg": jpeg for name in "abc"}
    caplog.set_level(logging.INFO)
    handler.handle({"Records": [message("a", "uploads/a.jpg")]}, CONTEXT)
    duplicates = Duplicates(MemoryIndex(), destination, near=False, recipe=recipe_of(environment))
    looks = build(
        reconciler_for(environment, source, destination, duplicates), counts_duplicates=True
    )
    looks.handle({"Records": [message(n, f"uploads/{n}.jpg") for n in "bc"]}, CONTEXT)
    without, first, found = (record for record in caplog.records if record.message == "ready")
    assert not hasattr(without, "Duplicates")
    assert without.duplicate_of is first.duplicate_of is None
    assert found.duplicate_of == "uploads/b.jpg"
    assert (first.Duplicates, found.Duplicates) == (0, 1)


def test_uploads_that_lose_something_are_counted_and_others_cost_no_metric(
    handler, source, jpeg, caplog
):
    wide = encoded(gradient(), "PNG", icc_profile=display_p3())
    source.objects |= {
        "uploads/a.jpg": jpeg,
        "uploads/b.png": wide,
        "uploads/c.png": wide[: len(wide) // 2],
    }
    caplog.set_level(logging.INFO)
    keys = ("uploads/a.jpg", "uploads/b.png", "uploads/c.png")
    handler.handle({"Records": [message(key, key) for key in keys]}, CONTEXT)
    plain, lossy, rejected = caplog.records
    assert (plain.losses, lossy.losses, rejected.losses) == ([], ["wide_gamut"], [])
    assert [hasattr(record, "Lossy") for record in caplog.records] == [False, True, False]
    assert lossy.Lossy == 1
    (directive,) = vars(lossy)["_aws"]["CloudWatchMetrics"]
    assert {"Name": "Lossy", "Unit": "Count"} in directive["Metrics"]


def test_without_metrics_the_log_has_the_same_figures(
    environment, source, destination, jpeg, caplog
):
    reconciler = reconciler_for(environment, source, destination)
    source.objects |= {"uploads/a.jpg": jpeg, "uploads/b.jpg": b"x"}
    caplog.set_level(logging.INFO)
    lines, broken = [], PUT.replace('"object"', '"thing"')
    for publishes in (True, False):
        caplog.clear()
        destination.objects.clear()
        handler = build(reconciler, publishes_metrics=publishes)
        records = [message(key, f"uploads/{key}.jpg") for key in "ab"]
        handler.handle({"Records": [*records, {**records[0], "body": broken}]}, CONTEXT)
        lines.append([vars(record) for record in caplog.records])
    published, logged = lines
    assert [sorted(set(a) - set(b)) for a, b in zip(published, logged, strict=True)] == [
        ["FunctionName", "_aws"]
    ] * 3
    assert [line["Rejected"] for line in logged[:2]] == [0, 1]
    assert logged[0]["TotalTime"] > 0
    assert logged[1]["Code"] == published[1]["Code"] == "not_an_image"
    assert logged[2]["Failed"] == 1


def test_what_is_gone_is_acknowledged(handler, caplog):
    answer = handler.handle({"Records": [message("a", "uploads/a.jpg")]}, CONTEXT)
    assert answer == {"batchItemFailures": []}
    assert [record.message for record in caplog.records] == ["gone"]


def test_a_key_that_is_too_long_is_acknowledged(handler, caplog):
    records = [message("a", f"uploads/{'a' * 1016}"), message("b", f"uploads/{'b' * 1000}")]
    assert handler.handle({"Records": records}, CONTEXT) == {"batchItemFailures": []}
    first, second = caplog.records
    assert (first.message, second.message) == ("ignored", "gone")
    assert first.reason.endswith("has over 1024 bytes")


def test_the_test_event_is_acknowledged(handler):
    body = (Path(__file__).parent / "events" / "test-event.json").read_text()
    record = {"messageId": "t", "body": body, "attributes": {"ApproximateReceiveCount": "1"}}
    assert handler.handle({"Records": [record]}, CONTEXT) == {"batchItemFailures": []}


def test_a_malformed_record_is_retried_and_ends_in_the_dead_letter_queue(handler):
    body = json.loads(PUT)
    del body["Records"][0]["s3"]["object"]
    record = {
        "messageId": "m",
        "body": json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "1"},
    }
    assert handler.handle({"Records": [record]}, CONTEXT) == {
        "batchItemFailures": [{"itemIdentifier": "m"}]
    }


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"RENDITIONS": None}, "'RENDITIONS' is not set"),
        ({"MAX_PIXELS": "many"}, "malformed"),
        ({"NATIVE_DECODER": "no"}, "NATIVE_DECODER must be true or false; got 'no'"),
        ({"HDR": "lost"}, "'lost' is not a valid Hdr"),
        ({"ENCODERS": "v0.2"}, "'v0.2' is not a valid Encoders"),
        ({"RENDITIONS": '[{"name": "a"}]'}, "needs"),
    ],
)
def test_a_wrong_environment_fails_at_once_and_says_why(change, sentence):
    variables = environment_variables(Settings(), "bucket", "https://cdn.example", "") | change
    variables = {name: value for name, value in variables.items() if value is not None}
    with pytest.raises(RuntimeError, match=sentence):
        Environment.read(variables)


def test_log_lines_are_json_that_lambda_can_filter():
    output = io.StringIO()
    with redirect_stdout(output):
        logs.configure()
        logger = logging.getLogger("function.process")
        logger.info("ready", extra={"key": "uploads/é.jpg", "path": Path("a")})
        try:
            raise ValueError("no")
        except ValueError:
            logger.exception("failed")
        logger.debug("not shown")
    ready, failed = [json.loads(line) for line in output.getvalue().splitlines()]
    assert ready.pop("timestamp").endswith("Z")
    assert ready == {"level": "INFO", "message": "ready", "key": "uploads/é.jpg", "path": "a"}
    assert failed["level"] == "ERROR"
    assert failed["exception"].endswith("ValueError: no")


class TestDecoderBug:
    @staticmethod
    def handle(environment, source, destination, caplog, attempt):
        caplog.set_level(logging.INFO)
        source.upload("uploads/a.jpg", b"x")

        def fail(_data):
            raise DecoderBug("KeyError: 7")

        reconciler = Reconciler.build(environment, source, destination, fail)
        record = message("a", "uploads/a.jpg")
        record["attributes"] = record["attributes"] | {"ApproximateReceiveCount": str(attempt)}
        counts = {Metric.WORKERS_REPLACED: 1}
        handler = build(reconciler, counts=counts)
        answer = handler.handle({"Records": [record]}, CONTEXT)
        return answer, vars(caplog.records[-1])

    def test_it_is_counted_and_retried(self, environment, source, destination, caplog):
        answer, line = self.handle(environment, source, destination, caplog, 4)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "a"}]}
        assert (line["Failed"], line["DecoderBugs"], line["WorkersReplaced"]) == (1, 1, 1)
        assert "KeyError: 7" in str(line["exc_info"][1])
        assert destination.objects == {}

    def test_on_the_last_receive_the_uploader_gets_an_answer_and_the_message_is_dead(
        self, environment, source, destination, caplog
    ):
        answer, _ = self.handle(environment, source, destination, caplog, 5)
        assert answer == {"batchItemFailures": [{"itemIdentifier": "a"}]}
        assert json.loads(destination.objects["a.jpg/manifest.json"])["status"] == "failed"


@pytest.mark.parametrize("attempt", [4, 5])
def test_a_receive_count_alone_never_rejects(environment, source, destination, jpeg, attempt):
    source.upload("uploads/a.jpg", jpeg)
    record = message("a", "uploads/a.jpg")
    record["attributes"] = record["attributes"] | {"ApproximateReceiveCount": str(attempt)}
    handler = build(reconciler_for(environment, source, destination))
    assert handler.handle({"Records": [record]}, CONTEXT) == {"batchItemFailures": []}
    assert json.loads(destination.objects["a.jpg/manifest.json"])["status"] == "ready"


def lazily(environment, source, destination, **options) -> BatchHandler:
    poster = Rendition(name="poster", width=9, height=9, formats=("jpeg",), lazy=True)
    settings = environment.replace(renditions=(*environment.renditions, poster))
    return build(reconciler_for(settings, source, destination), **options)


def uploaded(source, data: bytes) -> dict:
    """Upload to the same key again, and return the message of S3's event."""
    version = source.upload("uploads/a.jpg", data)
    body = s3_event(
        "source",
        version.key,
        length=len(data),
        etag=version.etag,
        sequencer=version.sequencer,
        version_id=version.version_id,
    )
    return message(version.sequencer, version.key) | {"body": body}


def test_an_upload_whose_predecessor_may_be_viewed_is_looked_at_again(
    environment, source, destination, jpeg
):
    again = []
    work = lazily(environment, source, destination, look_again=again.append)
    assert work.handle({"Records": [uploaded(source, jpeg)]}, CONTEXT) == {"batchItemFailures": []}
    assert again == []
    second = uploaded(source, jpeg)
    assert work.handle({"Records": [second]}, CONTEXT) == {"batchItemFailures": []}
    assert again == [second]
    assert work.handle({"Records": [second]}, CONTEXT) == {"batchItemFailures": []}
    assert again == [second]


@pytest.mark.parametrize("sqs", ["takes it", "is down"])
def test_a_bug_on_the_last_receive_has_its_predecessor_looked_at_again(
    environment, source, destination, jpeg, caplog, sqs
):
    """The message is dead then, so that nothing else has a late view's file found."""
    again = []

    def look_again(record):
        again.append(record)
        if sqs == "is down":
            raise OSError("SQS is down")

    work = lazily(environment, source, destination, look_again=look_again)
    work.handle({"Records": [uploaded(source, jpeg)]}, CONTEXT)
    reconciler = work.uploads.reconciler_for("source")

    def fail(_data):
        raise DecoderBug("KeyError: 7")

    broken = reconciler.replace(processor=reconciler.processor.replace(engine=fail))
    dead = uploaded(source, jpeg)
    dead["attributes"] = dead["attributes"] | {"ApproximateReceiveCount": "5"}
    answer = build(broken, look_again=look_again).handle({"Records": [dead]}, CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "02"}]}
    assert again == [dead]
    assert "KeyError: 7" in caplog.text
    assert ("SQS is down" in caplog.text) is (sqs == "is down")


def several(*records: dict) -> dict:
    """Return the records of several messages as one message."""
    body = {
        "Records": [each for record in records for each in json.loads(record["body"])["Records"]]
    }
    return records[0] | {"body": json.dumps(body)}


@pytest.mark.parametrize("fault", ["s3", "prefix", "malformed"])
def test_of_several_records_all_are_tried_and_the_message_fails_with_one(
    handler, source, destination, jpeg, caplog, fault
):
    caplog.set_level("INFO", logger="function")
    source.objects |= {f"uploads/{name}.jpg": jpeg for name in "abc"}
    a, b, c = (message(name, f"uploads/{name}.jpg") for name in "abc")
    whole = b["body"]
    if fault == "s3":
        source.failing.add("uploads/b.jpg")
    else:
        new = ("uploads/b", "other/b") if fault == "prefix" else ('"object"', '"thing"')
        b["body"] = whole.replace(*new)
    answer = handler.handle({"Records": [several(a, b, c)]}, CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "a"}]}
    (failure,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert json.loads(failure.body) == json.loads(b["body"])
    outcomes = [record.message for record in caplog.records]
    assert outcomes == ["ready", "failed", "ready"]
    assert {"a.jpg/manifest.json", "c.jpg/manifest.json"} <= set(destination.objects)
    source.failing.clear()
    again = several(a, b | {"body": whole}, c)
    assert handler.handle({"Records": [again]}, CONTEXT) == {"batchItemFailures": []}
    assert [record.message for record in caplog.records][3:] == [
        "superseded",
        "ready",
        "superseded",
    ]


def test_of_several_records_the_one_with_a_predecessor_alone_is_looked_at_again(
    environment, source, destination, jpeg
):
    again = []
    work = lazily(environment, source, destination, look_again=again.append)
    work.handle({"Records": [uploaded(source, jpeg)]}, CONTEXT)
    source.objects["uploads/b.jpg"] = jpeg
    second = uploaded(source, jpeg)
    both = several(message("b", "uploads/b.jpg"), second)
    assert work.handle({"Records": [both]}, CONTEXT) == {"batchItemFailures": []}
    assert [json.loads(each["body"]) for each in again] == [json.loads(second["body"])]


def test_without_lazy_renditions_no_upload_is_looked_at_again(handler, source, jpeg):
    for _ in range(2):
        answer = handler.handle({"Records": [uploaded(source, jpeg)]}, CONTEXT)
        assert answer == {"batchItemFailures": []}


def test_a_message_stays_if_its_second_look_cannot_be_sent(
    environment, source, destination, jpeg, caplog
):
    def refuse(_record):
        raise OSError("SQS is down")

    work = lazily(environment, source, destination, look_again=refuse)
    work.handle({"Records": [uploaded(source, jpeg)]}, CONTEXT)
    answer = work.handle({"Records": [uploaded(source, jpeg)]}, CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "02"}]}
    assert "SQS is down" in caplog.text
    assert json.loads(destination.objects["a.jpg/manifest.json"])["source"]["sequencer"] == "02"


def test_the_log_counts_what_was_made_and_not_what_may_be_viewed(
    environment, source, destination, jpeg, caplog
):
    caplog.set_level("INFO", logger="function")
    lazily(environment, source, destination).handle({"Records": [uploaded(source, jpeg)]}, CONTEXT)
    (line,) = [record for record in caplog.records if record.message == "ready"]
    made = [body for key, body in destination.objects.items() if key.endswith((".jpg", ".avif"))]
    assert line.renditions == len(made) == 5
    assert line.BytesOut == sum(map(len, made))
