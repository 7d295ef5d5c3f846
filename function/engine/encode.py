"""Pixels to a file's bytes in each output format, without any metadata."""

import io
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

from PIL import Image

from function.engine.pixels import Pixels

WEBP_METHOD: Final = 4
"""Effort 0-6. Method 2 takes half the time but 3-4 % more bytes at 0.003-0.004 less SSIM, and
bytes are stored and sent for ever."""

MOTION_METHOD: Final = 2
"""The same for animations, whose many frames make the time count for more."""

AVIF_SPEED: Final = 8
"""Speed 0-10: against 6, a third of the time for the same bytes at 0.0005-0.001 less SSIM."""

AVIF_QUALITY_OFFSET: Final = 2
"""What brings aom's scale, tuned for SSIM, to the quality that sharp's AVIF has at a number."""

PNG_LEVEL: Final = 6

HALF_CHROMA: Final = frozenset({"jpeg", "webp", "avif"})
"""Output formats that store chroma at half size, whatever they are given."""


def encode(pixels: Pixels, format_name: str, quality: int, *, background: tuple[int, ...]) -> bytes:
    """Encode in a format of ``renditions.FORMATS``; alpha is kept where the format can.

    Args:
        pixels: the picture, at its final size.
        format_name: key of ``renditions.FORMATS``.
        quality: 1 to 100; PNG ignores it.
        background: red, green, blue behind transparent pixels in a JPEG.
    """
    image = pixels.image() if format_name != "jpeg" else flatten(pixels.jpeg_image(), background)
    image.info = {}  # encoders would write what is left of the upload's metadata
    options = _OPTIONS[format_name](quality)
    buffer = io.BytesIO()
    import_encoder(format_name)
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def flatten(image: Image.Image, background: tuple[int, ...]) -> Image.Image:
    """An RGBA image over a colour; other images as they are."""
    if image.mode != "RGBA":
        return image
    flat = Image.new("RGB", image.size, background[:3])
    flat.paste(image, mask=image.getchannel("A"))
    return flat


def _avif_options(quality: int) -> dict[str, Any]:
    return {
        "quality": min(100, quality + AVIF_QUALITY_OFFSET),
        "speed": AVIF_SPEED,
        "max_threads": 1,
        "advanced": {"tune": "ssim"},
    }


_OPTIONS: Final[Mapping[str, Callable[[int], dict[str, Any]]]] = {
    "jpeg": lambda quality: {"quality": quality},
    "webp": lambda quality: {"quality": quality, "method": WEBP_METHOD},
    "avif": _avif_options,
    "png": lambda _quality: {"compress_level": PNG_LEVEL},
}


_PLUGINS: Final[Mapping[str, str]] = {
    "jpeg": "PIL.JpegImagePlugin",
    "webp": "PIL.WebPImagePlugin",
    "avif": "PIL.AvifImagePlugin",
    "png": "PIL.PngImagePlugin",
}


def import_encoder(format_name: str) -> None:
    """Import a format's plugin with the first picture of it, which spares the cold start."""
    import_module(_PLUGINS[format_name])
