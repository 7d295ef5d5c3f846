"""A sample of a picture: nine of its tiles, put together to a small picture."""

from typing import Final

from PIL import Image

from function.engine.pixels import Bitmap, Pixels, Planes

ACROSS: Final = 3  # tiles, and as many down

_STEP: Final = 16
"""A tile starts at a multiple of this, and is a multiple wide: as the blocks of JPEG with chroma at
half size do, so that a tile is encoded as it is within the picture."""

_SMALLEST, _LARGEST = 32, 96
"""Sides of tiles in pixels. Smaller ones consist of seams between tiles, and nine of the largest
are encoded in 7 % of the time of 1080 x 1080 pixels."""

_SHARE: Final = 5  # a tile's side is at most this part of the picture's shorter one


def take_sample(picture: Pixels) -> Pixels | None:
    """Return nine tiles of a picture, evenly spread; None if it is too small to have a sample."""
    width, height = picture.size
    side = min(_LARGEST, max(_SMALLEST, min(width, height) // _SHARE // _STEP * _STEP))
    if min(width, height) < ACROSS * side:
        return None
    tiles = [(_start(width, i, side), _start(height, j, side)) for j in _TILES for i in _TILES]
    if isinstance(picture, Bitmap):
        return type(picture)(_join(picture.pixels, tiles, side))
    halves = [(x // 2, y // 2) for x, y in tiles]
    chroma = (_join(plane, halves, side // 2) for plane in (picture.blue, picture.red))
    return Planes(_join(picture.luma, tiles, side), *chroma)


_TILES: Final = range(ACROSS)


def _start(length: int, index: int, side: int) -> int:
    """Return where a tile starts that lies in the middle of its part of ``length`` pixels."""
    middle = (2 * index + 1) * length // (2 * ACROSS)
    return (middle - side // 2) // _STEP * _STEP


def _join(image: Image.Image, tiles: list[tuple[int, int]], side: int) -> Image.Image:
    joined = Image.new(image.mode, (ACROSS * side, ACROSS * side))
    for number, (x, y) in enumerate(tiles):
        tile = image.crop((x, y, x + side, y + side))
        joined.paste(tile, (number % ACROSS * side, number // ACROSS * side))
    return joined
