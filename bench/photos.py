"""Photos to measure with, made from a seed: no file to ship, the same bytes on every machine.

A photo is dead leaves (discs of power-law radii that hide one another, which give the edges and
the scale invariance of natural scenes) under 1/f noise (which gives texture and sensor grain).
At 12 MP and quality 91 it weighs about 4 MB, as a phone's photo does.
"""

import io
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

CACHE: Final = Path(".cache/photos")
SIZE_12_MP: Final = (4000, 3000)
SIZE_24_MP: Final = (6000, 4000)

_SEED: Final = 7
_LEAVES_PER_MEGAPIXEL: Final = 700
_SMALLEST_RADIUS: Final = 6
_TEXTURE: Final = 13.0
_GRAIN: Final = 2.2
_QUALITY: Final = 91


def photo(size: tuple[int, int] = SIZE_12_MP, *, seed: int = _SEED) -> Image.Image:
    """Return an RGB photo of ``size`` (width, height) pixels; equal seeds give equal pixels."""
    random = np.random.default_rng(seed)
    leaves = np.asarray(_dead_leaves(size, random), dtype=np.float32)
    texture = _one_over_f(size, random)
    grain = random.standard_normal((size[1], size[0]), dtype=np.float32)
    light = (_TEXTURE * texture + _GRAIN * grain)[:, :, None]
    return Image.fromarray(np.clip(leaves + light, 0, 255).astype(np.uint8), "RGB")


def photo_jpeg(size: tuple[int, int] = SIZE_12_MP) -> bytes:
    """Return the photo as a camera stores it: baseline JPEG, 4:2:0."""
    return photo_file(size).read_bytes()


def photo_file(size: tuple[int, int] = SIZE_12_MP) -> Path:
    """Return the file that holds what ``photo_jpeg`` returns."""
    name = f"{size[0]}x{size[1]}-{_SEED}.jpg"
    return cached(name, lambda: encode(photo(size), "JPEG", quality=_QUALITY))


def cached(name: str, make: Callable[[], bytes]) -> Path:
    """Return a file of CACHE, made on first use."""
    path = CACHE / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make())
    return path


def encode(image: Image.Image, format_name: str, **options: object) -> bytes:
    """Return an image as a file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def encode_heic(image: Image.Image) -> bytes:
    """Return an image as HEIC, by the encoder that the function does not ship.

    In tiles of 512 pixels, as phones write it. As one picture, 44 MP of grain are 20 MB in a single
    slice, which libde265 takes for damaged (seen with 1.1.3).
    """
    buffer = io.BytesIO()
    import_module("pillow_heif").from_pillow(image).save(buffer, quality=80, tile_size=512)
    return buffer.getvalue()


def _dead_leaves(size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    """Draw discs of radius density r^-3 back to front over a grey ground."""
    width, height = size
    image = Image.new("RGB", size, (120, 118, 110))
    draw = ImageDraw.Draw(image)
    count = _LEAVES_PER_MEGAPIXEL * width * height // 1_000_000
    radii = _SMALLEST_RADIUS / np.sqrt(random.random(count) + 1e-5)
    colours = random.normal(118, 45, (count, 1)) + random.normal(0, 22, (count, 3))
    for radius, colour, across, down in zip(
        radii, np.clip(colours, 0, 255).astype(int), *random.random((2, count)), strict=True
    ):
        x, y = across * width, down * height
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), tuple(colour.tolist()))
    return image


def _one_over_f(size: tuple[int, int], random: np.random.Generator) -> NDArray[np.float32]:
    """Return noise whose amplitude falls as 1/frequency; mean 0, standard deviation 1."""
    width, height = size
    white = np.fft.rfft2(random.standard_normal((height, width), dtype=np.float32))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    frequency[0, 0] = np.inf
    noise = np.fft.irfft2(white / frequency, (height, width)).astype(np.float32)
    return noise / noise.std()
