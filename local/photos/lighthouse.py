"""A lighthouse at dusk, as an animation: few colours, moving parts before a still ground."""

import math

import numpy as np
from PIL import Image, ImageDraw

from local.photos.noise import gradient


def draw() -> list[Image.Image]:
    """A beam that turns above a rolling sea, 480 x 360: the 24 frames of an endless loop."""
    rng = np.random.default_rng(11)
    stars = [(rng.uniform(0, 960), rng.uniform(0, 420), rng.uniform(1, 2.6)) for _ in range(70)]
    frames = [
        _night(frame / 24, stars).resize((480, 360), Image.Resampling.LANCZOS)
        for frame in range(24)
    ]
    sheet = Image.new("RGB", (480, 360 * 4))
    for index in range(4):
        sheet.paste(frames[index * 6], (0, 360 * index))
    palette = sheet.quantize(128, dither=Image.Dither.NONE)
    return [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]


def _night(phase: float, stars: list[tuple[float, float, float]]) -> Image.Image:
    rows = np.arange(720, dtype=np.float32)[:, None].repeat(960, axis=1)
    sky = gradient(
        [(0, (20, 24, 62)), (300, (64, 52, 110)), (460, (190, 96, 120)), (540, (250, 166, 120))],
        np.floor(rows / 20) * 20,
    )
    image = Image.fromarray((sky * 255).astype(np.uint8))
    pen = ImageDraw.Draw(image, "RGBA")
    for x, y, radius in stars:
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 244, 214, 200))
    moon = Image.new("L", image.size)
    ImageDraw.Draw(moon).ellipse((120, 70, 220, 170), fill=255)
    ImageDraw.Draw(moon).ellipse((148, 58, 236, 152), fill=0)
    image.paste((255, 240, 206), mask=moon)
    turn = math.cos(phase * 2 * math.pi)
    facing = max(0.0, math.sin(phase * 2 * math.pi))
    reach, spread = 900 * turn, 34 + 66 * abs(turn)
    pen.polygon(
        [(690, 236), (690 + reach, 214 - spread), (690 + reach, 214 + spread)],
        fill=(255, 238, 170, int(40 + 90 * abs(turn))),
    )
    _tower(pen, glow=60 + 110 * facing)
    for layer, colour in enumerate(((58, 74, 130), (38, 58, 112), (24, 42, 88), (14, 28, 64))):
        base, swing = 520 + layer * 52, 9 + 4 * layer
        swell = [
            (
                x,
                base
                + swing
                * math.sin(
                    2
                    * math.pi
                    * (x / (480 - 60 * (layer % 2)) + phase * (1 + layer // 2) + layer * 0.37)
                ),
            )
            for x in range(0, 976, 16)
        ]
        pen.polygon([*swell, (976, 720), (0, 720)], fill=colour)
    return image


def _tower(pen: ImageDraw.ImageDraw, glow: float) -> None:
    pen.polygon(
        [(520, 560), (580, 500), (640, 478), (740, 474), (810, 510), (880, 560)], fill="#1b1f3d"
    )
    stripes = [(0, 478), (1, 414), (2, 350), (3, 286)]
    for index, foot in stripes:
        low, high = 46 - index * 5, 46 - (index + 1) * 5
        pen.polygon(
            [
                (690 - low, foot),
                (690 - high, foot - 66),
                (690 + high, foot - 66),
                (690 + low, foot),
            ],
            fill="#d8434e" if index % 2 else "#f4ead8",
        )
    pen.rectangle((652, 256, 728, 268), fill="#22264a")
    pen.ellipse((690 - glow, 236 - glow, 690 + glow, 236 + glow), fill=(255, 226, 140, 46))
    pen.ellipse(
        (690 - glow / 2, 236 - glow / 2, 690 + glow / 2, 236 + glow / 2), fill=(255, 236, 170, 90)
    )
    pen.rectangle((668, 214, 712, 256), fill="#fff2c4")
    pen.polygon([(658, 214), (690, 184), (722, 214)], fill="#d8434e")
