"""Noise with nature's 1/f statistics: what makes synthetic pictures compress like photographs."""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

Field = npt.NDArray[np.floating[Any]]
"""A picture's plane, a map or an RGB image; colours run from 0 to 1. Mostly 32-bit, for memory."""


def fractal(
    rng: np.random.Generator, shape: tuple[int, int], slope: float, stretch: float = 1.0
) -> Field:
    """Tileable 1/f noise with mean 0 and deviation 1.

    Args:
        rng: source of randomness.
        shape: rows and columns.
        slope: amplitude falls with frequency to this power: 1 is rough, 2 is smooth.
        stretch: above 1, features are that much wider than they are high.
    """
    rows = np.fft.fftfreq(shape[0])[:, None] * shape[0]
    columns = np.fft.rfftfreq(shape[1])[None, :] * shape[1]
    frequency = np.hypot(rows, columns * stretch)
    frequency[0, 0] = np.inf
    white = rng.standard_normal(shape, dtype=np.float32)
    field = np.fft.irfft2(np.fft.rfft2(white) * frequency.astype(np.float32) ** -slope, s=shape)
    return ((field - field.mean()) / field.std()).astype(np.float32)


def band(rng: np.random.Generator, size: int, frequency: float) -> Field:
    """Tileable noise of one octave around ``frequency`` waves per side; deviation 1."""
    lines = (np.fft.fftfreq(size)[:, None] * size).astype(np.float32)
    columns = (np.fft.rfftfreq(size)[None, :] * size).astype(np.float32)
    octaves = np.log2(np.maximum(np.hypot(lines, columns), 1e-6) / frequency)
    white = rng.standard_normal((size, size), dtype=np.float32)
    window = np.exp(-4 * octaves**2)
    field = np.fft.irfft2(np.fft.rfft2(white) * window, s=(size, size))
    return (field / field.std()).astype(np.float32)


def ridged(rng: np.random.Generator, size: int, frequency: float, octaves: int) -> Field:
    """Mountains, 0 to about 1: sharp crests, and detail that grows on them, not in the valleys."""
    total = np.zeros((size, size), np.float32)
    weight = np.ones((size, size), np.float32)
    for octave in range(octaves):
        crest = np.maximum(1 - 0.6 * np.abs(band(rng, size, frequency * 2**octave)), 0) ** 1.5
        signal = crest * weight
        total += signal * np.float32(0.47**octave)
        weight = np.clip(signal * 1.2, 0.2, 1)
    return total / np.float32(1.6)


def smoothstep(low: float, high: float, value: npt.ArrayLike) -> Field:
    """0 below ``low``, 1 above ``high``, and a smooth way between; ``low`` may be the larger."""
    t = np.clip((np.asarray(value, np.float32) - low) / (high - low), 0, 1)
    return (t * t * (3 - 2 * t)).astype(np.float32)


def mix(a: npt.ArrayLike, b: npt.ArrayLike, share: npt.ArrayLike) -> Field:
    """Blend from ``a`` to ``b``; a plane as ``share`` blends two colours or RGB images."""
    a, b, share = (np.asarray(part, np.float32) for part in (a, b, share))
    if share.ndim and share.ndim < max(a.ndim, b.ndim, 3):
        share = share[..., None]
    return a + (b - a) * share


def gradient(stops: list[tuple[float, tuple[int, int, int]]], at: Field) -> Field:
    """RGB along a colour ramp of (position, 8-bit colour) stops."""
    positions = [position for position, _ in stops]
    channels = np.array([colour for _, colour in stops], np.float32) / 255
    return np.stack(
        [np.interp(at, positions, channels[:, c]).astype(np.float32) for c in range(3)], axis=-1
    )


def resize(plane: Field, width: int, height: int) -> Field:
    """A plane in another size, bicubic."""
    image = Image.fromarray(plane).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32)


def develop(
    rng: np.random.Generator, picture: Field, size: tuple[int, int], grain: float
) -> Image.Image:
    """RGB floats to a photograph: enlarged to ``size``, with a sensor's grain.

    Args:
        rng: source of the grain.
        picture: RGB, 0 to 1, rows by columns by 3.
        size: width and height of the result, in pixels.
        grain: its deviation in 8-bit levels; less in highlights, as in a camera.
    """
    image = Image.fromarray((np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8))
    pixels = np.array(image.resize(size, Image.Resampling.LANCZOS))
    for top in range(0, len(pixels), 256):  # in strips: whole planes of floats would be 600 MB
        strip = pixels[top : top + 256].astype(np.float32)
        luma = rng.standard_normal(strip.shape[:2], dtype=np.float32)[..., None]
        strip += luma * (grain * (1.1 - strip.mean(axis=-1, keepdims=True) / 320))
        pixels[top : top + 256] = np.clip(strip + 0.5, 0, 255)
    return Image.fromarray(pixels)
