"""Pixels to renditions: resize to each size and encode in each format."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image, ImageOps

from function.decode import Source
from function.schema import Rendition


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """One encoded rendition.

    Attributes:
        rendition: which of the stack's renditions this is.
        format: output format's name, a key of ``schema.FORMATS``.
        width: width of the output, in pixels.
        height: height of the output, in pixels.
        body: the encoded file.
    """

    rendition: Rendition
    format: str
    width: int
    height: int
    body: bytes


def render(source: Source, renditions: Sequence[Rendition]) -> Iterator[Rendered]:
    """Yield each rendition in each of its formats, in the order given, as soon as it is encoded."""
    for rendition in renditions:
        image = _resize(source.image, rendition)
        for format_name in rendition.formats:
            yield Rendered(
                rendition=rendition,
                format=format_name,
                width=image.width,
                height=image.height,
                body=_encode(image, format_name, rendition.quality),
            )


def _resize(image: Image.Image, rendition: Rendition) -> Image.Image:
    box = (min(rendition.width, image.width), min(rendition.height, image.height))
    if rendition.fit == "cover":
        return ImageOps.fit(image, box, Image.Resampling.LANCZOS)
    if rendition.fit == "contain":
        return ImageOps.pad(image, box, Image.Resampling.LANCZOS)
    return ImageOps.contain(image, box, Image.Resampling.LANCZOS)


def _encode(image: Image.Image, format_name: str, quality: int) -> bytes:
    buffer = io.BytesIO()
    if format_name == "jpeg":
        if image.mode == "RGBA":
            flat = Image.new("RGB", image.size, "white")
            flat.paste(image, mask=image.getchannel("A"))
            image = flat
        image.save(buffer, "JPEG", quality=quality)
    else:
        image.save(buffer, format_name, quality=quality)
    return buffer.getvalue()
