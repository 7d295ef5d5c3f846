"""HEIC and HEIF of phones; the primary picture."""

import io
from typing import TYPE_CHECKING, Final

from function.engine.formats.format import Format
from function.engine.formats.iso_media import family

if TYPE_CHECKING:
    from PIL import Image


def open_image(data: bytes) -> "Image.Image":
    """Open a HEIC or HEIF; pixels above 8 bits are scaled down, rotation is libheif's."""
    import pi_heif  # noqa: PLC0415 - for the first HEIC
    from pi_heif.as_plugin import HeifImageFile  # noqa: PLC0415

    pi_heif.options.DECODE_THREADS = 1
    pi_heif.options.THUMBNAILS = False
    pi_heif.options.DEPTH_IMAGES = False
    pi_heif.options.AUX_IMAGES = False
    return HeifImageFile(io.BytesIO(data))


FORMAT: Final = Format(
    name="heic",
    content_types={"heic": "image/heic", "heif": "image/heif"},
    bytes_per_pixel={"heic": 9.0},
    ms_per_megapixel={"heic": 332.0},
    recognises=lambda data: family(data) == "heic",
    open_image=open_image,
    damage=(EOFError, RuntimeError, SyntaxError, UserWarning, ValueError),
    # Pillow reads EXIF by its TIFF plugin, whatever the format.
    modules=("pi_heif.as_plugin", "PIL.ImageCms", "PIL.TiffImagePlugin"),
    isolated=True,
)
