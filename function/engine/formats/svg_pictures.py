"""Pictures that a drawing embeds as data URLs: only those of four formats, by their first bytes.

resvg would draw whole drawings that are embedded too, and finds out in its own way what a URL
holds. So it is given each URL written anew, from the bytes that were recognised here.
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote_to_bytes

from function.engine.errors import Reason, Rejected
from function.engine.formats import jpeg_segments, webp
from function.engine.formats.format import little_endian
from function.engine.pixels import Size
from function.engine.record import Record

_HEAD: Final = re.compile(r"data:(?:image/(?:png|jpe?g|gif|webp))?((?:;[^;,]*)*),", re.IGNORECASE)
"""The start of a data URL (RFC 2397), up to the comma. Browsers draw pictures without a type, too.
"""


class Picture(Record):
    """A picture that a drawing embeds."""

    url: str  # written anew
    size: Size


def read(url: str) -> Picture:
    """Read a data URL; reject all but PNG, JPEG, GIF and WebP as ``unsafe_svg``."""
    url = url.strip()
    head = _HEAD.match(url)
    data = _decode(url[head.end() :], head[1]) if head else b""
    for subtype, mark, read_size in _FORMATS:
        if mark.match(data):
            body = base64.b64encode(data).decode()
            return Picture(f"data:image/{subtype};base64,{body}", read_size(data))
    message = "This drawing embeds something other than a PNG, JPEG, GIF or WebP."
    raise Rejected(Reason.UNSAFE_SVG, message)


def _decode(text: str, parameters: str) -> bytes:
    data = unquote_to_bytes(text)
    if parameters.rpartition(";")[2].strip().lower() != "base64":
        return data
    try:
        return base64.b64decode(re.sub(rb"\s", b"", data) + b"==")
    except binascii.Error:
        return b""


def _png_size(data: bytes) -> Size:
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _gif_size(data: bytes) -> Size:
    return little_endian(data[6:8]), little_endian(data[8:10])


_FORMATS: Final[tuple[tuple[str, re.Pattern[bytes], Callable[[bytes], Size]], ...]] = (
    ("png", re.compile(rb"\x89PNG\r\n\x1a\n"), _png_size),
    ("gif", re.compile(rb"GIF8[79]a"), _gif_size),
    ("jpeg", re.compile(rb"\xff\xd8\xff"), lambda data: (jpeg_segments.walk(data).pixels, 1)),
    ("webp", re.compile(rb"RIFF....WEBP", re.DOTALL), webp.read_size),
)
"""Subtype and first bytes of each format that resvg draws, and how its size is read."""
