"""Lambda's entry point: cold-start wiring, the batch loop and the partial batch response."""

import functools
import logging
import os
import time
from typing import TYPE_CHECKING, Any, Protocol

from function import logs
from function.contract import Metric
from function.environment import Environment
from function.events import Upload, parse_message
from function.manifest import DELETED, Manifest
from function.metrics import embed
from function.process import process
from function.storage.bucket import Bucket
from function.storage.errors import Gone

if TYPE_CHECKING:
    from function.duplicates.search import Duplicates

logs.configure()
_logger = logging.getLogger(__name__)
_environment = Environment.read(os.environ)
_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local")
_cold_starts = iter([1])


@functools.cache
def _bucket(name: str) -> Bucket:
    """Open a bucket on first use and keep it for the life of the execution environment."""
    return Bucket(name, kms_key_arn=_environment.kms_key_arn)


@functools.cache
def _duplicates() -> "Duplicates | None":
    """Open the index of duplicates on first use, if the stack has one."""
    if _environment.duplicates == "off":
        return None
    from function.duplicates import search  # noqa: PLC0415 - a cold start without it is shorter

    return search.connect(_environment, _bucket(_environment.destination_bucket))


class Context(Protocol):
    """What this module needs of Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends this invocation."""
        ...


def handle(event: dict[str, Any], context: Context) -> dict[str, list[dict[str, str]]]:
    """Process one SQS batch; a message fails alone, never its batch.

    A message is begun only if the time left is enough for one as slow as the slowest so far: a
    timeout would fail the whole batch, with all that is finished of it.

    Returns:
        Lambda's partial batch response: the messages that SQS shall deliver again.
    """
    failed: list[str] = []
    slowest = 0.0
    for record in event["Records"]:
        started = time.perf_counter()
        if context.get_remaining_time_in_millis() < slowest:
            _logger.warning("postponed", extra={"message_id": record["messageId"]})
            failed.append(record["messageId"])
        elif not _try_message(record):
            failed.append(record["messageId"])
        slowest = max(slowest, (time.perf_counter() - started) * 1000)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _try_message(record: dict[str, Any]) -> bool:
    """Process one message and say whether it is done with."""
    try:
        for upload in parse_message(record["body"], record["messageId"]):
            _process(upload)
    except Exception:  # the boundary: whatever it was, this message alone is retried
        attempt = record["attributes"]["ApproximateReceiveCount"]
        extra = {"message_id": record["messageId"], "attempt": attempt, "body": record["body"]}
        _logger.exception("failed", extra=extra | embed(_name, {Metric.FAILED: 1}))
        return False
    return True


def _process(upload: Upload) -> None:
    extra: dict[str, Any] = {"key": upload.key, "correlation_id": upload.correlation_id}
    try:
        manifest = process(
            upload,
            _environment,
            _bucket(upload.bucket),
            _bucket(_environment.destination_bucket),
            _duplicates(),
        )
    except Gone:
        _logger.warning("gone", extra=extra)
        return
    if manifest is None:
        _logger.info("superseded", extra=extra)
        return
    if manifest.status == DELETED:
        _logger.info(DELETED, extra=extra)
        return
    extra |= {
        "version_id": upload.version_id,
        "renditions": len(manifest.renditions),
        "error": manifest.error,
        "duplicate_of": manifest.duplicate_of,
    }
    _logger.info(manifest.status, extra=extra | _metrics(upload, manifest))


def _metrics(upload: Upload, manifest: Manifest) -> dict[str, Any]:
    timings = manifest.timings_ms
    values = {
        Metric.PROCESSED: int(manifest.error is None),
        Metric.REJECTED: int(manifest.error is not None),
        **({Metric.DUPLICATES: int(manifest.duplicate_of is not None)} if _duplicates() else {}),
        Metric.COLD_START: next(_cold_starts, 0),
        Metric.BYTES_IN: upload.size,
        Metric.BYTES_OUT: sum(rendition.bytes for rendition in manifest.renditions),
        Metric.FETCH_TIME: timings.fetch,
        Metric.DECODE_TIME: timings.decode,
        Metric.RENDER_TIME: timings.render,
        Metric.STORE_TIME: timings.store,
        Metric.TOTAL_TIME: timings.total,
    }
    return embed(_name, values, manifest.error["code"] if manifest.error else None)
