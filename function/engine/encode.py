"""Encode pixels in each output format, without any metadata."""

import io
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from PIL import Image

from function.engine.pixels import Pixels
from function.engine.renditions import OutputFormat

WEBP_METHOD: Final = 4
"""Effort 0-6. Method 2 takes half the time but 3-4 % more bytes at 0.003-0.004 less SSIM, and
bytes are stored and sent for ever."""

MOTION_METHOD: Final = 2
"""The same for animations: they have many frames, so that time counts for more."""

AVIF_SPEED: Final = 8
"""Speed 0-10: against 6, a third of the time for the same bytes at 0.0005-0.001 less SSIM."""

AVIF_QUALITY_OFFSET: Final = 2
"""Added to the quality: aom, tuned for SSIM, then matches sharp's AVIF of the same number."""

PNG_LEVEL: Final = 6

HALF_CHROMA: Final = frozenset({OutputFormat.JPEG, OutputFormat.WEBP, OutputFormat.AVIF})
"""Output formats that store chroma at half size, whatever they are given."""


def encode(
    pixels: Pixels, format_name: OutputFormat, quality: int, *, background: tuple[int, ...]
) -> bytes:
    """Encode a picture of its final size at ``quality`` 1 to 100, which PNG ignores.

    Alpha is kept, except in a JPEG: there ``background`` (red, green, blue) is put behind it.
    """
    if format_name is OutputFormat.AVIF:
        quality = min(100, quality + AVIF_QUALITY_OFFSET)
    jpeg = format_name is OutputFormat.JPEG
    image = _flatten(pixels.jpeg_image(), background) if jpeg else pixels.image()
    image.info = {}  # encoders would write what is left of the upload's metadata
    buffer = io.BytesIO()
    import_encoder(format_name)
    image.save(buffer, format_name, quality=quality, **_ENCODERS[format_name][1])
    return buffer.getvalue()


def _flatten(image: Image.Image, background: tuple[int, ...]) -> Image.Image:
    """Put an RGBA image over a colour; return any other image as it is."""
    if image.mode != "RGBA":
        return image
    flat = Image.new("RGB", image.size, background[:3])
    flat.paste(image, mask=image.getchannel("A"))
    return flat


_ENCODERS: Final[Mapping[OutputFormat, tuple[str, dict[str, Any]]]] = {
    OutputFormat.JPEG: ("PIL.JpegImagePlugin", {}),
    OutputFormat.WEBP: ("PIL.WebPImagePlugin", {"method": WEBP_METHOD}),
    OutputFormat.AVIF: (
        "PIL.AvifImagePlugin",
        {"speed": AVIF_SPEED, "max_threads": 1, "advanced": {"tune": "ssim"}},
    ),
    OutputFormat.PNG: ("PIL.PngImagePlugin", {"compress_level": PNG_LEVEL}),
}
"""The module of Pillow's plugin, and the plugin's options besides the quality."""


def import_encoder(format_name: OutputFormat) -> None:
    """Import a format's plugin with the first picture of it, which spares the cold start."""
    import_module(_ENCODERS[format_name][0])
