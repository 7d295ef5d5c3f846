"""A mountain lake at dusk: the last light on the peaks, and all of it again in the water."""

import numpy as np
from PIL import Image

from local.photos import terrain
from local.photos.noise import Field, develop, fractal, gradient, mix, resize, ridged, smoothstep

WIDTH, HEIGHT = 2000, 1500
SHORE = 930
"""Row of the far shore."""


def paint(rng: np.random.Generator) -> Image.Image:
    """A 12-megapixel landscape."""
    picture = _sky(rng)
    _mountains(rng, picture)
    _forest(rng, picture)
    _water(rng, picture)
    return develop(rng, picture, (2 * WIDTH, 2 * HEIGHT), grain=4.4)


def _sky(rng: np.random.Generator) -> Field:
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    rise = y / SHORE
    sky = gradient(
        [
            (0.0, (38, 58, 104)),
            (0.3, (88, 104, 154)),
            (0.55, (178, 146, 172)),
            (0.75, (246, 178, 152)),
            (0.95, (255, 214, 160)),
        ],
        rise,
    )
    glow = np.exp(-(((x - 1180) / 620) ** 2) - ((rise - 0.86) / 0.32) ** 2)
    sky = mix(sky, (1.0, 0.84, 0.6), glow * 0.55)
    # A plane of clouds overhead: the closer to the horizon, the farther and the flatter.
    away = 240 / (1.18 - np.minimum(rise, 1.05))
    clouds = fractal(rng, (1024, 1024), 1.45, stretch=0.6)
    puffs = terrain.sample(clouds, away * 2.1, (x - 1180) * away / 900 + 300)
    wisps = terrain.sample(fractal(rng, (1024, 1024), 1.1, stretch=0.3), away * 2.6, x / 3)
    cover = smoothstep(0.15, 1.9, puffs + 0.22 * wisps) * (1 - 0.5 * smoothstep(0.75, 1, rise))
    lit = gradient([(0.0, (126, 112, 150)), (0.35, (232, 140, 140)), (0.8, (255, 196, 150))], rise)
    shade = mix(lit, (0.40, 0.36, 0.50), smoothstep(0.7, 2.2, puffs) * 0.55)
    return mix(sky, shade, cover * 0.8)


def _mountains(rng: np.random.Generator, picture: Field) -> None:
    size = 2048
    row, column = np.mgrid[0:size, 0:size].astype(np.float32)
    valley = 1 - 0.72 * np.exp(-(((column - 1090 - (row - 900) * 0.12) / 190) ** 2))
    rise = smoothstep(420, 1250, row) * (1 - 0.6 * smoothstep(1500, 1900, row))
    heights = ridged(rng, size, 4.5, 8) * 285 * rise * valley + 7 * smoothstep(360, 560, row)
    rough = fractal(rng, (size, size), 0.9)
    sun = (-0.42, -0.80, 0.43)
    sunlight = terrain.light(heights, sun) * terrain.shadow(heights, sun, 260)
    sunlight *= smoothstep(45, 125, heights + 10 * rough)
    camera = terrain.Camera(column=1024, altitude=9, focal=2050, horizon=SHORE - 4)
    view = terrain.look(heights, camera, (WIDTH, SHORE), 330, 1990)
    seen = np.isfinite(view.depth)
    depth, place = view.depth[seen], view.column[seen]
    altitude, grit, steepness, lit = (
        terrain.sample(plane, depth, place)
        for plane in (heights, rough, np.hypot(*np.gradient(heights)), sunlight)
    )
    lit *= smoothstep(40, 120, altitude + 10 * grit)
    rock = mix((0.30, 0.28, 0.29), (0.46, 0.41, 0.39), smoothstep(-1.5, 1.5, grit))
    snowy = smoothstep(78, 130, altitude + 24 * grit)
    snowy *= smoothstep(1.95, 1.15, steepness + 0.22 * grit)
    ground = mix(rock, (0.93, 0.94, 0.98), snowy)
    ground = mix(ground, (0.10, 0.15, 0.15), smoothstep(85, 40, altitude + 14 * grit) * 0.9)
    warm = np.array((1.78, 1.0, 0.65), np.float32) * lit[:, None]
    colour = ground * (np.array((0.40, 0.44, 0.64), np.float32) + warm)
    haze = 1 - np.exp(-((np.maximum(depth - 380, 0) / 1500) ** 1.1))
    low = smoothstep(330, SHORE, np.nonzero(seen)[0])
    haze = np.clip(haze * (0.4 + 0.7 * low), 0, 1)
    picture[:SHORE][seen] = mix(colour, (0.74, 0.62, 0.68), haze)


