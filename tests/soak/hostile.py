"""Small files that keep the engine busy for seconds, up to the budget of an upload.

All pass the checks on the header, so that decoding starts: what is rejected at once proves nothing.
"""

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Final

from PIL import Image

from tests.support.bombs import arithmetic_scans, many_profiles, png_head, progressive_scans
from tests.support.pictures import png_chunk

SIDE: Final = 7000
"""49 MP: below the cap of a stack with the default settings."""


def slow_filters() -> bytes:
    """A drawing under five noise filters, each computed for every pixel: 17 s of CPU."""
    noise = '<feTurbulence type="turbulence" baseFrequency="0.9" numOctaves="10"/>' * 5
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="1000">'
        f'<filter id="f">{noise}</filter>'
        '<rect width="1000" height="1000" fill="#369" filter="url(#f)"/></svg>'
    ).encode()


def slow_qoi(side: int = 2200) -> bytes:
    """A picture of small differences, of one byte a pixel; Pillow decodes it in Python."""
    head = b"qoif" + struct.pack(">IIBB", side, side, 4, 0)
    return head + bytes((0x6B, 0x7F, 0x6A, 0x40)) * (side * side // 4) + bytes(7) + b"\x01"


def deep_png() -> bytes:
    """49 MP with 16 bits a channel and alpha: 392 MB of zeros in 0.4 MB."""
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 16, 6, 0, 0, 0)
    head = png_head(1, 1)[:8] + png_chunk(b"IHDR", header)
    packer = zlib.compressobj(9)
    rows = (packer.compress(b"\4" + bytes(8 * SIDE)) for _ in range(SIDE))
    stream = b"".join((*rows, packer.flush()))
    return head + png_chunk(b"IDAT", stream) + png_chunk(b"IEND", b"")


def large(format_name: str, mode: str = "RGBA", **options: object) -> bytes:
    """49 MP of one colour."""
    buffer = io.BytesIO()
    Image.new(mode, (SIDE, SIDE), "#369c").save(buffer, format_name, **options)
    return buffer.getvalue()


HOSTILE: Final[Mapping[str, Callable[[], bytes]]] = {
    "svg filters": slow_filters,
    "jpeg arithmetic scans": lambda: arithmetic_scans(scans=3),
    "jpeg progressive scans": lambda: progressive_scans(scans=29),
    "png profiles": lambda: many_profiles(1),
    "png 16 bits": deep_png,
    "qoi": slow_qoi,
    "webp with alpha": lambda: large("WEBP", lossless=False, method=0, quality=1),
    "avif with alpha": lambda: large("AVIF", speed=10, quality=1),
    "tiff": lambda: large("TIFF", compression="tiff_adobe_deflate"),
}
"""Uploads, by their kind."""
