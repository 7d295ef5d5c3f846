"""One event of an upload: reconcile its key, then log the outcome with its metrics."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from function.contract import Metric, Status
from function.contract.keys import PREFIXES
from function.engine.errors import DecoderBug
from function.engine.record import Record
from function.events import Event
from function.manifest import Manifest
from function.metrics import embed, log_fields
from function.reconcile import KeyTooLong, Reconciler
from function.storage.deadline import Deadline
from function.storage.errors import Gone

_logger = logging.getLogger(__name__)


class Outcome(Record):
    """The outcome of an event."""

    told: str  # such as ``ready``, in a few words
    look_again: bool = False  # see ``Manifest``


class UploadHandler(Record):
    """Handles the events of uploads for the life of one execution environment."""

    function_name: str  # dimension of the metrics
    publishes_metrics: bool  # False: figures are in the log alone
    reconciler_for: Callable[[str], Reconciler]  # given the name of a source bucket
    deadline: Deadline  # limits the requests that the reconcilers send
    counts_duplicates: bool  # publish the metric of duplicates: the stack looks for them
    worker_counts: Callable[[], dict[Metric, int]]  # metrics of workers since the last call
    cold_starts: Iterator[int]  # 1 for the first upload that is processed, then 0
    prefixes: tuple[str, ...] = PREFIXES  # of the stack's uploads
    # Uploads may wait for a moderator, and until then no log line says anything about their
    # content.
    hides_events: bool = False

    def handle(self, event: Event, *, is_last: bool) -> Outcome:
        """Process one event and return its outcome.

        ``is_last`` says that SQS will not deliver the event again.

        Raises:
            Exception: a failure of ours; the event has to be delivered again.
        """
        version = event.version
        extra: dict[str, Any] = {"key": version.key, "correlation_id": event.correlation_id}
        try:
            manifest = self.reconciler_for(event.bucket).reconcile(event, is_last=is_last)
        except KeyTooLong as error:
            # Acknowledged: not even a manifest can be stored, and no retry would change it.
            _logger.warning("ignored", extra=extra | {"reason": str(error)})
            return Outcome(f"ignored: {error}")
        except Gone:
            _logger.warning("gone", extra=extra)
            return Outcome("gone")
        if manifest is None:
            _logger.info("superseded", extra=extra)
            return Outcome("superseded")
        if manifest.is_bare:
            extra |= {"version_id": manifest.source.version_id}
            if error := manifest.error:
                counts = {Metric.REJECTED: 1, **self.worker_counts()}
                extra |= {"error": error.to_dict(), **self._figures(counts, error.code)}
        elif manifest.status != Status.DELETED:
            extra |= {
                "version_id": version.version_id,
                "renditions": len(manifest.stored),
                "error": manifest.error and manifest.error.to_dict(),
                "duplicate_of": manifest.original_key,
                "losses": [*manifest.losses],
                **self._metrics(event, manifest),
            }
        _logger.info(manifest.status, extra=extra)
        error = manifest.error
        told = f"{manifest.status}: {error.code}: {error.message}" if error else manifest.status
        return Outcome(told, manifest.look_again)

    def log_failure(self, error: Exception, extra: Mapping[str, Any]) -> None:
        """Log a failure of ours with its traceback, and count it."""
        if self.hides_events:
            # S3's event has the file's length and hash.
            extra = {name: value for name, value in extra.items() if name != "body"}
        bugs = {Metric.DECODER_BUGS: 1} if isinstance(error, DecoderBug) else {}
        counts = {Metric.FAILED: 1, **self.worker_counts(), **bugs}
        _logger.error("failed", exc_info=error, extra={**extra, **self._figures(counts)})

    def _metrics(self, event: Event, manifest: Manifest) -> dict[str, Any]:
        timings, error = manifest.timings_ms, manifest.error
        values = {
            Metric.PROCESSED: int(error is None),
            Metric.REJECTED: int(error is not None),
            Metric.COLD_START: next(self.cold_starts),
            # A task of S3 Batch Operations does not say how long its upload is.
            Metric.BYTES_IN: event.version.bytes or manifest.source.bytes,
            Metric.BYTES_OUT: sum(rendition.bytes or 0 for rendition in manifest.stored),
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
