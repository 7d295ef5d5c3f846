"""Encode a picture at a target score: the quality is found, not given (docs/engine.md).

What a typical picture needs is known for each format. A sample of the picture tells how far it is
from that; the encoded picture is compared with its original, and encoded once more if it missed.
"""

from collections.abc import Callable
from itertools import pairwise
from math import exp, log
from typing import Final

from PIL import Image

from function.engine import formats
from function.engine.encode import over
from function.engine.pixels import Bitmap, Pixels
from function.engine.quality_model import CURVES, SAMPLE
from function.engine.record import Record
from function.engine.renditions import OutputFormat
from function.engine.sample import take_sample
from function.engine.score import distortion, distortion_of, score_of

BEST: Final = 100  # the highest quality

TOLERANCE: Final = 2.0  # points that an estimated score may be off before there is another encode

CHECKED_PIXELS: Final = 2_100_000
"""Most pixels of a rendition that is compared with its original (Full HD is 2,073,600). Of a larger
one the sample alone decides: the comparison would take more memory than there may be."""

CHECKED_BYTES: Final = 12
"""Memory for each pixel that is compared: the original and the decoded picture, four bytes each,
and what the comparison itself needs."""

_BITMAP_FORMATS: Final = frozenset({OutputFormat.WEBP, OutputFormat.AVIF})
"""Formats whose encoders take RGB."""

Encode = Callable[[Pixels, int], bytes]


class Encoded(Record):
    """An encoded picture, and the quality that it was encoded at."""

    body: bytes
    quality: int


def reach(
    picture: Pixels,
    target: int,
    format_name: OutputFormat,
    encode: Encode,
    *,
    background: tuple[int, ...],
) -> Encoded:
    """Encode a picture, at most twice, so that its score comes near to the target.

    Transparent pixels are compared over the background. Where the target cannot be reached, the
    result is the best that the format has, and so is a PNG. Without the C module the quality is
    that of ``typical_quality``.
    """
    if format_name not in CURVES:
        return Encoded(encode(picture, BEST), BEST)
    if format_name in _BITMAP_FORMATS:
        picture = Bitmap(picture.image())  # converted once, not by each encode
    quality = typical_quality(target, format_name)
    if (sample := take_sample(picture)) is not None:
        body = encode(sample, quality)
        measured = _measure(sample, body, format_name, background)
        if measured is not None:
            bias = SAMPLE[format_name]
            quality = _corrected(quality, measured * exp(bias), target, format_name)
    body = encode(picture, quality)
    width, height = picture.size
    if width * height > CHECKED_PIXELS:
        return Encoded(body, quality)
    measured = _measure(picture, body, format_name, background)
    if measured is None or abs(score_of(measured) - target) <= TOLERANCE:
        return Encoded(body, quality)
    better = _corrected(quality, measured, target, format_name)
    return Encoded(body if better == quality else encode(picture, better), better)


def typical_quality(target: int, format_name: OutputFormat) -> int:
    """Return the quality at which the median picture has the target's score."""
    return _quality_at(log(distortion_of(target)), format_name)


def _measure(
    picture: Pixels, body: bytes, format_name: OutputFormat, background: tuple[int, ...]
) -> float | None:
    """Return the distortion of an encoded picture; None without the C module."""
    known = formats.by_name(format_name)
    decoded = known.load(known.open_image(body), body)
    return distortion(_opaque(picture.image(), background), _opaque(decoded, background))


def _opaque(image: Image.Image, background: tuple[int, ...]) -> Image.Image:
    return over(image, background).convert("RGB")


def _corrected(quality: int, measured: float, target: int, format_name: OutputFormat) -> int:
    """Return the quality that is expected to bring a picture to its target.

    Pictures differ by a factor in their distortion, which is nearly the same at each quality.
    """
    factor = log(max(measured, _LEAST)) - _typical_distortion(quality, format_name)
    return _quality_at(log(distortion_of(target)) - factor, format_name)


_LEAST: Final = 0.01  # distortion of a blank picture, whose logarithm there would not be


def _typical_distortion(quality: int, format_name: OutputFormat) -> float:
    """Return the logarithm of the median picture's distortion at a quality."""
    for (low, first), (high, last) in pairwise(CURVES[format_name]):
        if quality <= high:
            return first + (quality - low) * (last - first) / (high - low)
    return CURVES[format_name][-1][1]


def _quality_at(wanted: float, format_name: OutputFormat) -> int:
    """Return the quality at which the logarithm of a median picture's distortion is ``wanted``."""
    curve = CURVES[format_name]
    if wanted >= curve[0][1]:
        return curve[0][0]
    for (low, first), (high, last) in pairwise(curve):
        if wanted >= last:
            return round(low + (wanted - first) * (high - low) / (last - first))
    return curve[-1][0]
