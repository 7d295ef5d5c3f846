"""A landscape seen from a point above it: a map of heights, projected to pixels."""

from dataclasses import dataclass

import numpy as np

from local.photos.noise import Field


@dataclass(frozen=True, kw_only=True)
class Camera:
    """Where the picture is taken; lengths in map cells, looking along the map's rows.

    Attributes:
        column: place across the map.
        altitude: height above the map's zero.
        focal: focal length, in pixels.
        horizon: the picture's row at eye level.
    """

    column: float
    altitude: float
    focal: float
    horizon: float


@dataclass(frozen=True, kw_only=True)
class View:
    """What each pixel sees.

    Attributes:
        depth: distance along the map's rows, in map cells; infinity is sky.
        column: place across the map.
    """

    depth: Field
    column: Field


def look(heights: Field, camera: Camera, size: tuple[int, int], near: float, far: float) -> View:
    """Find the nearest ground behind every pixel.

    Args:
        heights: the map; it repeats at its edges.
        camera: the point of view.
        size: width and height of the picture, in pixels.
        near: depth of the nearest ground, in map cells.
        far: depth of the farthest.
    """
    width, height = size
    steps = np.geomspace(near, far, 1400, dtype=np.float32)
    lines = np.arange(height, dtype=np.float32)
    slant = (np.arange(width, dtype=np.float32) - width / 2) / camera.focal
    depth = np.full((height, width), np.inf, np.float32)
    for x in range(width):
        ground = sample(heights, steps, camera.column + steps * slant[x])
        rows = camera.horizon + camera.focal * (camera.altitude - ground) / steps
        skyline = np.minimum.accumulate(rows)
        seen = lines >= skyline[-1]
        hit = np.searchsorted(-skyline, -lines[seen])
        before = np.maximum(hit - 1, 0)
        gap = np.maximum(skyline[before] - skyline[hit], 1e-6)
        share = np.clip((skyline[before] - lines[seen]) / gap, 0, 1)
        depth[seen, x] = steps[before] + (steps[hit] - steps[before]) * share
    return View(depth=depth, column=camera.column + np.where(depth < far, depth, 0) * slant)


def sample(field: Field, row: Field, column: Field) -> Field:
    """Bilinear look-up in a map (or an RGB map) that repeats at its edges."""
    top, left = np.floor(row), np.floor(column)
    down, right = row - top, column - left
    if field.shape[2:]:
        down, right = down[..., None], right[..., None]
    r, c = top.astype(np.int32) % len(field), left.astype(np.int32) % field.shape[1]
    r1, c1 = (r + 1) % len(field), (c + 1) % field.shape[1]
    upper = field[r, c] + (field[r, c1] - field[r, c]) * right
    lower = field[r1, c] + (field[r1, c1] - field[r1, c]) * right
    return upper + (lower - upper) * down


def light(heights: Field, sun: tuple[float, float, float]) -> Field:
    """Direct light on each cell, 0 to 1, from the unit vector (row, column, up) to the sun."""
    slope_row, slope_column = np.gradient(heights)
    toward = sun[2] - slope_row * sun[0] - slope_column * sun[1]
    return np.maximum(toward / np.sqrt(1 + slope_row**2 + slope_column**2), 0)


def shadow(heights: Field, sun: tuple[float, float, float], reach: int) -> Field:
    """1 in the sun, 0 behind a ridge within ``reach`` map cells, soft at the edge."""
    level = np.hypot(sun[0], sun[1])
    above = np.zeros_like(heights)
    for step in np.geomspace(2, reach, 30):
        shift = (round(-step * sun[0] / level), round(-step * sun[1] / level))
        ridge = np.roll(heights, shift, axis=(0, 1)) - step * sun[2] / level
        np.maximum(above, ridge - heights, out=above)
    return 1 - np.clip(above / 6, 0, 1)
