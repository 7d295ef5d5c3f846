"""Two painted landscapes: a mountain lake at dusk, and desert dunes in the first sun.

Both are maps of heights from seeded noise, looked at from a point above them. They have nature's
1/f spectrum and a sensor's grain, so that they compress, and resize, as photographs do.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Field = npt.NDArray[np.floating[Any]]
"""A picture's plane, a map or an RGB image; colours run from 0 to 1. Mostly 32-bit, for memory."""


def lake(rng: np.random.Generator) -> Image.Image:
    """Paint the last light on the peaks, and all of it again in the water; 12 megapixels."""
    width, height, shore = 2000, 1500, 930
    picture = _dusk(rng, width, height, shore)
    _mountains(rng, picture[:shore])
    _forest(rng, picture[:shore])
    _water(rng, picture, shore)
    return _develop(rng, picture, grain=4.4)


def dunes(rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Paint long shadows and ripples in the sand, twice as wide and high as the size given."""
    horizon = round(height * 0.31)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    picture = _ramp(
        [
            (0.0, (74, 122, 176)),
            (0.45, (156, 184, 206)),
            (0.8, (240, 214, 186)),
            (1.0, (252, 222, 180)),
        ],
        y / horizon,
    )
    veil = _fractal(rng, (512, 512), 1.5, stretch=0.35)
    veil = _sample(veil, 0.275 * horizon / (1.25 - np.minimum(y / horizon, 1)), x * 0.22 + 90)
    picture = _mix(picture, (1.0, 0.95, 0.88), _smoothstep(0.2, 2.4, veil) * 0.5)
    heights, colours = _sand(rng)
    depth, column = _look(
        heights, (width, height), (50, 1900), column=250, altitude=120, focal=1500, horizon=horizon
    )
    seen = np.isfinite(depth)
    depth, column = depth[seen], column[seen]
    sand = _sample(colours, depth, column)
    lit = _smoothstep(0.25, 0.8, sand[:, 0])
    drift = _sample(_fractal(rng, (512, 512), 1.7), depth * 0.9, column * 0.9)
    waves = np.sin(depth * 1.05 + column * 0.42 + drift * 5.5)
    sand *= (1 + waves * 0.075 * np.exp(-depth / 330) * (0.35 + lit))[:, None]
    picture[seen] = _mix(sand, (0.98, 0.82, 0.66), 1 - np.exp(-((depth / 1700) ** 1.5)))
    return _develop(rng, picture, grain=4.5)


def _sand(rng: np.random.Generator) -> tuple[Field, Field]:
    size = 1024
    row, column = np.mgrid[0:size, 0:size].astype(np.float32)
    bend, swell = _band(rng, size, 3), _band(rng, size, 2)
    field = 0.9 * _band(rng, size, 2.6) + 0.3 * _band(rng, size, 6)
    field = _sample(field, row + 30 * bend, column + 34 * swell)
    crest = np.maximum(1.25 - np.sqrt(field**2 + 0.014), 0)
    heights = 40 * crest**1.5 + 12 * swell + 1.2 * _band(rng, size, 9) * crest
    sun = (0.30, -0.84, 0.45)
    sunlight = _light(heights, sun) * _shadow(heights, sun, 200)
    colours = _mix((0.40, 0.25, 0.23), (1.02, 0.68, 0.38), np.clip(sunlight * 1.5, 0, 1.1))
    return heights, colours * (1 + 0.012 * _fractal(rng, (size, size), 0.6))[..., None]


def _dusk(rng: np.random.Generator, width: int, height: int, shore: int) -> Field:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    rise = y / shore
    sky = _ramp(
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
    sky = _mix(sky, (1.0, 0.84, 0.6), glow * 0.55)
    # A plane of clouds overhead: the closer to the horizon, the farther and the flatter.
    away = 240 / (1.18 - np.minimum(rise, 1.05))
    clouds = _fractal(rng, (1024, 1024), 1.45, stretch=0.6)
    puffs = _sample(clouds, away * 2.1, (x - 1180) * away / 900 + 300)
    wisps = _sample(_fractal(rng, (1024, 1024), 1.1, stretch=0.3), away * 2.6, x / 3)
    cover = _smoothstep(0.15, 1.9, puffs + 0.22 * wisps) * (1 - 0.5 * _smoothstep(0.75, 1, rise))
    lit = _ramp([(0.0, (126, 112, 150)), (0.35, (232, 140, 140)), (0.8, (255, 196, 150))], rise)
    shade = _mix(lit, (0.40, 0.36, 0.50), _smoothstep(0.7, 2.2, puffs) * 0.55)
    return _mix(sky, shade, cover * 0.8)


def _mountains(rng: np.random.Generator, picture: Field) -> None:
    shore, width = picture.shape[:2]
    size = 2048
    row, column = np.mgrid[0:size, 0:size].astype(np.float32)
    valley = 1 - 0.72 * np.exp(-(((column - 1090 - (row - 900) * 0.12) / 190) ** 2))
    rise = _smoothstep(420, 1250, row) * (1 - 0.6 * _smoothstep(1500, 1900, row))
    heights = _ridged(rng, size, 4.5, 8) * 285 * rise * valley + 7 * _smoothstep(360, 560, row)
    rough = _fractal(rng, (size, size), 0.9)
    sun = (-0.42, -0.80, 0.43)
    sunlight = _light(heights, sun) * _shadow(heights, sun, 260)
    sunlight *= _smoothstep(45, 125, heights + 10 * rough)
    depth, place = _look(
        heights, (width, shore), (330, 1990), column=1024, altitude=9, focal=2050, horizon=shore - 4
    )
    seen = np.isfinite(depth)
    depth, place = depth[seen], place[seen]
    altitude, grit, steepness, lit = (
        _sample(plane, depth, place)
        for plane in (heights, rough, np.hypot(*np.gradient(heights)), sunlight)
    )
    lit *= _smoothstep(40, 120, altitude + 10 * grit)
    rock = _mix((0.30, 0.28, 0.29), (0.46, 0.41, 0.39), _smoothstep(-1.5, 1.5, grit))
    snowy = _smoothstep(78, 130, altitude + 24 * grit)
    snowy *= _smoothstep(1.95, 1.15, steepness + 0.22 * grit)
    ground = _mix(rock, (0.93, 0.94, 0.98), snowy)
    ground = _mix(ground, (0.10, 0.15, 0.15), _smoothstep(85, 40, altitude + 14 * grit) * 0.9)
    warm = np.array((1.78, 1.0, 0.65), np.float32) * lit[:, None]
    colour = ground * (np.array((0.40, 0.44, 0.64), np.float32) + warm)
    haze = 1 - np.exp(-((np.maximum(depth - 380, 0) / 1500) ** 1.1))
    haze = np.clip(haze * (0.4 + 0.7 * _smoothstep(330, shore, np.nonzero(seen)[0])), 0, 1)
    picture[seen] = _mix(colour, (0.74, 0.62, 0.68), haze)


def _forest(rng: np.random.Generator, picture: Field) -> None:
    shore, width = len(picture), len(picture[0])
    above = shore - np.arange(shore, dtype=np.float32)[:, None]
    drift = _resize(_fractal(rng, (128, 256), 1.7, stretch=0.2), width, shore)
    fog = np.exp(-above / (74 + 16 * drift)) * (0.66 + 0.12 * drift)
    picture[:] = _mix(picture, (0.60, 0.52, 0.62), np.clip(fog, 0, 0.9))
    x = np.arange(width, dtype=np.float32)
    bank = np.abs(x / width - 0.55) * 2
    for tone, base, tall, count in ((0.16, 16, 34, 900), (0.07, 6, 62, 520)):
        crest = np.zeros(width, np.float32)
        for _ in range(count):
            centre = rng.uniform(0, width)
            rise = tall * rng.uniform(0.35, 1) * (0.25 + bank[int(centre)] ** 1.6)
            away = np.abs(x - centre) / (rise * rng.uniform(0.2, 0.28))
            tree = rise * (1 - away + 0.10 * np.sin(away * 19))
            np.maximum(crest, np.where(away < 1, tree, 0), out=crest)
        crest += base * (0.3 + bank)
        up = np.arange(140, 0, -1, dtype=np.float32)[:, None]
        mist = 0.07 * _smoothstep(30, 0, up)[..., None]
        colour = np.array((tone * 0.72, tone * 0.95, tone), np.float32) + mist
        band = picture[-140:]
        band[:] = _mix(band, np.broadcast_to(colour, band.shape), np.clip(crest - up, 0, 1))


def _water(rng: np.random.Generator, picture: Field, shore: int) -> None:
    height, width = picture.shape[:2]
    lines = height - shore
    y, x = np.mgrid[0:lines, 0:width].astype(np.float32)
    away = 26000 / (y + 34)
    waves = _fractal(rng, (1024, 1024), 1.15, stretch=0.55)
    ripple = _sample(waves, away * 1.7, (x - width / 2) * away / 900)
    fine = _resize(_fractal(rng, (lines, 1000), 0.7, stretch=0.12), width, lines)
    calm = _resize(_fractal(rng, (128, 128), 1.6, stretch=0.2), width, lines)
    tilt = (ripple * 0.75 + fine * 0.5) * (2 + y * 0.055)
    tilt *= 0.3 + 0.9 * _smoothstep(-0.6, 1.2, calm)
    source = np.clip(shore - 2 - y * 1.28 - np.abs(tilt) * 1.6, 0, shore - 2)
    mirrored = _sample(picture[:shore], source, np.clip(x + tilt * 0.3, 0, width - 1.01))
    clear = _smoothstep(lines * 0.1, lines, y)
    water = _mix(mirrored * (0.86, 0.88, 0.93), (0.05, 0.10, 0.15), 0.10 + 0.56 * clear)
    water += (np.maximum(tilt, 0) * 0.0045 * (1 - clear * 0.5))[..., None] * (1.0, 0.82, 0.74)
    mist = np.exp(-y / 9)[..., None] * 0.12
    picture[shore:] = water + mist.astype(np.float32) * (1.0, 0.86, 0.82)


def _look(
    heights: Field,
    size: tuple[int, int],
    reach: tuple[float, float],
    *,
    column: float,
    altitude: float,
    focal: float,
    horizon: float,
) -> tuple[Field, Field]:
    """Return the row of the map that each pixel sees, infinite for the sky, and its column.

    Args:
        heights: the map; it repeats at its edges.
        size: width and height of the picture, in pixels.
        reach: rows of the nearest and of the farthest ground.
        column: where the camera is; it looks along the map's rows.
        altitude: its height above the map's zero.
        focal: its focal length, in pixels.
        horizon: the picture's row at eye level.
    """
    width, height = size
    steps = np.geomspace(*reach, 1400, dtype=np.float32)
    lines = np.arange(height, dtype=np.float32)
    slant = (np.arange(width, dtype=np.float32) - width / 2) / focal
    depth = np.full((height, width), np.inf, np.float32)
    for x in range(width):
        ground = _sample(heights, steps, column + steps * slant[x])
        rows = horizon + focal * (altitude - ground) / steps
        skyline = np.minimum.accumulate(rows)
        seen = lines >= skyline[-1]
        hit = np.searchsorted(-skyline, -lines[seen])
        before = np.maximum(hit - 1, 0)
        gap = np.maximum(skyline[before] - skyline[hit], 1e-6)
        share = np.clip((skyline[before] - lines[seen]) / gap, 0, 1)
        depth[seen, x] = steps[before] + (steps[hit] - steps[before]) * share
    return depth, column + np.where(depth < reach[1], depth, 0) * slant


def _sample(field: Field, row: Field, column: Field) -> Field:
    """Look up a map (or an RGB map) that repeats at its edges, bilinearly."""
    top, left = np.floor(row), np.floor(column)
    down, right = row - top, column - left
    if field.shape[2:]:
        down, right = down[..., None], right[..., None]
    r, c = top.astype(np.int32) % len(field), left.astype(np.int32) % field.shape[1]
    r1, c1 = (r + 1) % len(field), (c + 1) % field.shape[1]
    upper = field[r, c] + (field[r, c1] - field[r, c]) * right
    lower = field[r1, c] + (field[r1, c1] - field[r1, c]) * right
    return upper + (lower - upper) * down


def _light(heights: Field, sun: tuple[float, float, float]) -> Field:
    """Return direct light on each cell, 0 to 1; ``sun`` is the unit vector (row, column, up)."""
    slope_row, slope_column = np.gradient(heights)
    toward = sun[2] - slope_row * sun[0] - slope_column * sun[1]
    return np.maximum(toward / np.sqrt(1 + slope_row**2 + slope_column**2), 0)


def _shadow(heights: Field, sun: tuple[float, float, float], reach: int) -> Field:
    """Return 1 in the sun and 0 behind a ridge within ``reach`` cells, soft at the edge."""
    level = np.hypot(sun[0], sun[1])
    above = np.zeros_like(heights)
    for step in np.geomspace(2, reach, 30):
        shift = (round(-step * sun[0] / level), round(-step * sun[1] / level))
        ridge = np.roll(heights, shift, axis=(0, 1)) - step * sun[2] / level
        np.maximum(above, ridge - heights, out=above)
    return 1 - np.clip(above / 6, 0, 1)


def _fractal(
    rng: np.random.Generator, shape: tuple[int, int], slope: float, stretch: float = 1.0
) -> Field:
    """Return tileable noise whose amplitude falls with frequency to the power ``slope``."""
    rows = np.fft.fftfreq(shape[0])[:, None] * shape[0]
    columns = np.fft.rfftfreq(shape[1])[None, :] * shape[1]
    frequency = np.hypot(rows, columns * stretch)
    frequency[0, 0] = np.inf
    white = rng.standard_normal(shape, dtype=np.float32)
    field = np.fft.irfft2(np.fft.rfft2(white) * frequency.astype(np.float32) ** -slope, s=shape)
    return ((field - field.mean()) / field.std()).astype(np.float32)


def _band(rng: np.random.Generator, size: int, frequency: float) -> Field:
    """Return tileable noise of one octave around ``frequency`` waves per side."""
    lines = (np.fft.fftfreq(size)[:, None] * size).astype(np.float32)
    columns = (np.fft.rfftfreq(size)[None, :] * size).astype(np.float32)
    octaves = np.log2(np.maximum(np.hypot(lines, columns), 1e-6) / frequency)
    white = rng.standard_normal((size, size), dtype=np.float32)
    field = np.fft.irfft2(np.fft.rfft2(white) * np.exp(-4 * octaves**2), s=(size, size))
    return (field / field.std()).astype(np.float32)


def _ridged(rng: np.random.Generator, size: int, frequency: float, octaves: int) -> Field:
    """Return mountains: sharp crests, and detail that grows on them, not in the valleys."""
    total = np.zeros((size, size), np.float32)
    weight = np.ones((size, size), np.float32)
    for octave in range(octaves):
        crest = np.maximum(1 - 0.6 * np.abs(_band(rng, size, frequency * 2**octave)), 0) ** 1.5
        signal = crest * weight
        total += signal * np.float32(0.47**octave)
        weight = np.clip(signal * 1.2, 0.2, 1)
    return total / np.float32(1.6)


def _smoothstep(low: float, high: float, value: npt.ArrayLike) -> Field:
    """Return 0 below ``low``, 1 above ``high``, smooth between; ``low`` may be the larger."""
    t = np.clip((np.asarray(value, np.float32) - low) / (high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def _mix(a: npt.ArrayLike, b: npt.ArrayLike, share: npt.ArrayLike) -> Field:
    """Blend from ``a`` to ``b``; a plane as ``share`` blends two colours or RGB images."""
    a, b, share = (np.asarray(part, np.float32) for part in (a, b, share))
    if share.ndim and share.ndim < max(a.ndim, b.ndim, 3):
        share = share[..., None]
    return a + (b - a) * share


def _ramp(stops: list[tuple[float, tuple[int, int, int]]], at: Field) -> Field:
    """Return RGB along a colour ramp of (position, 8-bit colour) stops."""
    positions = [position for position, _ in stops]
    channels = np.array([colour for _, colour in stops], np.float32) / 255
    planes = [np.interp(at, positions, channels[:, c]).astype(np.float32) for c in range(3)]
    return np.stack(planes, axis=-1)


def _resize(plane: Field, width: int, height: int) -> Field:
    image = Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32)


def _develop(rng: np.random.Generator, picture: Field, grain: float) -> Image.Image:
    """Enlarge to twice the size, and add grain (in 8-bit levels), less of it in highlights."""
    image = Image.fromarray((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))
    size = (image.width * 2, image.height * 2)
    pixels = np.array(image.resize(size, Image.Resampling.LANCZOS))
    for top in range(0, len(pixels), 256):  # in strips: whole planes of floats would be 600 MB
        strip = pixels[top : top + 256].astype(np.float32)
        luma = rng.standard_normal(strip.shape[:2], dtype=np.float32)[..., None]
        strip += luma * (grain * (1.1 - strip.mean(axis=-1, keepdims=True) / 320))
        pixels[top : top + 256] = np.clip(strip + 0.5, 0, 255)
    return Image.fromarray(pixels)
