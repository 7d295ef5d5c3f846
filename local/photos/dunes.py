"""Desert dunes in the first sun: long shadows, ripples in the sand."""

import numpy as np
from PIL import Image

from local.photos import terrain
from local.photos.noise import Field, band, develop, fractal, gradient, mix, smoothstep

WIDTH, HEIGHT = 1600, 1066
HORIZON = 330


def paint(rng: np.random.Generator) -> Image.Image:
    """A landscape of 2400 x 1600 pixels."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    picture = gradient(
        [
            (0.0, (74, 122, 176)),
            (0.45, (156, 184, 206)),
            (0.8, (240, 214, 186)),
            (1.0, (252, 222, 180)),
        ],
        y / HORIZON,
    )
    veil = terrain.sample(
        fractal(rng, (512, 512), 1.5, stretch=0.35),
        30000 / (HORIZON * 1.25 - np.minimum(y, HORIZON)),
        x * 0.22 + 90,
    )
    picture = mix(picture, (1.0, 0.95, 0.88), smoothstep(0.2, 2.4, veil) * 0.5)
    heights, colours = _sand(rng)
    camera = terrain.Camera(column=250, altitude=120, focal=1500, horizon=HORIZON)
    view = terrain.look(heights, camera, (WIDTH, HEIGHT), 80, 1900)
    seen = np.isfinite(view.depth)
    depth, column = view.depth[seen], view.column[seen]
    sand = terrain.sample(colours, depth, column)
    lit = smoothstep(0.25, 0.8, sand[:, 0])
    drift = terrain.sample(fractal(rng, (512, 512), 1.7), depth * 0.9, column * 0.9)
    fade = np.exp(-depth / 330)
    waves = np.sin(depth * 1.05 + column * 0.42 + drift * 5.5)
    sand *= (1 + waves * 0.075 * fade * (0.35 + lit))[:, None]
    haze = 1 - np.exp(-((depth / 1700) ** 1.5))
    picture[seen] = mix(sand, (0.98, 0.82, 0.66), haze)
    return develop(rng, picture, (2400, 1600), grain=4.5)


def _sand(rng: np.random.Generator) -> tuple[Field, Field]:
    size = 1024
    row, column = np.mgrid[0:size, 0:size].astype(np.float32)
    bend, swell = band(rng, size, 3), band(rng, size, 2)
    field = 0.9 * band(rng, size, 2.6) + 0.3 * band(rng, size, 6)
    field = terrain.sample(field, row + 30 * bend, column + 34 * swell)
    crest = np.maximum(1.25 - np.sqrt(field**2 + 0.014), 0)
    heights = 40 * crest**1.5 + 12 * swell + 1.2 * band(rng, size, 9) * crest
    sun = (0.30, -0.84, 0.45)
    sunlight = terrain.light(heights, sun) * terrain.shadow(heights, sun, 200)
    colours = mix((0.40, 0.25, 0.23), (1.02, 0.68, 0.38), np.clip(sunlight * 1.5, 0, 1.1))
    return heights, colours * (1 + 0.012 * fractal(rng, (size, size), 0.6))[..., None]
