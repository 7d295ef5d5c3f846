"""TIFF and BigTIFF; the first page."""

import io
from typing import TYPE_CHECKING, Final, cast

from function.engine.errors import Reason, Rejected
from function.engine.formats.format import Format

if TYPE_CHECKING:
    from PIL import Image


def open_image(data: bytes) -> "Image.Image":
    """Open a TIFF.

    Raises:
        Rejected: ``truncated`` when it names fewer strips than fill it, where Pillow would leave
            the rest black; ``unsupported_codec`` for an unknown compression or pixel layout;
            ``broken_image`` when the place of a strip is no number.
    """
    from PIL.TiffImagePlugin import TiffImageFile  # noqa: PLC0415 - for the first TIFF

    try:
        image = TiffImageFile(io.BytesIO(data))
    except SyntaxError as error:
        if not isinstance(error.__cause__, KeyError):  # Pillow's tables of both
            raise
        message = "TIFF images of this compression or layout are not supported."
        raise Rejected(Reason.UNSUPPORTED_CODEC, message) from error
    if not all(isinstance(cast("object", tile.offset), int) for tile in image.tile):
        # A tag may be of any type; Pillow would raise TypeError for this one, as for a bug.
        raise Rejected(Reason.BROKEN_IMAGE, "This TIFF image does not say where its pixels are.")
    boxes = [tile.extents for tile in image.tile if tile.extents]
    covered = sum((right - left) * (bottom - top) for left, top, right, bottom in boxes)
    if covered < image.width * image.height:
        raise Rejected(Reason.TRUNCATED, "Parts of this TIFF image are missing.")
    return image


FORMAT: Final = Format(
    name="tiff",
    content_types={"tif": "image/tiff", "tiff": "image/tiff"},
    bytes_per_pixel={"tiff": 8.0},
    ms_per_megapixel={"tiff": 57.0},
    recognises=lambda data: data.startswith((b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")),
    open_image=open_image,
    damage=(OSError, SyntaxError, UserWarning, ValueError),
    is_oriented=True,
    modules=("PIL.TiffImagePlugin", "PIL.ImageCms"),
    isolated=True,
)
