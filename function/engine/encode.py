"""Encode pixels in each output format, without any metadata."""

import io
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from PIL import Image

from function.engine.encoder_options import encoder_options
from function.engine.pixels import Pixels
from function.engine.renditions import Encoders, OutputFormat

HALF_CHROMA: Final = frozenset({OutputFormat.JPEG, OutputFormat.WEBP, OutputFormat.AVIF})
"""Output formats that store chroma at half size, whatever they are given."""


def encode(
    pixels: Pixels,
    format_name: OutputFormat,
    quality: int,
    *,
    background: tuple[int, ...],
    encoders: Encoders = Encoders.CURRENT,
) -> bytes:
    """Encode a picture of its final size at ``quality`` 1 to 100, which PNG ignores.

    Alpha is kept, except in a JPEG: there ``background`` (red, green, blue) is put behind it.
    """
    jpeg = format_name is OutputFormat.JPEG
    image = over(pixels.jpeg_image(), background) if jpeg else pixels.image()
    image.info = {}  # encoders would write what is left of the upload's metadata
    import_encoder(format_name)
    width, height = image.size
    options = encoder_options(format_name, quality, encoders, pixels=width * height)
    return save(image, format_name, options)


def save(image: Image.Image, format_name: OutputFormat, options: Mapping[str, Any]) -> bytes:
    """Encode by Pillow with its own options.

    With ``optimize``, Pillow's JPEG encoder must write all at once into a buffer that is too short
    for noise, which gets the standard's Huffman tables then.
    """
    buffer = io.BytesIO()
    try:
        image.save(buffer, format_name, **options)
    except OSError:
        if not options.get("optimize"):
            raise
        return save(image, format_name, {**options, "optimize": False})
    return buffer.getvalue()


def over(image: Image.Image, background: tuple[int, ...]) -> Image.Image:
    """Put an RGBA image over a colour; return any other image as it is."""
    if image.mode != "RGBA":
        return image
    flat = Image.new("RGB", image.size, background[:3])
    flat.paste(image, mask=image.getchannel("A"))
    return flat


_PLUGINS: Final[Mapping[OutputFormat, str]] = {
    OutputFormat.JPEG: "PIL.JpegImagePlugin",
    OutputFormat.WEBP: "PIL.WebPImagePlugin",
    OutputFormat.AVIF: "PIL.AvifImagePlugin",
    OutputFormat.PNG: "PIL.PngImagePlugin",
}


def import_encoder(format_name: OutputFormat) -> None:
    """Import a format's plugin with the first picture of it, which spares the cold start."""
    import_module(_PLUGINS[format_name])
