"""What an upload is, decided by its first bytes and never by its name or Content-Type."""

from collections.abc import Callable
from typing import Final

from function.errors import Rejected

KINDS: Final = ("jpeg", "png", "gif", "webp", "avif", "heic", "tiff", "bmp", "svg")
"""Every format that is decoded; ``mpo`` is a JPEG here, ``apng`` a PNG."""

_HEAD: Final = 1024
_TAIL: Final = 65_557
"""A ZIP's end record and the longest comment that may follow it, in bytes."""

_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"})
_BRANDS: Final = _AVIF_BRANDS | _HEIC_BRANDS

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
    (b"qoif", "a QOI image"),
)

_FOREIGN_IN_HEAD: Final = (b"%PDF-", b"<?php", b"<script", b"<html", b"<!doctype html")
"""Beginnings that other programs look for in the first kilobyte, whatever the first bytes say."""


def sniff(data: bytes) -> str:
    """Name the upload's format, one of ``KINDS``.

    Raises:
        Rejected: ``empty``, ``not_an_image``, ``unsupported_format``, or ``polyglot`` when the
            image would pass for an archive, a document or a page as well.
    """
    if not data:
        raise Rejected("empty", "This file is empty.")
    kind = _kind(data)
    if kind != "svg" and _is_polyglot(data):
        raise Rejected("polyglot", "This file is an image and something else at once.")
    return kind


def is_cut_short(kind: str, data: bytes) -> bool:
    """Whether the end of the file is missing, as the format itself marks its end or its length."""
    test = _ENDS.get(kind)
    return test is not None and test(data)


def _kind(data: bytes) -> str:
    for magic, kind in _MAGICS:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp":
        return _kind_of_box(data)
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    if _looks_like_svg(data):
        return "svg"
    for magic, name in _UNSUPPORTED:
        if data.startswith(magic):
            raise Rejected("unsupported_format", f"This file is {name}, which is not supported.")
    raise Rejected(
        "not_an_image",
        "This file is not a JPEG, PNG, GIF, WebP, AVIF, HEIC, TIFF, BMP or SVG image.",
    )


_MAGICS: Final = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
)

_BMP_HEADERS: Final = frozenset({12, 40, 52, 56, 64, 108, 124})
"""Lengths of the information header by which BMP's versions are told apart."""


def _kind_of_box(data: bytes) -> str:
    """ISO base media files name their brands, the major one first: HEIC, AVIF, or a video."""
    length = min(int.from_bytes(data[:4], "big"), 256)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, length, 4))]
    known = next((brand for brand in brands if brand in _BRANDS), None)
    if known is None:
        raise Rejected(
            "unsupported_format", "This file is a video or an image of an unsupported kind."
        )
    return "avif" if known in _AVIF_BRANDS else "heic"


def _looks_like_svg(data: bytes) -> bool:
    head = data[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"<svg"):
        return True
    return head.startswith((b"<?xml", b"<!--", b"<!DOCTYPE svg")) and b"<svg" in data[: 64 * _HEAD]


def _is_polyglot(data: bytes) -> bool:
    head = data[:_HEAD].lower()
    if any(mark.lower() in head for mark in _FOREIGN_IN_HEAD):
        return True
    end = data.rfind(b"PK\x05\x06", max(0, len(data) - _TAIL))
    if end < 0 or len(data) < end + 22:
        return False
    comment = int.from_bytes(data[end + 20 : end + 22], "little")
    return end + 22 + comment == len(data)


def _riff_is_short(data: bytes) -> bool:
    return len(data) < 8 + int.from_bytes(data[4:8], "little")


_ENDS: Final[dict[str, Callable[[bytes], bool]]] = {
    "jpeg": lambda data: b"\xff\xd9" not in data[-_TAIL:],
    "png": lambda data: b"IEND" not in data[-_TAIL:],
    "gif": lambda data: not data.rstrip(b"\x00").endswith(b"\x3b"),
    "webp": _riff_is_short,
    "bmp": lambda data: len(data) < int.from_bytes(data[2:6], "little"),
}
