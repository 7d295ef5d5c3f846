"""Bytes to pixels: what an upload is, and an image no larger than its renditions need.

The format is decided by content, never by the key's name or the Content-Type. Every failure to
decode is a ``Rejected``; the header alone decides about size, before any pixel is decoded.
"""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from function.errors import Rejected
from function.schema import Rendition

INPUT_FORMATS = ("JPEG", "PNG", "GIF", "WEBP")


@dataclass(frozen=True, kw_only=True)
class Source:
    """A decoded upload.

    Attributes:
        image: RGB or RGBA pixels, orientation applied; may be smaller than the upload.
        width: width of the upload as a viewer sees it (orientation applied), in pixels.
        height: height of the upload as a viewer sees it, in pixels.
        format: lower-case name of the format found in the content, e.g. ``"jpeg"``.
    """

    image: Image.Image
    width: int
    height: int
    format: str


def decode(data: bytes, renditions: Sequence[Rendition], *, max_pixels: int) -> Source:
    """Decode an upload just large enough for its renditions.

    Args:
        data: the upload's bytes.
        renditions: the sizes that will be rendered; the largest decides how much is decoded.
        max_pixels: width times height above which the header alone rejects the upload.

    Raises:
        Rejected: ``not_an_image``, ``too_many_pixels`` or ``broken_image``.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            image = Image.open(io.BytesIO(data), formats=INPUT_FORMATS)
            format_name = str(image.format).lower()
            _check_pixels(image.size, max_pixels)
            width, height = image.size
            box = max(max(r.width, r.height) for r in renditions)
            image.draft("RGB", (box, box))
            image.load()
            turned = ImageOps.exif_transpose(image)
            if turned.size[0] < turned.size[1] and width > height:
                width, height = height, width
    except Rejected:
        raise
    except UnidentifiedImageError as error:
        raise Rejected("not_an_image", "This file is not a JPEG, PNG, GIF or WebP image.") from error
    except Exception as error:
        raise Rejected("broken_image", "This image is damaged and cannot be opened.") from error
    alpha = turned.has_transparency_data
    return Source(
        image=turned.convert("RGBA" if alpha else "RGB"),
        width=width,
        height=height,
        format=format_name,
    )


def _check_pixels(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise Rejected(
            "too_many_pixels",
            f"This image has {width} x {height} pixels; the limit is "
            f"{max_pixels / 1_000_000:g} megapixels.",
        )
