"""Animations: every frame resized as the still picture is, and encoded as one WebP."""

import io
from typing import Final

from PIL import Image

from function.engine.encode import MOTION_METHOD, import_encoder
from function.engine.layout import Layout
from function.engine.pixels import Bitmap
from function.engine.renditions import Rendition
from function.engine.source import Source

_SHORTEST_MS: Final = 20
_DEFAULT_MS: Final = 100
"""How long browsers show a frame that states less than the shortest; so do we."""


def animate(
    source: Source, layout: Layout, rendition: Rendition, *, background: tuple[int, ...]
) -> bytes:
    """Encode all frames as animated WebP at the layout's size; alpha is kept.

    ``contain`` pads with transparency where a frame has alpha, else with the background.
    """
    frames = [_fit(frame.pixels, layout, background) for frame in source.frames]
    durations = [
        frame.milliseconds if frame.milliseconds >= _SHORTEST_MS else _DEFAULT_MS
        for frame in source.frames
    ]
    import_encoder("webp")
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        "webp",
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=source.loop,
        quality=rendition.quality,
        method=MOTION_METHOD,
    )
    return buffer.getvalue()


def _fit(pixels: Bitmap, layout: Layout, background: tuple[int, ...]) -> Image.Image:
    width, height = pixels.size
    across = width * layout.size[0] / layout.frame[0]
    down = height * layout.size[1] / layout.frame[1]
    left, top = (width - across) / 2, (height - down) / 2
    box = (left, top, left + across, top + down)
    image = pixels.resize(layout.size, Image.Resampling.LANCZOS, box).pixels
    if layout.canvas == layout.size:
        return image
    alpha = image.mode == "RGBA"
    padded = Image.new(image.mode, layout.canvas, (*background[:3], 0) if alpha else background[:3])
    padded.paste(
        image,
        ((layout.canvas[0] - layout.size[0]) // 2, (layout.canvas[1] - layout.size[1]) // 2),
    )
    return padded
