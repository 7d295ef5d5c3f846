"""What an upload's header may say: its size, its shape, its metadata."""

from typing import Final

from PIL import Image

from function.engine.errors import Rejected
from function.engine.pixels import Size

MAX_RATIO: Final = 4096
"""Longest side over shortest, above which a picture is none."""

MAX_EXIF_BYTES: Final = 1 << 20

_EXIF_ORIENTATION: Final = 0x0112


def check_size(size: Size, max_pixels: int) -> None:
    """Reject a picture by its width and height in pixels.

    Raises:
        Rejected: ``broken_image``, ``too_many_pixels`` or ``absurd_shape``.
    """
    width, height = size
    if width < 1 or height < 1:
        raise Rejected("broken_image", "This image has no pixels.")
    if width * height > max_pixels:
        raise too_many_pixels(size, max_pixels)
    if max(size) > MAX_RATIO * min(size):
        raise Rejected(
            "absurd_shape",
            f"This image has {width} x {height} pixels; one side may be at most "
            f"{MAX_RATIO} times the other.",
        )


def too_many_pixels(size: Size | None, max_pixels: int) -> Rejected:
    """The rejection of a picture that is too large, of a size that may not be known."""
    found = f"This image has {size[0]} x {size[1]} pixels" if size else "This image is too large"
    return Rejected(
        "too_many_pixels", f"{found}; the limit is {max_pixels / 1_000_000:g} megapixels."
    )


def icc_profile(image: Image.Image) -> bytes | None:
    """The colour profile that an image carries, if any."""
    profile = image.info.get("icc_profile")
    return profile if isinstance(profile, bytes) and profile else None


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 when there is none.

    Raises:
        Rejected: ``metadata_too_large``.
    """
    if len(image.info.get("exif") or b"") > MAX_EXIF_BYTES:
        raise exif_too_large()
    value = image.getexif().get(_EXIF_ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1  # noqa: PLR2004 - EXIF


def exif_too_large() -> Rejected:
    """The rejection of a picture with more EXIF data than any camera writes."""
    return Rejected(
        "metadata_too_large", f"This image's EXIF block is over {MAX_EXIF_BYTES >> 10} KB."
    )
