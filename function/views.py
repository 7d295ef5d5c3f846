"""Requests for lazy renditions, as the CDN sends them on when the bucket does not have the file.

Events and answers are those of a Lambda function URL, payload format 2.0 (Lambda developer guide,
"Invoking Lambda function URLs").
"""

import binascii
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

from function.contract import VIEW_SECONDS, Metric, ViewMetric
from function.engine.errors import DecoderBug, Rejected
from function.engine.record import Record
from function.first_view import View
from function.format_view import FormatView
from function.metrics import embed, log_fields
from function.storage.bucket import FOREVER
from function.storage.deadline import Deadline

MOST_BODY: Final = 4_400_000
"""Bytes of a file that is answered itself: Lambda takes 6 MB, and base64 makes 5.9 of them (Lambda
developer guide, "Lambda quotas")."""

_OK, _FOUND, _NOT_FOUND, _METHOD_NOT_ALLOWED, _FAILURE = 200, 302, 404, 405, 500
"""Statuses of HTTP. The standard library's names for them, and its ``base64``, would be loaded for
nothing else."""

_NO_STORE: Final = "no-store"
_STANDS_IN: Final = {"cache-control": "public, max-age=60", "vary": "Accept"}
"""Headers of another format than the one that was asked for, which is being made."""

ASK_SECONDS: Final = 4
"""Most seconds that a reader waits while a lazy format is asked for: a queue that does not answer
must not keep back the picture that is there."""

_MISSING: Final = {"cache-control": "max-age=60"}
"""A path that has nothing now may have something soon, and costs one invocation a minute."""

_logger = logging.getLogger(__name__)


class ViewHandler(Record):
    """Answers requests for the life of one execution environment."""

    function_name: str  # dimension of the metrics
    publishes_metrics: bool  # False: figures are in the log alone
    views: FormatView
    deadline: Deadline  # limits the requests that ``views`` sends
    worker_counts: Callable[[], dict[Metric, int]]  # metrics of workers since the last call
    cold_starts: Iterator[int]  # 1 for the first rendition that is made, then 0

    def handle(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answer one request."""
        method = event["requestContext"]["http"]["method"]
        if method not in ("GET", "HEAD"):
            allow = {"allow": "GET, HEAD", "cache-control": _NO_STORE}
            return _answer(_METHOD_NOT_ALLOWED, allow)
        path = str(event["rawPath"])
        left = context.get_remaining_time_in_millis() / 1000
        self.deadline.start(min(left, VIEW_SECONDS), 1)
        try:
            key = unquote(path.removeprefix("/"), errors="strict")
        except UnicodeDecodeError:
            return _answer(_NOT_FOUND, _MISSING)
        try:
            view = self.views.view(key)
        except Rejected as rejection:
            # It was ready once, so the limits are lower now or it was archived. No retry helps.
            extra = {"path": path, "code": rejection.code, "reason": rejection.message}
            _logger.warning("cannot be made any more", extra=extra)
            return _answer(_NOT_FOUND, _MISSING)
        except Exception as error:  # noqa: BLE001 - the boundary: no failure of ours is a 404
            self._log_failure(error, path)
            return _answer(_FAILURE, {"cache-control": _NO_STORE})
        if view is None:
            return _answer(_NOT_FOUND, _MISSING)
        if view.milliseconds:
            self._log_made(view)
        if view.is_wanted:
            self._ask(view.stands_in_for)
        asked = str(event.get("rawQueryString", ""))
        return self._answer_view(view, asked, is_head=method == "HEAD")

    def _answer_view(self, view: View, asked: str, *, is_head: bool) -> dict[str, Any]:
        """Answer with the file as S3 would, or send the reader to S3 if it is too large."""
        headers = {
            "content-type": view.facts.content_type,
            "cache-control": FOREVER,
            "etag": '"' + view.etag.strip('"') + '"',
        }
        if view.stands_in_for:
            headers |= _STANDS_IN
        if is_head:
            return _answer(_OK, {**headers, "content-length": str(len(view.body))})
        if len(view.body) <= MOST_BODY:
            return _answer(_OK, headers, view.body)
        # Another view may have stored it since the bucket was asked, so that it is there proves
        # nothing. Only the reader who was sent to the bucket comes with this version.
        query = f"v={_other_version(view)}"
        if query == asked and not view.is_new and not view.stands_in_for:
            _logger.error("the CDN cannot read what is there", extra={"key": view.facts.key})
            return _answer(_FAILURE, {"cache-control": _NO_STORE})
        place = f"/{quote(view.facts.key)}?{query}"
        return _answer(_FOUND, {"location": place, "cache-control": _NO_STORE})

    def _ask(self, key: str) -> None:
        """Have a lazy format made; a failure to do so is no reader's, who has something to see."""
        self.deadline.start(min(self.deadline.left(), ASK_SECONDS), 1)
        try:
            if self.views.ask(key):
                _logger.info("asked", extra={"key": key})
        except Exception as error:  # noqa: BLE001 - the boundary, as in ``handle``
            self._log_failure(error, f"/{quote(key)}")

    def _log_made(self, view: View) -> None:
        values: dict[Metric | ViewMetric, float] = {
            ViewMetric.FIRST_VIEWS: 1,
            ViewMetric.FIRST_VIEW_TIME: view.milliseconds,
            Metric.COLD_START: next(self.cold_starts),
            **self.worker_counts(),
        }
        extra = {"key": view.facts.key, "bytes": len(view.body), **self._figures(values)}
        _logger.info("made", extra=extra)

    def _log_failure(self, error: Exception, path: str) -> None:
        bugs = {Metric.DECODER_BUGS: 1} if isinstance(error, DecoderBug) else {}
        counts: dict[Metric, float] = {Metric.FAILED: 1, **self.worker_counts(), **bugs}
        _logger.error("failed", exc_info=error, extra={"path": path, **self._figures(counts)})

    def _figures(
        self, values: Mapping[Metric, float] | Mapping[Metric | ViewMetric, float]
    ) -> dict[str, Any]:
        return embed(self.function_name, values) if self.publishes_metrics else log_fields(values)


def _other_version(view: View) -> str:
    """Return a version that no manifest names for a rendition, and that the edge takes for one."""
    version = view.facts.url.rpartition("?v=")[2]
    return f"{int(version, 16) ^ 0xFFFF_FFFF:08x}"


def _answer(status: int, headers: Mapping[str, str], body: bytes = b"") -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": dict(headers),
        "body": binascii.b2a_base64(body, newline=False).decode(),
        "isBase64Encoded": True,
    }
