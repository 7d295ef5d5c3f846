"""SVG drawings."""

from typing import Final

from function.engine.formats.format import Format, lazily

_HEAD: Final = 1024
_PROLOGUES: Final = (b"<?xml", b"<!--", b"<!DOCTYPE svg")
_DRAWING: Final = "function.engine.formats.svg_drawing"


def recognises(data: bytes) -> bool:
    """Return True for markup whose root, after comments and the like, is ``svg``."""
    head = data[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"<svg"):
        return True
    return head.startswith(_PROLOGUES) and b"<svg" in data[: 64 * _HEAD]


FORMAT: Final = Format(
    name="svg",
    content_types={"svg": "image/svg+xml"},
    bytes_per_pixel={"svg": 14.0},
    ms_per_megapixel={"svg": 1500.0},
    recognises=recognises,
    read_size=lazily(_DRAWING, "read_size"),
    rasterise=lazily(_DRAWING, "rasterise"),
    bytes_held=lazily(_DRAWING, "bytes_held"),
    is_markup=True,
    modules=(_DRAWING, "function.engine.formats.jpeg_segments", "function.engine.formats.webp"),
    isolated=True,
)
