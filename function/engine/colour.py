"""Convert any mode and profile to sRGB: RGB, or RGBA where there is transparency."""

import io
import math
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from itertools import chain, pairwise, product
from typing import Any, Final, cast

from PIL import Image

from function.engine.errors import Reason, Rejected, is_system_failure
from function.engine.refused_memory import forget_refused_memory, was_refused_memory

_TOLERANCE: Final = 3
"""Levels of 255 by which a profile may differ from sRGB and still count as sRGB."""

_WHITE: Final = 255

_STRIP_PIXELS: Final = 1 << 18
"""Pixels that are converted at once. A conversion holds several copies of what it converts, so the
whole of a WebP with alpha and a profile took 29 bytes a pixel (docs/engine.md, "Memory")."""

_REDUCIBLE: Final = frozenset({"L", "RGB", "CMYK"})
"""Modes that may be averaged before their colours are converted, which saves work."""

_SRGB_PRIMARIES: Final = ((0.648, 0.331), (0.321, 0.598), (0.156, 0.066))
"""Chromaticities x and y of red, green and blue, adapted to the white of profiles, D50."""

_NEXT_TO: Final = 0.01
"""How far outside sRGB's triangle of primaries one may lie, because profiles round."""

_SPACES: Final = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}
"""Pillow's mode for each ICC colour space."""

_MAX_TAGS: Final = 100  # lcms refuses a profile of more tags (its ``MAX_TABLE_TAG``)


def is_plain(profile: bytes | None) -> bool:
    """Return True if pixels under this RGB profile can be taken for sRGB as they are.

    So can pixels without a profile, and pixels under a profile that acts like sRGB's, under any
    name. An unreadable profile is ignored, as browsers do.
    """
    return not profile or _behaves_like_srgb(profile)


def is_wide(profile: bytes | None) -> bool:
    """Return True for an RGB profile with a primary colour that sRGB does not have."""
    if not profile or _build_transform(profile, "RGB") is None:
        return False
    facts = _cms().ImageCmsProfile(io.BytesIO(profile)).profile
    primaries = facts.red_primary, facts.green_primary, facts.blue_primary
    return any(found and not _is_within_srgb(*found[1][:2]) for found in primaries)


def _is_within_srgb(x: float, y: float) -> bool:
    """Return True for a chromaticity in the triangle of sRGB's primaries, or next to it."""
    inwards = (  # distances from the sides of the triangle
        ((right - left) * (y - low) - (high - low) * (x - left))
        / math.hypot(right - left, high - low)
        for (left, low), (right, high) in pairwise((*_SRGB_PRIMARIES, _SRGB_PRIMARIES[0]))
    )
    return not any(distance < -_NEXT_TO for distance in inwards)


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert to RGB or RGBA in sRGB by a profile; reject other modes as ``unsupported_codec``."""
    image = _to_eight_bits(image)
    if profile and (managed := _apply_profile(image, profile)):
        if image.has_transparency_data:
            managed.putalpha(image.convert("RGBA").getchannel("A"))
        return managed
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode == mode:
        return image
    try:
        return image.convert(mode)
    except ValueError as error:
        message = f"Images of the colour mode {image.mode} are not supported."
        raise Rejected(Reason.UNSUPPORTED_CODEC, message) from error


def reduce_to_srgb(image: Image.Image, profile: bytes | None, factor: int) -> Image.Image:
    """Convert to RGB or RGBA in sRGB, averaged by a whole factor both ways."""
    if factor > 1 and image.mode in _REDUCIBLE and not image.has_transparency_data:
        image, factor = image.reduce(factor), 1
    mode = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode == mode and factor == 1 and not profile:
        return image
    whole = Image.new(mode, (-(-image.width // factor), -(-image.height // factor)))
    if image.mode in {"I", "F"}:
        image = _to_eight_bits(image)  # the brightest pixel decides how
    for top, strip in _strips(image, factor):
        part = to_srgb(strip, profile)
        whole.paste(part.reduce(factor) if factor > 1 else part, (0, top // factor))
    return whole


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Scale grey of 16 bits, or of floats up to 1, to 0 to 255; clip other floats.

    Pillow's own conversion clips all of them. Nothing in a file says what the white of floats is:
    programs write 1 for it, Pillow writes 255.
    """
    if image.mode.startswith("I;16"):
        return _take_high_byte(image.convert("I"))
    if image.mode == "I":
        brightest = cast("tuple[int, int]", image.getextrema())[1]
        return _take_high_byte(image) if brightest > _WHITE else image.convert("L")
    if image.mode == "F":
        brightest = cast("tuple[float, float]", image.getextrema())[1]
        return grey_by_strips(image, _scale_floats) if brightest <= 1 else image.convert("L")
    return image


