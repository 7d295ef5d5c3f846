"""Encode pixels in each output format, without any metadata."""

import io
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any, Final

from PIL import Image, ImageChops

from function.engine.encoder_options import Picture, encoder_options
from function.engine.pixels import Pixels, Planes
from function.engine.refused_memory import forget_refused_memory
from function.engine.renditions import Encoders, OutputFormat
from function.engine.sample import take_sample
from function.engine.vectors import encode_planes, encode_rgb

HALF_CHROMA: Final = frozenset({OutputFormat.JPEG, OutputFormat.WEBP, OutputFormat.AVIF})
"""Output formats that store chroma at half size, at least of pixels that come as planes."""

FLAT: Final = 0.5
"""Share of the pixels that equal their left neighbour from which a picture counts as a drawing or a
screenshot (docs/engine.md, "Defaults")."""


def encode(
    pixels: Pixels,
    format_name: OutputFormat,
    quality: int,
    *,
    background: tuple[int, ...],
    encoders: Encoders = Encoders.CURRENT,
    full_chroma: bool = False,
    patience: float = 0.0,
) -> bytes:
    """Encode a picture of its final size at ``quality`` 1 to 100, which PNG ignores.

    It may take ``patience`` CPU seconds for fewer bytes. Alpha is kept, except in a JPEG: there
    ``background`` (red, green, blue) is put behind it. A JPEG's chroma is at half size, unless
    ``full_chroma`` asks for all of it. An AVIF has all that the picture has, and a WebP half.
    """
    is_jpeg = format_name is OutputFormat.JPEG
    width, height = pixels.size
    has_full_chroma = pixels.has_full_chroma and (full_chroma or not is_jpeg)
    is_drawing = format_name is OutputFormat.AVIF and is_flat(pixels)
    picture = Picture(width * height, has_full_chroma, is_drawing)
    options = encoder_options(format_name, quality, encoders, picture, patience=patience)
    if options.get("optimize") and isinstance(pixels, Planes):
        made = _optimised(partial(encode_planes, pixels.values()), options)
        if made:
            return made
    image = over(pixels.jpeg_image(), background) if is_jpeg else pixels.image()
    if options.get("optimize") and image.mode == "RGB":
        made = _optimised(partial(encode_rgb, image, is_halved=not has_full_chroma), options)
        if made:
            return made
    image.info = {}  # encoders would write what is left of the upload's metadata
    import_encoder(format_name)
    return save(image, format_name, options)


def _optimised(make: Callable[..., bytes | None], options: dict[str, Any]) -> bytes | None:
    """Encode a JPEG by the C module, or return None for Pillow to do it.

    Without memory for optimised Huffman tables, ``options`` ask for the standard's from then on.
    """
    try:
        return make(steps=options["qtables"][0])
    except MemoryError:
        forget_refused_memory()  # or a later fault of ours would count as the upload's
        options["optimize"] = False
        return None


def is_flat(pixels: Pixels) -> bool:
    """Return True for a drawing or a screenshot: areas of one colour, in pixels of full chroma.

    The halved chroma of other pixels hides what is flat, so they count as a photograph.
    """
    if not pixels.has_full_chroma:
        return False
    image = (take_sample(pixels) or pixels).image()
    width, height = image.size
    if width == 1:
        return False
    here, left = image.crop((1, 0, width, height)), image.crop((0, 0, width - 1, height))
    most, *others = ImageChops.difference(here, left).split()
    for band in others:
        most = ImageChops.lighter(most, band)
    return most.histogram()[0] >= FLAT * (width - 1) * height


def save(image: Image.Image, format_name: OutputFormat, options: Mapping[str, Any]) -> bytes:
    """Encode by Pillow with its own options.

    With ``optimize``, Pillow's JPEG encoder must write all at once into a buffer that is too short
    for noise, and that there may be no memory for. The standard's Huffman tables are taken then.
    """
    buffer = io.BytesIO()
    try:
        image.save(buffer, format_name, **options)
    except (OSError, MemoryError):
        if not options.get("optimize"):
            raise
        forget_refused_memory()  # of which libjpeg makes an OSError
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
