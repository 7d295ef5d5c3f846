"""Check what an image's header states: its size, its shape, its metadata."""

from typing import Final

from PIL import Image

from function.engine.errors import Reason, Rejected
from function.engine.pixels import Size

MAX_RATIO: Final = 4096
"""Maximum aspect ratio; anything longer is rejected."""

MAX_EXIF_BYTES: Final = 1 << 20

MAX_PROFILE_BYTES: Final = 4 << 20
"""The largest ICC profile read. Press profiles (CMYK) weigh 0.5 to 2.7 MB."""

_EXIF_ORIENTATION: Final = 0x0112


def check_size(size: Size, max_pixels: int) -> None:
    """Reject an image by its width and height in pixels.

    Raises:
        Rejected: ``broken_image``, ``too_many_pixels`` or ``absurd_shape``.
    """
    width, height = size
    if width < 1 or height < 1:
        raise Rejected(Reason.BROKEN_IMAGE, "This image has no pixels.")
    if width * height > max_pixels:
        raise too_many_pixels(size, max_pixels)
    if max(size) > MAX_RATIO * min(size):
        limit = f"one side may be at most {MAX_RATIO} times the other"
        raise Rejected(Reason.ABSURD_SHAPE, f"This image has {width} x {height} pixels; {limit}.")


def too_many_pixels(size: Size | None, max_pixels: int) -> Rejected:
    """Return the rejection of an image that is too large; its size may be unknown."""
    found = f"This image has {size[0]} x {size[1]} pixels" if size else "This image is too large"
    message = f"{found}; the limit is {max_pixels / 1_000_000:g} megapixels."
    return Rejected(Reason.TOO_MANY_PIXELS, message)


def icc_profile(image: Image.Image) -> bytes | None:
    """Return the colour profile that an image carries, if any.

    Raises:
        Rejected: ``metadata_too_large``.
    """
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not profile:
        return None
    if len(profile) > MAX_PROFILE_BYTES:
        found = f"This image's colour profile has {len(profile)} bytes"
        raise Rejected(Reason.METADATA_TOO_LARGE, f"{found}; the limit is {MAX_PROFILE_BYTES}.")
    return profile


def orientation_of(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1 when there is none.

    Raises:
        Rejected: ``metadata_too_large``.
    """
    if len(image.info.get("exif") or b"") > MAX_EXIF_BYTES:
        raise exif_too_large()
    value = image.getexif().get(_EXIF_ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1  # noqa: PLR2004 - EXIF


def exif_too_large() -> Rejected:
    """Return the rejection of an image with more EXIF data than any camera writes."""
    message = f"This image's EXIF block is over {MAX_EXIF_BYTES >> 10} KB."
    return Rejected(Reason.METADATA_TOO_LARGE, message)
