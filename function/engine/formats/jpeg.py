"""JPEG, which includes MPO: a phone's JPEG with more pictures behind it is its first picture."""

import io
from typing import TYPE_CHECKING, Final

from function.engine.errors import Rejected
from function.engine.formats import TAIL
from function.engine.formats.format import Format, lazily

if TYPE_CHECKING:
    from PIL import Image

_MARKER: Final = 0xFF
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_EIGHT_BITS: Final = 8
_SCALED: Final = "function.engine.formats.jpeg_scaled"
_SEGMENTS: Final = "function.engine.formats.jpeg_segments"


def open_image(data: bytes) -> "Image.Image":
    """Open a JPEG.

    Raises:
        Rejected: ``unsupported_codec`` for medical images of more than 8 bits.
    """
    from PIL.JpegImagePlugin import JpegImageFile  # noqa: PLC0415 - for the first JPEG

    try:
        return JpegImageFile(io.BytesIO(data))
    except SyntaxError as error:
        if _bits(data) != _EIGHT_BITS:
            raise Rejected(
                "unsupported_codec",
                "JPEG images with more than 8 bits a channel are not supported.",
            ) from error
        raise


def _bits(data: bytes) -> int:
    """Return the bits a channel that the frame header states; 8 without a frame header."""
    at = 2
    while at + 5 <= len(data) and data[at] == _MARKER:
        if data[at + 1] in _FRAMES:
            return data[at + 4]
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return _EIGHT_BITS


FORMAT: Final = Format(
    name="jpeg",
    title="JPEG",
    content_types=("image/jpeg",),
    endings=("jpg", "jpeg"),
    # A baseline JPEG is scaled while it is decoded; of a progressive one, or one of several scans,
    # libjpeg keeps all coefficients.
    bytes_per_pixel={"jpeg": 1.1, "jpeg-progressive": 9.0},
    recognises=lambda data: data.startswith(b"\xff\xd8\xff"),
    open_image=open_image,
    is_cut_short=lambda data: b"\xff\xd9" not in data[-TAIL:],
    kind_of=lazily(_SEGMENTS, "kind_of"),
    load_scaled=lazily(_SCALED, "load_scaled"),
    modules=(_SEGMENTS, _SCALED),
)
