"""BMP."""

from typing import Final

from function.engine.formats.format import Format, plugin

_HEADERS: Final = frozenset({12, 40, 52, 56, 64, 108, 124})
"""Lengths of the information header by which BMP's versions are told apart."""


def _little(value: bytes) -> int:
    return int.from_bytes(value, "little")


FORMAT: Final = Format(
    name="bmp",
    title="BMP",
    content_types=("image/bmp",),
    endings=("bmp",),
    bytes_per_pixel={"bmp": 7.5},
    recognises=lambda data: data[:2] == b"BM" and _little(data[14:18]) in _HEADERS,
    open_image=plugin("PIL.BmpImagePlugin", "BmpImageFile"),
    is_cut_short=lambda data: len(data) < _little(data[2:6]),
)
