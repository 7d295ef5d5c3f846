"""BMP."""

from typing import Final

from function.engine.formats.format import Format, lazily, little_endian

_PILLOW: Final = "function.engine.formats.bmp_pillow"

_HEADERS: Final = frozenset({12, 40, 52, 56, 64, 108, 124})
"""Lengths of the information header by which BMP's versions are told apart."""

FORMAT: Final = Format(
    name="bmp",
    content_types={"bmp": "image/bmp"},
    bytes_per_pixel={"bmp": 6.0, "bmp-rle": 6.0},
    ms_per_megapixel={"bmp": 35.0, "bmp-rle": 750.0},
    recognises=lambda data: data[:2] == b"BM" and little_endian(data[14:18]) in _HEADERS,
    open_image=lazily(_PILLOW, "open_image"),
    damage=(OSError, SyntaxError, ValueError),
    modules=(_PILLOW,),
    # Pillow decodes run lengths (4 or 8 bits a pixel) in Python.
    kind_of=lambda data, _halves, _native: "bmp-rle" if data[30:31] in {b"\1", b"\2"} else "bmp",
    is_cut_short=lambda data: len(data) < little_endian(data[2:6]),
)
