"""HEIC and HEIF of phones; the primary picture."""

import io
from typing import TYPE_CHECKING, Final

from function.engine.formats import iso_media
from function.engine.formats.format import Format, lazily
from function.engine.formats.iso_media import family

if TYPE_CHECKING:
    from PIL import Image

    from function.engine.cicp import Cicp

_LOSSES: Final = "function.engine.formats.iso_losses"

_HALF_CHROMA: Final = 1
"""``chromaFormat`` of 4:2:0; that of a monochrome picture is below, 4:2:2 and 4:4:4 are above."""

_CHROMA: Final = 20
"""Where ``chromaFormat`` is, after the beginning of the type ``hvcC``; the bits follow it."""

_MOST_PICTURES: Final = 64  # decoder configurations that are looked at; phones write one to three


def kind_of(data: bytes, _halves_chroma: bool, _native: bool) -> str:
    """Return ``heic-deep`` for more than 8 bits or more chroma than 4:2:0, else ``heic``.

    The decoder configurations say so (ISO/IEC 14496-15, ``HEVCDecoderConfigurationRecord``).
    """
    at = -1
    for _ in range(_MOST_PICTURES):
        at = data.find(b"hvcC", at + 1)
        if at < 0:
            return "heic"
        chroma, luma_bits, chroma_bits = data[at + _CHROMA : at + _CHROMA + 3].ljust(3, b"\0")
        if chroma & 3 > _HALF_CHROMA or luma_bits & 7 or chroma_bits & 7:
            return "heic-deep"
    return "heic-deep"


def colours(data: bytes) -> "Cicp | None":
    """Return the code points of the primary picture, with the bits that libheif drops.

    It cuts luma and chroma down to 8 bits where they are 4:2:0 in the full range, and else rounds
    the RGB that it makes of them (measured, docs/engine.md, "HDR"). Of a monochrome picture it
    returns all bits, and the engine cuts them.
    """
    codes = iso_media.colours(data)
    at = data.find(b"hvcC")
    chroma = data[at + _CHROMA : at + _CHROMA + 1] if at >= 0 else b""
    if not codes or (codes.full_range and chroma and chroma[0] & 3 <= _HALF_CHROMA):
        return codes
    return codes.replace(bits=8)


def open_image(data: bytes) -> "Image.Image":
    """Open a HEIC or HEIF; pixels above 8 bits are scaled down, rotation is libheif's."""
    import pillow_heif  # noqa: PLC0415 - for the first HEIC
    from pillow_heif.as_plugin import HeifImageFile  # noqa: PLC0415

    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.options.THUMBNAILS = False
    pillow_heif.options.DEPTH_IMAGES = False
    pillow_heif.options.AUX_IMAGES = False
    return HeifImageFile(io.BytesIO(data))


FORMAT: Final = Format(
    name="heic",
    content_types={"heic": "image/heic", "heif": "image/heif"},
    bytes_per_pixel={"heic": 9.0, "heic-deep": 16.5},
    ms_per_megapixel={"heic": 332.0, "heic-deep": 332.0},
    recognises=lambda data: family(data) == "heic",
    open_image=open_image,
    colours=colours,
    kind_of=kind_of,
    damage=(EOFError, RuntimeError, SyntaxError, ValueError),
    losses=lazily(_LOSSES, "losses"),
    modules=(_LOSSES, "pillow_heif.as_plugin"),
    isolated=True,
    # Two stacks of 8 MB, and memory that libde265's threads have freed: 66 MB for a camera's 32 MP,
    # which so took 32 MB more than ``bytes_per_pixel`` says, all in all.
    spare_mb=32,
)
