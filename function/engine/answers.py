"""Check a worker's answers: a worker that an upload has broken into may answer anything."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from function.engine.errors import DecoderBug, Reason
from function.engine.formats import NAMES
from function.engine.losses import Loss
from function.engine.renditions import OutputFormat
from function.engine.results import (
    HASH_BITS,
    MOST_FAILURE,
    Fingerprint,
    Measured,
    Rendered,
    Result,
    Task,
)

_MOST_MESSAGES: Final = 8
"""Most answers about an upload besides its renditions: its measures, two budgets, its fingerprint,
a request for a format's modules, and the end."""

_MOST_SIDE: Final = 1 << 31  # longest side, in pixels, that any format can state
_MOST_LETTERS: Final = 1000  # characters of a sentence that tells why an upload was rejected

_PLACEHOLDER: Final = re.compile(r"[A-Za-z0-9+/]{4,60}={0,2}")
_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")
_HASH: Final = re.compile(r"[0-9a-f]{16}")

_WRONG: Final = (AttributeError, KeyError, OverflowError, TypeError, ValueError)


class Answers:
    """The answers about one upload, which come in the order of the task."""

    def __init__(self, task: Task) -> None:
        self._expected = [(r.name, name) for r in task.renditions for name in r.formats]
        self._bytes_left = self.most_bytes(task)
        self._messages_left = _MOST_MESSAGES
        self._wishes_left = 1
        self._format = ""
        self._has_fingerprint = not task.has_fingerprint

    @staticmethod
    def most_bytes(task: Task) -> int:
        """Return the bytes that all renditions of an upload may have: a quarter of the memory."""
        return (task.memory_mb or 1024) << 18

    def check_complete(self) -> None:
        """Raise ``DecoderBug`` if something is missing when the worker says that it is done."""
        if self._expected or self._format not in NAMES or not self._has_fingerprint:
            raise DecoderBug("the worker left out what it was asked for")

    def read(self, message: Mapping[str, Any], body: bytes) -> Result | None:
        """Return a message's result, if any; ``DecoderBug`` if no worker of ours answers that."""
        kind = str(message.get("kind"))
        try:
            if kind == Rendered.__name__:
                return self._read_rendered(message, body)
            self._messages_left -= 1
            self._wishes_left -= kind == "need"
            if self._messages_left < 0 or self._wishes_left < 0:
                raise DecoderBug("the worker asked or answered again and again")
            result = _READERS[kind](message)
        except _WRONG as error:
            raise DecoderBug(f"the worker answered what it never would: {error!r:.200}") from None
        if isinstance(result, Measured):
            self._format = result.format
        self._has_fingerprint |= isinstance(result, Fingerprint)
        return result

    def _read_rendered(self, message: Mapping[str, Any], body: bytes) -> Rendered:
        name, format_name = self._expected.pop(0) if self._expected else ("", "")
        self._bytes_left -= len(body)
        if (message["name"], message["format"]) != (name, format_name) or self._bytes_left < 0:
            raise ValueError("not the next rendition, or too large")
        width, height = _read_size(message)
        hdr = message["hdr"]
        if hdr not in (False, format_name == OutputFormat.JPEG):
            raise ValueError("a gain map where none can be")
        return Rendered(name, OutputFormat(format_name), width, height, body, bool(hdr))


def _read_measured(message: Mapping[str, Any]) -> Measured:
    width, height = _read_size(message)
    losses = tuple(map(Loss, message["losses"]))
    if len(losses) > len(Loss):
        raise ValueError("a loss is told twice")
    return Measured(width=width, height=height, format=str(message["format"]), losses=losses)


def _read_fingerprint(message: Mapping[str, Any]) -> Fingerprint:
    margins = tuple(map(float, message["margins"]))
    if len(margins) != HASH_BITS or not all(map(math.isfinite, margins)):
        raise ValueError("not the margins of a hash")
    return Fingerprint(
        placeholder=_match(_PLACEHOLDER, message["placeholder"]),
        dominant_color=_match(_COLOUR, message["dominant_color"]),
        perceptual_hash=_match(_HASH, message["perceptual_hash"]),
        margins=margins,
    )


def _read_size(message: Mapping[str, Any]) -> tuple[int, int]:
    width, height = int(message["width"]), int(message["height"])
    if not (0 < width < _MOST_SIDE and 0 < height < _MOST_SIDE):
        raise ValueError("no such size")
    return width, height


def _match(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise ValueError(f"not {pattern.pattern}")
    return text


def _check_text(text: object, most: int) -> None:
    if not isinstance(text, str) or len(text) > most:
        raise ValueError("not a text, or too long")


def _check_budget(message: Mapping[str, Any]) -> None:
    if not float(message["seconds"]) > 0:
        raise ValueError("no time")


def _check_rejection(message: Mapping[str, Any]) -> None:
    Reason(message["code"])
    _check_text(message["message"], _MOST_LETTERS)


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Result | None]]] = {
    Measured.__name__: _read_measured,
    Fingerprint.__name__: _read_fingerprint,
    "need": lambda message: _check_text(message["format"], _MOST_LETTERS),
    "budget": _check_budget,
    "rejected": _check_rejection,
    **dict.fromkeys(("done", "memory"), lambda _message: None),
    **dict.fromkeys(
        ("failed", "broken"), lambda message: _check_text(message["message"], MOST_FAILURE)
    ),
}
