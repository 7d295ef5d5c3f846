"""Render a decoded upload: resize it to each size and encode it in each format."""

from collections.abc import Iterator, Sequence
from typing import Final

from PIL import Image, ImageColor

from function.engine.animate import animate
from function.engine.colour import to_srgb
from function.engine.crop import crop_box
from function.engine.encode import encode
from function.engine.layout import Layout, lay_out
from function.engine.pixels import (
    Box,
    Pixels,
    Planes,
    Size,
    as_bitmap,
    pad,
    reduced_box,
    share_of,
    to_ycbcr,
)
from function.engine.record import Record
from function.engine.renditions import OutputFormat, Quality, Rendition, Target
from function.engine.results import Rendered, Task
from function.engine.source import Source
from function.engine.target import Encoded, reach
from function.engine.ultra_hdr import with_gain_map
from function.engine.vectors import split

CASCADE_RATIO: Final = 1.25
"""A rendition is cut from the smallest larger one that has at least so many times its width and
height, so that the filter has pixels to work with."""


class _Stage(Record):
    """A picture of the whole upload, within ``box``, from which smaller ones can be made."""

    pixels: Pixels
    box: Box


def render(source: Source, task: Task) -> Iterator[Rendered]:
    """Yield each rendition in each of its formats, in their order, as soon as it is encoded."""
    ground = ImageColor.getrgb(task.background)
    pictures = resize_all(source, task.renditions, best=task.quality == Quality.BEST)
    for rendition, (layout, pixels, part) in zip(task.renditions, pictures, strict=True):
        for format_name in rendition.formats:
            if rendition.animated and source.frames and format_name is OutputFormat.WEBP:
                encoded = animate(source, layout, rendition, background=ground)
            else:
                fits = pixels.size == layout.canvas
                padded = pixels if fits else _pad(pixels, layout.canvas, ground)
                encoded = _encode(padded, format_name, rendition.quality, task)
            body = encoded.body
            is_hdr = source.gain_map is not None and format_name is OutputFormat.JPEG
            if source.gain_map and is_hdr:
                small = source.gain_map.cut(layout, part)
                body = with_gain_map(body, small, source.gain_map.gains, encoded.quality)
            yield Rendered(rendition.name, format_name, *layout.canvas, body, is_hdr)


def _pad(pixels: Pixels, canvas: Size, ground: tuple[int, ...]) -> Pixels:
    bitmap = as_bitmap(pixels)
    return type(bitmap)(pad(bitmap.pixels, canvas, ground))


def _encode(
    picture: Pixels, format_name: OutputFormat, quality: int | Target, task: Task
) -> Encoded:
    ground = ImageColor.getrgb(task.background)
    # A target's curves are those of the usual options, and it takes up to three encodes.
    patience = task.patience if isinstance(quality, int) else 0.0

    def encode_at(pixels: Pixels, number: int, *, full_chroma: bool = False) -> bytes:
        return encode(
            pixels,
            format_name,
            number,
            background=ground,
            encoders=task.encoders,
            full_chroma=full_chroma,
            patience=patience,
        )

    if isinstance(quality, int):
        return Encoded(encode_at(picture, quality), quality)
    return reach(picture, quality.target, format_name, encode_at, background=ground)


def resize_all(
    source: Source, renditions: Sequence[Rendition], *, best: bool
) -> list[tuple[Layout, Pixels, Box]]:
    """Return every rendition's picture, and the part of the upload that it shows, in shares.

    Pictures are computed from large to small, each from a larger one.
    """
    layouts = [lay_out(source.size, r, scalable=source.scalable) for r in renditions]
    upload = _Stage(source.pixels, source.box)
    stages = [upload]
    made: dict[int, Pixels] = {}
    parts: dict[int, Box] = {}
    for index in sorted(range(len(layouts)), key=lambda i: layouts[i].scaled, reverse=True):
        layout = layouts[index]
        stage = _parent(stages, layout.scaled)
        box = crop_box(stage.pixels, stage.box, layout, renditions[index].position)
        parts[index] = share_of(stage.box, box)
        made[index] = _resize(stage, layout.visible, box, best=best)
        if source.profile and stage is upload:
            # Planes still in the upload's profile: of the few pixels left, a conversion is cheap.
            image = to_srgb(made[index].image(), source.profile)
            made[index] = Planes(*split(to_ycbcr(image)))
        if layout.is_whole:
            stages.append(_Stage(made[index], reduced_box(layout.visible, 1)))
    return [(layout, made[index], parts[index]) for index, layout in enumerate(layouts)]


def _parent(stages: Sequence[_Stage], scaled: Size) -> _Stage:
    """Return the smallest stage that leaves the filter enough to work with, else the upload."""
    for stage in reversed(stages[1:]):
        left, top, right, bottom = stage.box
        width, height = (CASCADE_RATIO * side for side in scaled)
        if right - left >= width and bottom - top >= height:
            return stage
    return stages[0]


def _resize(stage: _Stage, size: Size, box: Box, *, best: bool) -> Pixels:
    if size == stage.pixels.size and box == (0, 0, *size):
        return stage.pixels
    softer = size[0] > box[2] - box[0] and not best  # LANCZOS rings where it invents pixels
    resample = Image.Resampling.BICUBIC if softer else Image.Resampling.LANCZOS
    return stage.pixels.resize(size, resample, box)
