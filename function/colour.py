"""Any mode and profile to sRGB: RGB, or RGBA where there is transparency."""

import io
from functools import lru_cache
from typing import Final

from PIL import Image

from function.errors import Rejected

MAX_PROFILE_BYTES: Final = 4 << 20
"""The largest ICC profile read. Press profiles (CMYK) weigh 0.5 to 2.7 MB."""

_TOLERANCE: Final = 3
"""Levels of 255 by which a profile may differ from sRGB and still count as sRGB."""

_SPACES: Final = {"RGB": ("RGB",), "GRAY": ("L",), "CMYK": ("CMYK",), "Lab": ("LAB",)}
"""Pillow modes that a profile of each ICC colour space describes."""


def is_plain(profile: bytes | None) -> bool:
    """Whether pixels under this RGB profile can be taken for sRGB as they are.

    True without a profile, and for a profile that does to colours what sRGB does, whatever its
    name. An unreadable profile is ignored, as browsers do.

    Raises:
        Rejected: ``metadata_too_large``.
    """
    if not profile:
        return True
    check_profile(profile)
    return _behaves_like_srgb(profile)


def check_profile(profile: bytes) -> None:
    """Refuse a profile that would cost more than it can be worth.

    Raises:
        Rejected: ``metadata_too_large``.
    """
    if len(profile) > MAX_PROFILE_BYTES:
        raise Rejected(
            "metadata_too_large",
            f"This image's colour profile has {len(profile)} bytes; "
            f"the limit is {MAX_PROFILE_BYTES}.",
        )


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert to RGB or RGBA in sRGB; the profile is applied, not kept.

    Raises:
        Rejected: ``metadata_too_large``; ``unsupported_codec`` for a mode without a way to RGB.
    """
    image = _to_eight_bits(image)
    if profile:
        check_profile(profile)
        alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
        managed = _managed(image, profile)
        if managed is not None:
            if alpha is not None:
                managed.putalpha(alpha)
            return managed
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode == mode:
        return image
    try:
        return image.convert(mode)
    except ValueError as error:
        raise Rejected(
            "unsupported_codec", f"Images of the colour mode {image.mode} are not supported."
        ) from error


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """16-bit grey scaled down (Pillow's own conversion clips it); float and 32-bit grey clipped."""
    if image.mode.startswith("I;16"):
        return image.convert("I").point(_high_byte, "L")
    if image.mode == "I":
        return image.point(_high_byte, "L") if image.getextrema()[1] > 255 else image.convert("L")
    if image.mode == "F":
        return image.convert("L")
    return image


def _high_byte(level: float) -> float:
    return level * (1 / 256)


def _managed(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The image in sRGB by its profile; None if the profile is not for it or does nothing."""
    from PIL import ImageCms  # noqa: PLC0415 - 5 ms of a cold start that most uploads never need

    opaque = image.convert("RGB") if image.mode in {"P", "RGBA", "PA"} else image
    opaque = opaque.convert("L") if opaque.mode in {"LA", "1"} else opaque
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = str(opened.profile.xcolor_space).strip()
        if opaque.mode not in _SPACES.get(space, ()):
            return None
        if space == "RGB" and _behaves_like_srgb(profile):
            return None
        return ImageCms.profileToProfile(
            opaque,
            opened,
            _srgb(),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


@lru_cache(maxsize=8)
def _behaves_like_srgb(profile: bytes) -> bool:
    """Convert a cube of 125 colours: nothing moves, or the profile cannot be read."""
    from PIL import ImageCms  # noqa: PLC0415 - as above

    steps = range(0, 256, 51)
    cube = bytes(level for red in steps for green in steps for blue in steps
                 for level in (red, green, blue))
    image = Image.frombytes("RGB", (len(cube) // 3, 1), cube)
    try:
        moved = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), _srgb(), outputMode="RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return True
    if moved is None:
        return True
    return max(abs(a - b) for a, b in zip(moved.tobytes(), cube, strict=True)) <= _TOLERANCE


@lru_cache(maxsize=1)
def _srgb() -> object:
    from PIL import ImageCms  # noqa: PLC0415 - as above

    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
