"""The batch loop: each SQS message becomes log lines and metrics, or fails alone."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from function import postpone
from function.contract import MAX_RECEIVES, Metric, Status
from function.engine.errors import DecoderBug
from function.engine.record import Record
from function.events import Event, parse_message
from function.manifest import Manifest
from function.metrics import embed, log_fields
from function.reconcile import KeyTooLong, Reconciler
from function.storage.deadline import RESERVE, TIMEOUTS, Deadline
from function.storage.errors import Gone

_logger = logging.getLogger(__name__)


class BatchHandler(Record):
    """Processes SQS batches for the life of one execution environment."""

    function_name: str  # dimension of the metrics
    publishes_metrics: bool  # False: figures are in the log alone
    reconciler_for: Callable[[str], Reconciler]  # given the name of a source bucket
    deadline: Deadline  # limits the requests that the reconcilers send
    postpone: Callable[[Mapping[str, Any]], None]  # sends a message again, given its record
    counts_duplicates: bool  # publish the metric of duplicates: the stack looks for them
    worker_counts: Callable[[], dict[Metric, int]]  # metrics of workers since the last call
    cold_starts: Iterator[int]  # 1 for the first upload that is processed, then 0

    def handle(self, event: dict[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
        """Process one SQS batch, and return the messages that SQS shall deliver again.

        A message is started only if the time left is enough for one as slow as the slowest so far.
        A timeout would fail the whole batch, including what is finished. The first message is
        always started: one that was postponed before, or received most often.
        """
        failed: list[str] = []
        slowest_ms, needed_ms = 1000.0 * TIMEOUTS[-1], float(postpone.NEEDED_MS)
        records = sorted(event["Records"], key=_urgency, reverse=True)
        for index, record in enumerate(records):
            started = time.perf_counter()
            left_ms = context.get_remaining_time_in_millis()
            needed_ms = min(needed_ms, left_ms / 3) if index == 0 else needed_ms
            is_late = index > 0 and left_ms < slowest_ms + needed_ms
            # A request that hangs must leave time to send the messages after this one again.
            is_followed = not is_late and index + 1 < len(records)
            reserved_s = max(0.0, needed_ms / 1000 - RESERVE) if is_followed else 0.0
            self.deadline.start(left_ms / 1000 - reserved_s, len(records) - index)
            is_done = self._try_postpone(record) if is_late else self._try_message(record)
            if not is_done:
                failed.append(record["messageId"])
            slowest_ms = max(slowest_ms, (time.perf_counter() - started) * 1000)
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    def _try_postpone(self, record: dict[str, Any]) -> bool:
        """Send a message again, and return False if SQS shall rather deliver this one again."""
        count = postpone.count(record)
        extra = {"message_id": record["messageId"], "postponements": count}
        _logger.warning("postponed", extra=extra)
        if count >= postpone.MAX_POSTPONEMENTS:
            return False
        try:
            self.postpone(record)
        except Exception:  # the boundary: the message stays in the queue
            _logger.exception("failed", extra=extra)
            return False
        return True

    def _try_message(self, record: dict[str, Any]) -> bool:
        """Process one message; return False if SQS shall deliver it again."""
        attempt = record["attributes"]["ApproximateReceiveCount"]
        try:
            for event in parse_message(record["body"], record["messageId"]):
                self._process(event, is_last=int(attempt) >= MAX_RECEIVES)
        except Exception as error:  # the boundary: whatever it was, this message alone is retried
            extra = {"message_id": record["messageId"], "attempt": attempt, "body": record["body"]}
            bugs = {Metric.DECODER_BUGS: 1} if isinstance(error, DecoderBug) else {}
            counts = {Metric.FAILED: 1, **self.worker_counts(), **bugs}
            _logger.exception("failed", extra=extra | self._figures(counts))
            return False
        return True

    def _process(self, event: Event, *, is_last: bool) -> None:
        version = event.version
        extra: dict[str, Any] = {"key": version.key, "correlation_id": event.correlation_id}
        try:
            manifest = self.reconciler_for(event.bucket).reconcile(event, is_last=is_last)
        except KeyTooLong as error:
            # Acknowledged: not even a manifest can be stored, and no retry would change it.
            _logger.warning("ignored", extra=extra | {"reason": str(error)})
            return
        except Gone:
            _logger.warning("gone", extra=extra)
            return
        if manifest is None:
            _logger.info("superseded", extra=extra)
            return
        if manifest.status != Status.DELETED:
            extra |= {
                "version_id": version.version_id,
                "renditions": len(manifest.renditions),
                "error": manifest.error and manifest.error.to_dict(),
                "duplicate_of": manifest.original_key,
                "losses": [*manifest.losses],
                **self._metrics(event, manifest),
            }
        _logger.info(manifest.status, extra=extra)

    def _metrics(self, event: Event, manifest: Manifest) -> dict[str, Any]:
        timings, error = manifest.timings_ms, manifest.error
        values = {
            Metric.PROCESSED: int(error is None),
            Metric.REJECTED: int(error is not None),
            Metric.COLD_START: next(self.cold_starts),
            Metric.BYTES_IN: event.version.bytes,
            Metric.BYTES_OUT: sum(rendition.bytes for rendition in manifest.renditions),
            Metric.FETCH_TIME: timings.fetch,
            Metric.DECODE_TIME: timings.decode,
            Metric.RENDER_TIME: timings.render,
            Metric.STORE_TIME: timings.store,
            Metric.TOTAL_TIME: timings.total,
        }
        values |= self.worker_counts()
        if manifest.losses:
            values[Metric.LOSSY] = 1
        if self.counts_duplicates:
            values[Metric.DUPLICATES] = int(manifest.duplicate_of is not None)
        return self._figures(values, error.code if error else None)

    def _figures(self, values: Mapping[Metric, float], code: str | None = None) -> dict[str, Any]:
        if self.publishes_metrics:
            return embed(self.function_name, values, code)
        return log_fields(values, code)


def _urgency(record: dict[str, Any]) -> tuple[int, int]:
    return postpone.count(record), int(record["attributes"]["ApproximateReceiveCount"])
