"""Check what a worker answers: one that an upload has broken into may answer anything."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from function.engine.errors import DecoderBug, Reason
from function.engine.losses import Loss
from function.engine.renditions import OutputFormat
from function.engine.results import Fingerprint, Measured, Rendered, Result, Task

_MOST_MESSAGES: Final = 8
"""Answers about an upload besides its renditions: what it is, two budgets at most, its fingerprint,
a wish for a format, and the end."""

_WRONG: Final = (AttributeError, KeyError, OverflowError, TypeError, ValueError)


class Answers:
    """The answers about one upload.

    Args:
        task: what is made of every upload, in its order.
    """

    def __init__(self, task: Task) -> None:
        self._expected = [(r.name, name) for r in task.renditions for name in r.formats]
        self._bytes_left = (task.memory_mb or 1024) << 18  # a quarter of the memory
        self._messages_left = _MOST_MESSAGES
        self._wishes_left = 1

    def read(self, message: Mapping[str, Any], body: bytes) -> Result | None:
        """Return the result that a message brings; None if it brings none.

        Raises:
            DecoderBug: no worker of ours answers that.
        """
        kind = message.get("kind")
        if kind == Rendered.__name__:
            return self._checked(self._read_rendered, message, body)
        self._messages_left -= 1
        self._wishes_left -= kind == "need"
        if self._messages_left < 0 or self._wishes_left < 0:
            raise DecoderBug("the worker asked or answered again and again")
        reader = _READERS.get(str(kind))
        if reader is None:
            raise DecoderBug("the worker answered what it never would: an unknown kind")
        return self._checked(reader, message)

    def _read_rendered(self, message: Mapping[str, Any], body: bytes) -> Rendered:
        name, format_name = self._expected.pop(0) if self._expected else ("", "")
        self._bytes_left -= len(body)
        if (message["name"], message["format"]) != (name, format_name) or self._bytes_left < 0:
            raise ValueError("not the next rendition, or too large")
        size = {side: int(message[side]) for side in ("width", "height")}
        return Rendered(name=name, format=OutputFormat(format_name), **size, body=body)

    @staticmethod
    def _checked(read: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return read(*arguments)
        except _WRONG as error:
            raise DecoderBug(f"the worker answered what it never would: {error!r}") from error


def _read_measured(message: Mapping[str, Any]) -> Measured:
    width, height = int(message["width"]), int(message["height"])
    losses = tuple(map(Loss, message["losses"]))
    if len(losses) > len(Loss):
        raise ValueError("a loss is told twice")
    return Measured(width=width, height=height, format=str(message["format"]), losses=losses)


def _read_fingerprint(message: Mapping[str, Any]) -> Fingerprint:
    texts = {name: str(message[name]) for name in Fingerprint.fields if name != "margins"}
    return Fingerprint(**texts, margins=tuple(map(float, message["margins"])))


def _check_fields(*names: str) -> Callable[[Mapping[str, Any]], None]:
    """Return a function that looks whether a message has texts by these names."""

    def check(message: Mapping[str, Any]) -> None:
        for name in names:
            if not isinstance(message[name], str):
                raise TypeError(name)

    return check


def _check_budget(message: Mapping[str, Any]) -> None:
    if not float(message["seconds"]) > 0:
        raise ValueError("no time")


def _check_rejection(message: Mapping[str, Any]) -> None:
    Reason(message["code"])
    _check_fields("message")(message)


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Result | None]]] = {
    Measured.__name__: _read_measured,
    Fingerprint.__name__: _read_fingerprint,
    "need": _check_fields("format"),
    "budget": _check_budget,
    "rejected": _check_rejection,
    "done": _check_fields(),
    "memory": _check_fields(),
    "failed": _check_fields("message"),
    "broken": _check_fields("message"),
}
