"""Photos to measure with, made from a seed: no file to ship, the same bytes on every machine.

A photo is dead leaves (discs of power-law radii that hide one another, which give the edges and
the scale invariance of natural scenes) under 1/f noise (which gives texture and sensor grain).
At 12 MP and quality 91 it weighs about 4 MB, as a phone's photo does.
"""

import io
from importlib import import_module
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

CACHE: Final = Path(".cache/photos")
SIZE_12_MP: Final = (4000, 3000)
SIZE_24_MP: Final = (6000, 4000)

_LEAVES_PER_MEGAPIXEL: Final = 700
_SMALLEST_RADIUS: Final = 6
_TEXTURE: Final = 13.0
_GRAIN: Final = 2.2
_QUALITY: Final = 91


def photo(size: tuple[int, int] = SIZE_12_MP, *, seed: int = 7) -> Image.Image:
    """An RGB photo of ``size`` (width, height) pixels; equal seeds give equal pixels."""
    random = np.random.default_rng(seed)
    leaves = np.asarray(_dead_leaves(size, random), dtype=np.float32)
    texture = _one_over_f(size, random)
    grain = random.standard_normal((size[1], size[0]), dtype=np.float32)
    light = (_TEXTURE * texture + _GRAIN * grain)[:, :, None]
    return Image.fromarray(np.clip(leaves + light, 0, 255).astype(np.uint8), "RGB")


def photo_jpeg(size: tuple[int, int] = SIZE_12_MP, *, seed: int = 7) -> bytes:
    """The photo as a camera stores it: baseline JPEG, 4:2:0; made once, then read from CACHE."""
    path = CACHE / f"{size[0]}x{size[1]}-{seed}.jpg"
    if path.exists():
        return path.read_bytes()
    data = encode(photo(size, seed=seed), "JPEG", quality=_QUALITY)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return data


def encode(image: Image.Image, format_name: str, **options: object) -> bytes:
    """One image as a file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def encode_heic(image: Image.Image) -> bytes:
    """One image as HEIC, by the encoder that the function does not ship.

    In tiles of 512 pixels, as phones write it. As one picture, 44 MP of grain are 20 MB in a single
    slice, which libde265 takes for damaged (seen with 1.1.3).
    """
    buffer = io.BytesIO()
    import_module("pillow_heif").from_pillow(image).save(buffer, quality=80, tile_size=512)
    return buffer.getvalue()


def _dead_leaves(size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    """Discs of radius density r^-3, drawn back to front over a grey ground."""
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
    """Noise whose amplitude falls as 1/frequency; mean 0, standard deviation 1."""
    width, height = size
    white = np.fft.rfft2(random.standard_normal((height, width), dtype=np.float32))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    frequency[0, 0] = np.inf
    noise = np.fft.irfft2(white / frequency, (height, width)).astype(np.float32)
    return noise / noise.std()
