"""Find an upload's format by its first bytes, never by its name or Content-Type."""

from typing import Final

from function.engine import formats
from function.engine.errors import Reason, Rejected
from function.engine.formats import TAIL, Format
from function.engine.formats.format import little_endian

_UNSUPPORTED: Final = {
    "a Photoshop document": b"8BPS",
    "a PDF document": b"%PDF",
    "a JPEG 2000 image": (b"\x00\x00\x00\x0cjP  ", b"\xff\x4f\xff\x51"),
    "a JPEG XL image": (b"\xff\x0a", b"\x00\x00\x00\x0cJXL "),
    "a ZIP archive": b"PK\x03\x04",
    "a gzip file": b"\x1f\x8b",
    "a video": b"\x1aE\xdf\xa3",
    "a Radiance image": b"#?RADIANCE",
    "an OpenEXR image": b"v/1\x01",
    "a camera's raw photo": (
        b"FUJIFILMCCD-RAW",
        b"FOVb",  # Sigma
        b"\x00MRM",  # Minolta
        b"II\x1a\x00\x00\x00HEAPCCDR",  # Canon, until 2004
        b"IIU\x00",  # Panasonic
        b"IIRO",  # Olympus, and the next two
        b"IIRS",
        b"MMOR",
    ),
}

_ICONS: Final = {1: "an icon", 2: "a cursor"}
_ICON_HEADER, _ICON_ENTRY, _ICON_OFFSET = 6, 16, 18

_FOREIGN_IN_HEAD: Final = (b"%pdf-", b"<?php", b"<script", b"<html", b"<!doctype html")
"""Marks, in lower case, that other programs look for in the first kilobyte of any file."""


def sniff(data: bytes) -> Format:
    """Find the upload's format.

    Raises:
        Rejected: ``empty``, ``not_an_image``, ``unsupported_format``, or ``polyglot`` if other
            programs would take the image for an archive, a document or a page.
    """
    if not data:
        raise Rejected(Reason.EMPTY, "This file is empty.")
    found = next((known for known in formats.every() if known.recognises(data)), None)
    if found is None:
        raise _unknown(data)
    if not found.rasterise and _is_polyglot(data):  # in a drawing, those marks mean nothing
        raise Rejected(Reason.POLYGLOT, "This file is an image and something else at once.")
    return found


def _unknown(data: bytes) -> Rejected:
    """Return the rejection of a file that is in no known format; name its kind if possible."""
    if data[4:8] == b"ftyp":
        message = "This file is a video or an image of an unsupported kind."
        return Rejected(Reason.UNSUPPORTED_FORMAT, message)
    icon = _icon(data)
    names = (name for name, magic in _UNSUPPORTED.items() if data.startswith(magic))
    if name := icon or next(names, None):
        message = f"This file is {name}, which is not supported."
        return Rejected(Reason.UNSUPPORTED_FORMAT, message)
    *titles, last = (known.title or known.name.upper() for known in formats.every())
    message = f"This file is not a {', '.join(titles)} or {last} image."
    return Rejected(Reason.NOT_AN_IMAGE, message)


def _icon(data: bytes) -> str | None:
    """Return the name of an icon or a cursor, whose first four bytes other files have as well.

    Its first picture lies behind the entries of all.
    """
    reserved, kind, count = (little_endian(data[at : at + 2]) for at in (0, 2, 4))
    first = little_endian(data[_ICON_OFFSET : _ICON_OFFSET + 4])
    is_icon = not reserved and count and _ICON_HEADER + count * _ICON_ENTRY <= first < len(data)
    return _ICONS.get(kind) if is_icon else None


def _is_polyglot(data: bytes) -> bool:
    head = data[:1024].lower()
    if any(mark in head for mark in _FOREIGN_IN_HEAD):
        return True
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - TAIL))
    if end < 0 or len(data) < end + 22:
        return False
    comment = int.from_bytes(data[end + 20 : end + 22], "little")
    return end + 22 + comment == len(data)
