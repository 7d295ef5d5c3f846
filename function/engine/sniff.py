"""What an upload is, decided by its first bytes and never by its name or Content-Type."""

from typing import Final

from function.engine import formats
from function.engine.errors import Rejected
from function.engine.formats import TAIL, Format

_HEAD: Final = 1024

_UNSUPPORTED: Final = (
    (b"8BPS", "a Photoshop document"),
    (b"%PDF", "a PDF document"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"\x00\x00\x02\x00", "a cursor"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL image"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"#?RADIANCE", "a Radiance image"),
    (b"v/1\x01", "an OpenEXR image"),
)

_FOREIGN_IN_HEAD: Final = (b"%PDF-", b"<?php", b"<script", b"<html", b"<!doctype html")
"""Beginnings that other programs look for in the first kilobyte, whatever the first bytes say."""


def sniff(data: bytes) -> Format:
    """Find the upload's format.

    Raises:
        Rejected: ``empty``, ``not_an_image``, ``unsupported_format``, or ``polyglot`` when the
            image would pass for an archive, a document or a page as well.
    """
    if not data:
        raise Rejected("empty", "This file is empty.")
    found = formats.find(data)
    if found is None:
        raise _unknown(data)
    if not found.is_markup and _is_polyglot(data):
        raise Rejected("polyglot", "This file is an image and something else at once.")
    return found


def _unknown(data: bytes) -> Rejected:
    """Return the rejection of a file that is of none of the formats."""
    if data[4:8] == b"ftyp":
        return Rejected(
            "unsupported_format", "This file is a video or an image of an unsupported kind."
        )
    for magic, name in _UNSUPPORTED:
        if data.startswith(magic):
            return Rejected("unsupported_format", f"This file is {name}, which is not supported.")
    *titles, last = (known.title for known in formats.every())
    return Rejected("not_an_image", f"This file is not a {', '.join(titles)} or {last} image.")


def _is_polyglot(data: bytes) -> bool:
    head = data[:_HEAD].lower()
    if any(mark.lower() in head for mark in _FOREIGN_IN_HEAD):
        return True
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - TAIL))
    if end < 0 or len(data) < end + 22:
        return False
    comment = int.from_bytes(data[end + 20 : end + 22], "little")
    return end + 22 + comment == len(data)
