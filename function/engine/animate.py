"""Animations: every frame resized as the still picture is, and encoded as one WebP."""

import io

from PIL import Image

from function.engine.crop import crop_box
from function.engine.encode import import_encoder
from function.engine.encoder_options import MOTION_METHOD
from function.engine.layout import Layout
from function.engine.pixels import Bitmap, pad
from function.engine.renditions import OutputFormat, Position, Rendition, Target
from function.engine.source import Source
from function.engine.target import Encoded, typical_quality

_SHORTEST_MS, _DEFAULT_MS = 20, 100
"""Browsers show a frame that states less than the shortest time for the default; so do we."""


def animate(
    source: Source, layout: Layout, rendition: Rendition, *, background: tuple[int, ...]
) -> Encoded:
    """Encode all frames as animated WebP; alpha is kept, and ``cover`` keeps the centre.

    ``contain`` pads with transparency where a frame has alpha, else with the background. A target
    gets the quality of a typical picture: of many frames, one more encode takes long.
    """
    quality = rendition.quality
    if isinstance(quality, Target):
        quality = typical_quality(quality.target, OutputFormat.WEBP)
    pictures = (_resize(frame.pixels, layout) for frame in source.frames)
    frames = [pad(picture, layout.canvas, background) for picture in pictures]
    stated = (frame.milliseconds for frame in source.frames)
    durations = [time if time >= _SHORTEST_MS else _DEFAULT_MS for time in stated]
    import_encoder(OutputFormat.WEBP)
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        OutputFormat.WEBP,
        save_all=True,
        append_images=frames[1:],
        duration=durations,
        loop=source.loop,
        quality=quality,
        method=MOTION_METHOD,
    )
    return Encoded(buffer.getvalue(), quality)


def _resize(pixels: Bitmap, layout: Layout) -> Image.Image:
    box = crop_box(pixels, (0, 0, *pixels.size), layout, Position.CENTRE)
    return pixels.resize(layout.visible, Image.Resampling.LANCZOS, box).pixels
