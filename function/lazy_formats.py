"""Lazy formats: each message of their queue has one file made, for which no reader waits.

The file is made and stored as at a first view, by the same rules (``first_view.py``), so each
attempt ends after ``VIEW_SECONDS``: who replaces or deletes an upload looks for files of the old
version a minute later (``postpone.py``).
"""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

from function.contract import VIEW_SECONDS, Metric, ViewMetric
from function.contract.messages import FORMAT_ASKED
from function.engine.errors import DecoderBug, Rejected
from function.engine.record import Record
from function.first_view import FirstView, View
from function.metrics import log_fields
from function.storage.deadline import Deadline

_logger = logging.getLogger(__name__)


class FormatHandler(Record):
    """Makes lazy formats for the life of one execution environment; its figures are in its log."""

    views: FirstView
    deadline: Deadline  # limits the requests that ``views`` sends
    worker_counts: Callable[[], dict[Metric, int]]  # metrics of workers since the last call
    cold_starts: Iterator[int]  # 1 for the first file that is made, then 0

    def handle(self, event: dict[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
        """Process one SQS batch, and return the messages that SQS shall deliver again."""
        failed = [each["messageId"] for each in event["Records"] if not self._try(each, context)]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    def _try(self, message: dict[str, Any], context: Any) -> bool:
        """Make what a message asks for; return False if SQS shall deliver it again."""
        extra: dict[str, Any] = {"message_id": message["messageId"], "body": message["body"]}
        left = context.get_remaining_time_in_millis() / 1000
        self.deadline.start(min(left, VIEW_SECONDS), 1)
        try:
            keys = _keys(message["body"])
            if not keys:
                _logger.info("ignored", extra=extra | {"reason": "asks for no lazy format"})
            for key in keys:
                self._make(key, extra)
        except Exception as error:  # whatever it was, this message alone is retried
            bugs = {Metric.DECODER_BUGS: 1} if isinstance(error, DecoderBug) else {}
            counts = {Metric.FAILED: 1, **self.worker_counts(), **bugs}
            _logger.exception("failed", extra=extra | log_fields(counts))
            return False
        return True

    def _make(self, key: str, extra: dict[str, Any]) -> None:
        try:
            view = self.views.view(key)
        except Rejected as rejection:
            # It was ready once, so the limits are lower now or it was archived; or this format
            # takes too much time. No retry helps, and readers go on with what they get.
            told = {"code": rejection.code, "reason": rejection.message}
            _logger.warning("cannot be made", extra=extra | {"key": key} | told)
            return
        if view is None:
            _logger.info("gone", extra=extra | {"key": key})
        elif view.milliseconds:
            self._log_made(view)
        else:
            _logger.info("superseded", extra=extra | {"key": key})

    def _log_made(self, view: View) -> None:
        values: dict[Metric | ViewMetric, float] = {
            ViewMetric.FORMATS_MADE: 1,
            ViewMetric.FORMAT_TIME: view.milliseconds,
            Metric.COLD_START: next(self.cold_starts),
            **self.worker_counts(),
        }
        extra = {"key": view.facts.key, "bytes": len(view.body), **log_fields(values)}
        _logger.info("made", extra=extra)


def _keys(body: str) -> list[str]:
    """Return the destination keys that a message asks for; none of one that is not ours."""
    try:
        records: list[dict[str, Any]] = json.loads(body)["Records"]
        asked = [record for record in records if record["eventSource"] == FORMAT_ASKED]
        return [str(record["made"]) for record in asked]
    except (ValueError, KeyError, TypeError):
        return []
