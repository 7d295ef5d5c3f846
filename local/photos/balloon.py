"""A hot-air balloon as a die-cut sticker: what a transparent upload looks like."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from local.photos.noise import Field, gradient, mix, smoothstep

SIZE = 1200
CROWN, WAIST, MOUTH = 87, 500, 845
"""Rows of the envelope's top, of its widest part, and of its opening."""


def draw() -> Image.Image:
    """A square of 1200 pixels with alpha."""
    art = _basket()
    art.alpha_composite(_envelope())
    # Grown by blurring, so that the paper's edge is round and leaves no hole between the ropes.
    grown = art.getchannel("A").filter(ImageFilter.GaussianBlur(17))
    outline = grown.point([0] * 11 + [255] * 245).filter(ImageFilter.GaussianBlur(2.5))
    outline = outline.point([min(255, max(0, (alpha - 64) * 2)) for alpha in range(256)])
    shadow = outline.filter(ImageFilter.GaussianBlur(14))
    shadow = shadow.point([round(alpha * 0.42) for alpha in range(256)])
    sticker = Image.new("RGBA", (SIZE, SIZE), (16, 24, 48, 0))
    sticker.putalpha(shadow.transform(shadow.size, Image.Transform.AFFINE, (1, 0, 0, 0, 1, -12)))
    paper = Image.new("RGBA", (SIZE, SIZE), "white")
    paper.putalpha(outline)
    sticker.alpha_composite(paper)
    sticker.alpha_composite(art)
    return sticker


def _envelope() -> Image.Image:
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    up = (y - 450) / 365
    # An envelope is a sphere above and a cone below.
    below = np.clip((y - WAIST) / 345, 0, 1)
    dome = 365 * np.sqrt(np.clip(1 - up**2, 0, 1))
    cone = 358 - 292 * below**1.5
    half = dome + (cone - dome) * (y >= WAIST)
    body = (
        smoothstep(-1, 1, half - np.abs(x - 600))
        * (y > CROWN)
        * smoothstep(MOUTH + 1, MOUTH - 1, y)
    )
    turn: Field = np.arcsin(np.clip((x - 600) / np.maximum(half, 1), -1, 1)) / np.pi * 10 + 5.5
    gore = np.floor(turn) % 10
    stripes = gradient(
        [
            (0, (239, 71, 111)),
            (1, (255, 209, 102)),
            (2, (6, 174, 160)),
            (3, (255, 244, 224)),
            (4, (17, 97, 140)),
        ],
        (gore % 5).astype(np.float32),
    )
    seam = smoothstep(0.0, 0.05, np.abs(turn - np.round(turn)))
    across = (x - 600) / np.maximum(half, 1)
    round_light = 1.08 - 0.42 * np.clip(across * 0.8 + up * 0.5, 0, 1.2) ** 1.4
    shine = np.exp(-(((x - 470) / 105) ** 2) - ((y - 300) / 150) ** 2) * 0.34
    skin = stripes * (round_light * (0.86 + 0.14 * seam))[..., None]
    skin = mix(skin, (1, 1, 1), shine)
    pixels = np.concatenate([skin, body[..., None]], axis=-1)
    return Image.fromarray((np.clip(pixels, 0, 1) * 255).astype(np.uint8))


def _basket() -> Image.Image:
    large = Image.new("RGBA", (2 * SIZE, 2 * SIZE))
    pen = ImageDraw.Draw(large)
    for top, foot in ((-60, -62), (-24, -30), (24, 30), (60, 62)):
        pen.line([(2 * (600 + top), 1680), (2 * (600 + foot), 1930)], fill="#6d4428", width=9)
    pen.rounded_rectangle((1064, 1916, 1336, 2124), 44, fill="#a9683a")
    for row in range(5):
        for column in range(8):
            left = 1076 + column * 33 - (row % 2) * 10
            pen.rounded_rectangle(
                (left, 1950 + row * 34, left + 25, 1974 + row * 34), 9, fill="#c98a52"
            )
    pen.rounded_rectangle((1050, 1904, 1350, 1950), 23, fill="#6d4428")
    pen.rounded_rectangle((1072, 1672, 1328, 1716), 20, fill="#0b4f6c")
    return large.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
