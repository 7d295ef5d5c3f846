"""The cost of one backfill, by the queue and by S3 Batch Operations."""

import json

import pytest

from bench.__main__ import main
from bench.cost import prices
from bench.cost.backfill import backfills
from bench.cost.bill import Stack, Usage
from function.events import EventKind
from pipeline.settings import Settings
from tests.support.engine import reconciler_for

US = prices.load("us-east-1")


def both(images, **usage):
    stack = Stack(prices=US, usage=Usage(**usage), settings=Settings())
    queue, batch = backfills(stack, images)
    assert (queue.way, batch.way) == ("queue", "batch operations")
    return queue, batch


def test_a_backfill_of_a_million_by_hand():
    queue, batch = both(1e6, billed_ms=500, memory_mb=2048, cold_share=0, puts=6, log_kb=2)
    shared = {
        "compute": 1e6 * 0.0000133334,
        "compute_init": 0,
        "lambda_requests": 0.2,
        "logs_gb": 1.0,
        "s3_puts": 25.0,  # four renditions and a manifest
        "s3_gets": 3.6,
    }
    assert queue.lines == pytest.approx({**shared, "sqs_requests": 0.84})
    jobs = {
        "batch_operations_jobs": 0.25,
        "batch_operations_objects": 1.0,
        "batch_operations_listed": 0.015,
    }
    assert batch.lines == pytest.approx({**shared, **jobs})
    assert queue.total_usd == pytest.approx(sum(queue.lines.values()))
    assert batch.total_usd - queue.total_usd == pytest.approx(1.265 - 0.84)


def test_a_message_is_received_with_its_batch():
    assert both(1e6, batch=4)[0].lines["sqs_requests"] == pytest.approx(0.6e6 * 0.0000004)


def test_the_reads_are_those_that_the_function_makes(environment, source, destination, jpeg, event):
    """The reconciler asks S3 as often as the bill says, and for as many renditions."""
    version = source.upload("uploads/u1/beach.jpg", jpeg)
    reconciler = reconciler_for(environment, source, destination)
    made = reconciler.reconcile(event.replace(version=version))
    asked = []
    for bucket in (source, destination):
        for name in ("read", "head", "fetch", "has_version"):
            original = getattr(bucket, name)

            def note(*given, _original=original, **named):
                asked.append(given)
                return _original(*given, **named)

            setattr(bucket, name, note)
    sequencers = destination.sequencers

    def note_each(keys):
        asked.extend(keys)
        return sequencers(keys)

    destination.sequencers = note_each
    again = event.replace(version=version.replace(sequencer="00"), kind=EventKind.BACKFILL)
    assert reconciler.reconcile(again).status == "ready"
    assert len(asked) == 5 + len(made.renditions)


def test_the_command_shows_it_and_reports_it(tmp_path, capsys):
    path = tmp_path / "cost.json"
    assert main(["cost", "--backfill", "100000000", "--json", str(path)]) == 0
    out = capsys.readouterr().out
    assert "One backfill of 100,000,000 images" in out
    assert "batch operations objects" in out
    (ways,) = json.loads(path.read_text())["backfills"].values()
    assert [way["way"] for way in ways] == ["queue", "batch operations"]
    assert ways[1]["lines"]["batch_operations_objects"] == pytest.approx(100)


def test_without_it_nothing_is_said_of_a_backfill(capsys):
    assert main(["cost"]) == 0
    assert "backfill" not in capsys.readouterr().out
