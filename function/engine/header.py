"""Check what an image's header states: its size, its shape, its metadata."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from PIL import Image

from function.engine.errors import Reason, Rejected
from function.engine.pixels import Size

MAX_RATIO: Final = 4096  # maximum aspect ratio; anything longer is rejected

MAX_PROFILE_BYTES: Final = 4 << 20
"""The largest ICC profile read. Press profiles (CMYK) weigh 0.5 to 2.7 MB."""

_ORIENTATION, _ORIENTATIONS = 0x0112, range(1, 9)
_BYTES_OF_TYPE: Final = {1: 1, 3: 2, 4: 4, 6: 1, 8: 2, 9: 4}
"""Bytes of a value by its type in an IFD: BYTE, SHORT, LONG, and the same with a sign. Orientation
is a SHORT (Exif 2.32, 4.6.4); some programs write another."""

_BYTE_ORDERS: Final[Mapping[bytes, Literal["little", "big"]]] = {b"II": "little", b"MM": "big"}
_EXIF_HEADER: Final = b"Exif\0\0"

_XMP_ORIENTATION: Final = re.compile(rb'tiff:Orientation(?:="|>)([0-9])')
"""As Pillow looks for it where EXIF has no orientation."""


def check_size(size: Size, max_pixels: int) -> None:
    """Reject a size in pixels: ``broken_image``, ``too_many_pixels`` or ``absurd_shape``."""
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
    """Return an image's colour profile, if any; reject one that is ``metadata_too_large``."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes):
        return None
    if len(profile) > MAX_PROFILE_BYTES:
        found = f"This image's colour profile has {len(profile)} bytes"
        raise Rejected(Reason.METADATA_TOO_LARGE, f"{found}; the limit is {MAX_PROFILE_BYTES}.")
    return profile or None


def orientation_of(image: Image.Image) -> int:
    """Return the orientation that EXIF states, or else XMP: 1 to 8, and 1 when neither does.

    No other tag is read, so other faults in the metadata never reject a picture.
    """
    value = _exif_orientation(_exif(image.info))
    xmp = image.info.get("xmp")
    if value is None and isinstance(xmp, bytes) and (found := _XMP_ORIENTATION.search(xmp)):
        value = int(found[1])
    return value if value and value in _ORIENTATIONS else 1


def _exif(info: dict[Any, Any]) -> bytes:
    """Return the EXIF block of an opened image; empty without one."""
    if "exif" in info:
        return info["exif"] if isinstance(info["exif"], bytes) else b""
    # ImageMagick writes it to PNG as text: a name and a length, then hexadecimal digits.
    text = str(info.get("Raw profile type exif", ""))
    try:
        return bytes.fromhex("".join(text.split("\n")[3:]))
    except ValueError:
        return b""


def _exif_orientation(exif: bytes) -> int | None:
    """Return the first orientation in the first IFD of an EXIF block; None without one."""
    # Pillow puts a header before the content of an `eXIf` chunk, which may already have one.
    tiff = exif.removeprefix(_EXIF_HEADER).removeprefix(_EXIF_HEADER)
    order = _BYTE_ORDERS.get(tiff[:2])
    if order is None:
        return None

    def number(at: int, length: int) -> int:
        return int.from_bytes(tiff[at : at + length], order)

    first = number(4, 4) + 2
    for at in range(first, min(first + 12 * number(first - 2, 2), len(tiff)), 12):
        if number(at, 2) == _ORIENTATION:
            return number(at + 8, _BYTES_OF_TYPE.get(number(at + 2, 2), 0))
    return None
