"""Pixels to renditions: resize to each size and encode in each format."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageColor

from function.engine.animate import animate
from function.engine.colour import to_srgb
from function.engine.crop import crop_box
from function.engine.encode import encode
from function.engine.layout import Layout, lay_out
from function.engine.pixels import Bitmap, Box, Pixels, Planes, Size
from function.engine.renditions import Rendition
from function.engine.source import Source

BACKGROUND: Final = "#ffffff"
"""What shows where a picture is transparent or padded and the format keeps no alpha."""

HEADROOM: Final = 1.25
"""A rendition is cut from the smallest larger one that is at least this many times its size."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """One encoded rendition.

    Attributes:
        rendition: which of the stack's renditions this is.
        format: output format's name, a key of ``renditions.FORMATS``.
        width: width of the output, in pixels.
        height: height of the output, in pixels.
        body: the encoded file.
    """

    rendition: Rendition
    format: str
    width: int
    height: int
    body: bytes


@dataclass(frozen=True)
class _Stage:
    """A picture of the whole upload that smaller ones can be made of."""

    pixels: Pixels
    box: Box

    @property
    def size(self) -> tuple[float, float]:
        left, top, right, bottom = self.box
        return right - left, bottom - top


def render(
    source: Source,
    renditions: Sequence[Rendition],
    *,
    background: str = BACKGROUND,
    quality: str = "fast",
) -> Iterator[Rendered]:
    """Yield each rendition in each of its formats, in the order given, as soon as it is encoded.

    Args:
        source: what ``decode`` made of the upload.
        renditions: the sizes and formats wanted.
        background: ``#rrggbb`` behind transparent pixels and padding where alpha is not kept.
        quality: ``fast``, or ``best``: LANCZOS even for what is enlarged.
    """
    ground = ImageColor.getrgb(background)
    pictures = _resize_all(source, renditions, best=quality == "best")
    for rendition, (layout, pixels) in zip(renditions, pictures, strict=True):
        for format_name in rendition.formats:
            if rendition.animated and source.frames and format_name == "webp":
                body = animate(source, layout, rendition, background=ground)
            else:
                padded = _pad(pixels, layout.canvas, ground)
                body = encode(padded, format_name, rendition.quality, background=ground)
            yield Rendered(
                rendition=rendition,
                format=format_name,
                width=layout.canvas[0],
                height=layout.canvas[1],
                body=body,
            )


def _resize_all(
    source: Source, renditions: Sequence[Rendition], *, best: bool
) -> list[tuple[Layout, Pixels]]:
    """Every rendition's picture; computed from large to small, each from the next larger."""
    layouts = [lay_out(source.size, r, scalable=source.scalable) for r in renditions]
    upload = _Stage(source.pixels, source.box)
    stages = [upload]
    made: dict[int, Pixels] = {}
    for index in sorted(range(len(layouts)), key=lambda i: layouts[i].frame, reverse=True):
        layout = layouts[index]
        stage = _parent(stages, layout.frame)
        box = crop_box(stage.pixels, stage.box, layout, renditions[index].position)
        made[index] = _resize(stage, layout.size, box, best=best)
        if source.profile and stage is upload:
            image = to_srgb(made[index].image(), source.profile)
            made[index] = Planes.split(image.convert("YCbCr"))
        if layout.is_whole:
            whole = (0.0, 0.0, float(layout.size[0]), float(layout.size[1]))
            stages.append(_Stage(made[index], whole))
    return [(layout, made[index]) for index, layout in enumerate(layouts)]


def _parent(stages: Sequence[_Stage], frame: Size) -> _Stage:
    """The smallest stage that leaves the filter enough to work with, else the upload itself."""
    for stage in reversed(stages[1:]):
        if stage.size[0] >= HEADROOM * frame[0] and stage.size[1] >= HEADROOM * frame[1]:
            return stage
    return stages[0]


def _resize(stage: _Stage, size: Size, box: Box, *, best: bool) -> Pixels:
    if size == stage.pixels.size and box == (0, 0, *size):
        return stage.pixels
    enlarged = size[0] > box[2] - box[0]
    softer = enlarged and not best  # LANCZOS rings where it has to invent pixels
    resample = Image.Resampling.BICUBIC if softer else Image.Resampling.LANCZOS
    return stage.pixels.resize(size, resample, box)


def _pad(pixels: Pixels, canvas: Size, background: tuple[int, ...]) -> Pixels:
    """Centre a picture on a larger canvas: transparent around alpha, else the background."""
    if pixels.size == canvas:
        return pixels
    image = pixels.image()
    colour = (*background[:3], 0) if image.mode == "RGBA" else background[:3]
    padded = Image.new(image.mode, canvas, colour)
    left, top = ((outer - inner) // 2 for outer, inner in zip(canvas, image.size, strict=True))
    padded.paste(image, (left, top))
    return Bitmap(padded)
