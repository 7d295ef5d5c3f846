"""The batch loop: each SQS message becomes log lines and metrics, or fails alone."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from function import postpone
from function.contract import MAX_RECEIVES
from function.engine.record import Record
from function.events import Event, parse_message, split_message
from function.steps import Abandoned
from function.storage.deadline import RESERVE, TIMEOUTS
from function.uploads import UploadHandler
from function.waiting import asks_to_measure

_logger = logging.getLogger(__name__)


class BatchHandler(Record):
    """Processes SQS batches for the life of one execution environment."""

    uploads: UploadHandler
    postpone: Callable[[Mapping[str, Any]], None]  # sends a record's message again
    look_again: Callable[[Mapping[str, Any]], None]  # the same, with a delay
    measure_held: Callable[[], None]  # logs how many uploads wait for a moderator

    def handle(self, event: dict[str, Any], context: Any) -> dict[str, list[dict[str, str]]]:
        """Process one SQS batch, and return the messages that SQS has to deliver again.

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
            self.uploads.deadline.start(left_ms / 1000 - reserved_s, len(records) - index)
            is_done = self._try_postpone(record) if is_late else self._try_message(record)
            if not is_done:
                failed.append(record["messageId"])
            slowest_ms = max(slowest_ms, (time.perf_counter() - started) * 1000)
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    def _try_postpone(self, record: dict[str, Any]) -> bool:
        """Send a message again; return False if SQS has to deliver this one again instead."""
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
        """Process one message; return False if SQS has to deliver it again.

        If one of its records fails, the others are tried all the same. They come again with it,
        which changes nothing.
        """
        parts = [record | {"body": body} for body in split_message(record["body"])]
        done = [self._try_part(part) for part in parts]
        return all(done)

    def _try_part(self, record: dict[str, Any]) -> bool:
        """Process a message that tells of one upload; return False if it has failed."""
        attempt = record["attributes"]["ApproximateReceiveCount"]
        is_last = int(attempt) >= MAX_RECEIVES
        try:
            if asks_to_measure(record["body"]):
                self.measure_held()
                return True
            events = parse_message(record["body"], record["messageId"], self.uploads.prefixes)
            # The sender that SQS states, not the name that the moderator gives.
            sender = record["attributes"].get("SenderId", "")
            for event in events:
                self._handle(event.sent_by(sender), record, is_last=is_last)
        except Exception as error:  # noqa: BLE001 - whatever it was, this message alone is retried
            extra = {"message_id": record["messageId"], "attempt": attempt, "body": record["body"]}
            self.uploads.log_failure(error, extra)
            return False
        return True

    def _handle(self, event: Event, record: dict[str, Any], *, is_last: bool) -> None:
        """Process one event, and have its key checked again if that is due."""
        try:
            outcome = self.uploads.handle(event, is_last=is_last)
        except Abandoned as error:
            if error.manifest.look_again:
                self.look_again(record)
            raise
        if outcome.look_again:
            self.look_again(record)


def _urgency(record: dict[str, Any]) -> tuple[int, int]:
    return postpone.count(record), int(record["attributes"]["ApproximateReceiveCount"])
