"""Amazon S3: a conditional write that another write or deletion of its key overtakes.

MiniStack handles requests one after another, each once it has arrived whole. So changes by other
requests are noted from a request's first byte on.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from local.rules.ministack import replaces, s3

Change = tuple[str, str, str]
"""Bucket, key and event, e.g. ``s3:ObjectRemoved:Delete``."""

_CONDITIONS: Final = {b"if-match", b"if-none-match"}
_watches: Final[dict[int, list[Change]]] = {}
_watch: ContextVar[list[Change] | None] = ContextVar("conflicts", default=None)


@contextmanager
def watching(scope: Mapping[str, Any]) -> Generator[None, None, None]:
    """Note what changes from now on, for a request with a condition."""
    if scope["type"] != "http" or scope["method"] != "PUT" or not _conditions(scope):
        yield
        return
    changes: list[Change] = []
    _watches[id(changes)] = changes
    token = _watch.set(changes)
    try:
        yield
    finally:
        _watch.reset(token)
        del _watches[id(changes)]


@replaces(vars(s3), "_put_object")
def conflict(
    put: Callable[..., Any], bucket: str, key: str, body: bytes, headers: Mapping[str, str]
) -> Any:
    """Answer 409 to a conditional write whose key has changed since it began.

    "How to prevent object overwrites with conditional writes" (S3 user guide): for If-None-Match a
    deletion is a conflict (another write is a failed condition, 412); for If-Match another write is
    (a deletion leaves nothing to match, 404).
    """
    conflicting = "s3:ObjectRemoved" if "if-none-match" in headers else "s3:ObjectCreated"
    for changed_bucket, changed_key, event in _watch.get() or []:
        if (changed_bucket, changed_key) == (bucket, key) and event.startswith(conflicting):
            message = (
                "The conditional request cannot succeed due to a conflicting operation against "
                "this resource."
            )
            return s3._object_error("ConditionalRequestConflict", message, 409, Key=key)
    return put(bucket, key, body, headers)


@replaces(vars(s3), "_fire_s3_event_async")
def note(
    fire: Callable[..., None], bucket: str, key: str, event: str, *rest: Any, **options: Any
) -> None:
    """Note a change for the requests under way."""
    for changes in _watches.values():
        changes.append((bucket, key, event))
    fire(bucket, key, event, *rest, **options)


def _conditions(scope: Mapping[str, Any]) -> set[bytes]:
    return _CONDITIONS & {name.lower() for name, _value in scope["headers"]}