def grey_by_strips(
    image: Image.Image, convert: Callable[[Image.Image], Image.Image]
) -> Image.Image:
    """Convert an image to 8-bit grey, a strip at a time: whole copies would need memory."""
    grey = Image.new("L", image.size)
    for top, strip in _strips(image, 1):
        grey.paste(convert(strip), (0, top))
    return grey


def _strips(image: Image.Image, factor: int) -> Iterator[tuple[int, Image.Image]]:
    """Yield the top and the pixels of each strip, whose height divides by ``factor``."""
    width, height = image.size
    step = max(1, _STRIP_PIXELS // width // factor) * factor
    for top in range(0, height, step):
        yield top, image.crop((0, top, width, min(height, top + step)))


def _scale_floats(image: Image.Image) -> Image.Image:
    return image.point(lambda level: level * 255 + 0.5).convert("L")


def _take_high_byte(image: Image.Image) -> Image.Image:
    # ``point`` ignores the mode that it is given here, and a profile of greys wants "L".
    return image.point(lambda level: level * (1 / 256)).convert("L")


def _apply_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Return the image in sRGB by its profile; None if that is not for its mode or does nothing."""
    mode = {"P": "RGB", "RGBA": "RGB", "PA": "RGB", "LA": "L", "1": "L"}.get(image.mode)
    opaque = image.convert(mode) if mode else image
    if opaque.mode == "RGB" and _behaves_like_srgb(profile):
        return None
    return _convert(opaque, profile)


@lru_cache(maxsize=1)
def _behaves_like_srgb(profile: bytes) -> bool:
    """Return True if a cube of 216 colours stays as it is, or the profile cannot be read."""
    cube = bytes(chain.from_iterable(product(range(0, 256, 51), repeat=3)))
    moved = _convert(Image.frombytes("RGB", (len(cube) // 3, 1), cube), profile)
    if moved is None:
        return True
    return max(abs(a - b) for a, b in zip(moved.tobytes(), cube, strict=True)) <= _TOLERANCE


def _convert(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Convert from a profile to sRGB; None if the profile is broken or of another mode."""
    transform = _build_transform(profile, image.mode)
    return transform and _cms().applyTransform(image, transform)


@lru_cache(maxsize=4)
def _build_transform(profile: bytes, mode: str) -> Any | None:
    """Build the transform from a profile to sRGB; None if it is broken, or none for this mode."""
    if _has_processing_elements(profile):
        return None
    cms = _cms()
    forget_refused_memory()
    try:
        opened = cms.ImageCmsProfile(io.BytesIO(profile))
        if mode != _SPACES.get(str(opened.profile.xcolor_space).strip()):
            return None
        intent, flags = cms.Intent.RELATIVE_COLORIMETRIC, cms.Flags.BLACKPOINTCOMPENSATION
        return cms.buildTransform(opened, _srgb(), mode, "RGB", renderingIntent=intent, flags=flags)
    except (cms.PyCMSError, OSError, ValueError, TypeError) as error:
        if is_system_failure(error):
            raise
        if was_refused_memory():
            raise MemoryError from error
        return None


def forget_profiles() -> None:
    """Forget the profiles of the uploads so far: the next upload is another person's."""
    _behaves_like_srgb.cache_clear()
    _build_transform.cache_clear()


def _has_processing_elements(profile: bytes) -> bool:
    """Return True for a profile with multi-process elements (ICC.1:2022, 10.16): it is ignored.

    They are chains of any length, of curves that claim any number of samples: 256 KB of them, 600
    bytes in a PNG, take lcms half a minute. Printers' and cameras' profiles do without.
    """
    count = int.from_bytes(profile[128:132], "big")
    if count > _MAX_TAGS:
        return True
    for at in range(132, 132 + 12 * count, 12):
        tag, offset = profile[at : at + 4], int.from_bytes(profile[at + 4 : at + 8], "big")
        if tag[:3] in {b"D2B", b"B2D"} or profile[offset : offset + 4] == b"mpet":
            return True
    return False


@lru_cache(maxsize=1)
def _srgb() -> Any:
    cms = _cms()
    return cms.ImageCmsProfile(cms.createProfile("sRGB"))


def _cms() -> Any:
    """Import Pillow's colour management with the first profile: most uploads never need it."""
    return import_module("PIL.ImageCms")