def _forest(rng: np.random.Generator, picture: Field) -> None:
    above = SHORE - np.arange(SHORE, dtype=np.float32)[:, None]
    drift = resize(fractal(rng, (128, 256), 1.7, stretch=0.2), WIDTH, SHORE)
    fog = np.exp(-above / (74 + 16 * drift)) * (0.66 + 0.12 * drift)
    picture[:SHORE] = mix(picture[:SHORE], (0.60, 0.52, 0.62), np.clip(fog, 0, 0.9))
    for tone, base, tall, count in ((0.16, 16, 34, 900), (0.07, 6, 62, 520)):
        crest = np.zeros(WIDTH, np.float32)
        x = np.arange(WIDTH, dtype=np.float32)
        bank = np.abs(x / WIDTH - 0.55) * 2
        for _ in range(count):
            centre = rng.uniform(0, WIDTH)
            rise = tall * rng.uniform(0.35, 1) * (0.25 + bank[int(centre)] ** 1.6)
            span = rise * rng.uniform(0.2, 0.28)
            away = np.abs(x - centre) / span
            tree = rise * (1 - away + 0.10 * np.sin(away * 19))
            np.maximum(crest, np.where(away < 1, tree, 0), out=crest)
        crest += base * (0.3 + bank)
        rows = SHORE - np.arange(140, 0, -1, dtype=np.float32)[:, None]
        cover = np.clip(crest - (SHORE - rows), 0, 1)
        mist = 0.07 * smoothstep(30, 0, SHORE - rows)[..., None]
        colour = np.array((tone * 0.72, tone * 0.95, tone), np.float32) + mist
        band = picture[SHORE - 140 : SHORE]
        band[:] = mix(band, np.broadcast_to(colour, band.shape), cover)


def _water(rng: np.random.Generator, picture: Field) -> None:
    lines = HEIGHT - SHORE
    y, x = np.mgrid[0:lines, 0:WIDTH].astype(np.float32)
    away = 26000 / (y + 34)
    waves = fractal(rng, (1024, 1024), 1.15, stretch=0.55)
    ripple = terrain.sample(waves, away * 1.7, (x - WIDTH / 2) * away / 900)
    fine = resize(fractal(rng, (lines, 1000), 0.7, stretch=0.12), WIDTH, lines)
    calm = smoothstep(-0.6, 1.2, resize(fractal(rng, (128, 128), 1.6, stretch=0.2), WIDTH, lines))
    tilt = (ripple * 0.75 + fine * 0.5) * (2 + y * 0.055) * (0.3 + 0.9 * calm)
    source = np.clip(SHORE - 2 - y * 1.28 - np.abs(tilt) * 1.6, 0, SHORE - 2)
    mirrored = terrain.sample(picture[:SHORE], source, np.clip(x + tilt * 0.3, 0, WIDTH - 1.01))
    clear = smoothstep(lines * 0.1, lines, y)
    water = mix(mirrored * (0.86, 0.88, 0.93), (0.05, 0.10, 0.15), 0.10 + 0.56 * clear)
    water += (np.maximum(tilt, 0) * 0.0045 * (1 - clear * 0.5))[..., None] * (1.0, 0.82, 0.74)
    mist = np.exp(-y / 9)[..., None] * 0.12
    picture[SHORE:] = water + mist.astype(np.float32) * (1.0, 0.86, 0.82)
