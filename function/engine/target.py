"""Encode a picture at a target score: the quality is found, not given (docs/engine.md).

Each format has a curve: the quality that a typical picture needs for a score. A sample of the
picture says how far it is from typical. The encoded picture is compared with its original, and
encoded once more if its score is too far from the target; a small one twice more.
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from math import exp, log
from typing import Final, NamedTuple, Protocol

from PIL import Image

from function.engine import formats
from function.engine.encode import over
from function.engine.layout import Size
from function.engine.pixels import Pixels, Planes, as_bitmap, to_ycbcr
from function.engine.quality_model import CURVES, SAMPLE
from function.engine.record import Record
from function.engine.renditions import OutputFormat
from function.engine.sample import take_sample
from function.engine.score import compared_size, distortion, distortion_of, score_of
from function.engine.vectors import split

BEST: Final = 100  # the highest quality

TOLERANCE: Final = 2.25  # points that an estimated score may be off without another encode

SAMPLE_MOST: Final = 0.8
"""Most by which the logarithm of a sample's distortion counts as off: beyond, the sample shows
little of its picture, such as the plain parts of a screenshot."""

LOWEST: Final = 10
"""The lowest quality that is tried. Scores below the measured qualities are extrapolated."""

CHECKED_PIXELS: Final = 2_100_000
"""Most pixels of a rendition that is compared with its original (Full HD is 2,073,600). Of a larger
one the sample alone decides: the comparison would take more memory than there may be."""

THRICE_PIXELS: Final = 300_000
"""Most pixels of a picture that is encoded a third time if both encodes are too far off, as those
of some drawings and sprites are. It takes no longer than a quarter of the largest rendition."""

FLATTEST: Final = 0.1
"""Least that the logarithm of a distortion must rise where the median picture's rises by 1, between
two encodes: below, another quality would only change the bytes."""

CHECKED_SIDE: Final = 64
"""Fewest pixels of a side that is compared: below, the scales of the comparison are not all there.
A smaller picture gets the quality of a typical one, which costs few bytes."""

CHECKED_BYTES: Final = 15
"""Memory for each pixel that is compared, besides the encoder's: the original and the decoded one,
four bytes each, and what converting and comparing them takes. 2 to 15 were measured."""

_BITMAP_FORMATS: Final = frozenset({OutputFormat.WEBP, OutputFormat.AVIF})
"""Formats whose encoders take RGB."""

HIGH: Final = 95
"""A sample that asks for a higher quality is encoded at the highest, too."""

FAR: Final = 10
"""Points by which a sample must miss the target at the highest quality, before the target counts as
out of reach: a sample may be that much harder to encode than its picture."""

SPARED: Final = log(1.08)
"""If the highest quality misses the target, this much more distortion (about a point) is accepted,
which often halves the bytes."""

HALVED_MOST: Final = 0.55
"""Share of the target's distortion that halving chroma alone may have in a JPEG. Above, full chroma
takes fewer bytes, and often is the only way to the target."""


class Encode(Protocol):
    """Encodes a picture at a quality; ``full_chroma`` is for JPEG."""

    def __call__(self, pixels: Pixels, quality: int, /, *, full_chroma: bool = False) -> bytes:
        """Return the encoded picture."""
        ...


class Encoded(Record):
    """An encoded picture, and the quality that it was encoded at."""

    body: bytes
    quality: int


class _Try(NamedTuple):
    miss: float  # points from the target, by the comparison
    encoded: Encoded
    measured: float  # logarithm of the distortion


def reach(
    picture: Pixels,
    target: int,
    format_name: OutputFormat,
    encode: Encode,
    *,
    background: tuple[int, ...],
) -> Encoded:
    """Encode a picture so that its score comes near to the target; take the nearest of the encodes.

    Transparent pixels are compared over the background. Where the target cannot be reached, the
    result is about the best that the format has. A PNG is without loss. Without the C module, and
    of a picture below ``CHECKED_SIDE``, the quality is that of ``typical_quality``.
    """
    if format_name not in CURVES:
        return Encoded(encode(picture, BEST), BEST)
    if format_name in _BITMAP_FORMATS:
        picture = as_bitmap(picture)  # converted once, not by each encode
    sample = take_sample(picture)
    is_jpeg = format_name is OutputFormat.JPEG
    if is_jpeg and _needs_full_chroma(sample or picture, target, background):
        encode = partial(encode, full_chroma=True)
    wanted, quality = _aim(sample, target, format_name, encode, background)
    most = most_encodes(picture.size)
    tried: list[_Try] = []
    while True:
        body = encode(picture, quality)
        measured = _measure(picture, body, format_name, background) if most > 1 else None
        if measured is None:
            return Encoded(body, quality)
        miss = abs(score_of(exp(measured)) - score_of(exp(wanted)))
        tried.append(_Try(miss, Encoded(body, quality), measured))
        nearest = min(tried, key=lambda each: each.miss)
        quality = _corrected(tried, wanted, format_name)
        is_done = nearest.miss <= TOLERANCE or len(tried) == most
        if is_done or any(quality == each.encoded.quality for each in tried):
            return nearest.encoded


def most_encodes(size: Size) -> int:
    """Return how often a picture is encoded at most; if once, it is not compared."""
    width, height = compared_size(size)
    if width * height > CHECKED_PIXELS:
        return 1
    return 3 if width * height <= THRICE_PIXELS else 2


def _corrected(tried: Sequence[_Try], wanted: float, format_name: OutputFormat) -> int:
    """Return the quality that should have the distortion ``wanted``, of one or two tries.

    Pictures differ by a factor in their distortion, which is nearly the same at each quality. Of
    two tries the difference says how much faster or more slowly than the median picture's the
    distortion falls, and a line through both is followed.
    """
    near, *others = sorted(tried, key=lambda each: each.miss)
    start, steepness = _typical_distortion(near.encoded.quality, format_name), 1.0
    for other in others:
        run = _typical_distortion(other.encoded.quality, format_name) - start
        steepness = (other.measured - near.measured) / run if run else 0.0
    if steepness < FLATTEST:
        return near.encoded.quality
    return _quality_at(start + (wanted - near.measured) / steepness, format_name)


def _aim(
    sample: Pixels | None,
    target: int,
    format_name: OutputFormat,
    encode: Encode,
    background: tuple[int, ...],
) -> tuple[float, int]:
    """Return the logarithm of the distortion to reach, and the quality to begin with.

    That is the target's distortion, unless the sample says that the format is far from it at any
    quality: then it is a little more than the least that the sample has.
    """
    wanted = log(distortion_of(target))
    typical = typical_quality(target, format_name)
    if sample is None:
        return wanted, typical
    sampled = _measure(sample, encode(sample, typical), format_name, background)
    if sampled is None:
        return wanted, typical
    gain, bias = SAMPLE[format_name]
    off = max(-SAMPLE_MOST, min(SAMPLE_MOST, wanted - sampled))
    quality = _quality_at(wanted + gain * off + bias, format_name)
    if quality > HIGH > typical:
        best = _measure(sample, encode(sample, BEST), format_name, background)
        if best is not None and score_of(exp(best)) < target - FAR:
            wanted = best + SPARED
            return wanted, _quality_below(wanted, (typical, sampled), best, format_name)
    return wanted, quality


def _quality_below(
    wanted: float, known: tuple[int, float], best: float, format_name: OutputFormat
) -> int:
    """Return a quality below the highest, of a picture of which a part is lost at any quality.

    Two points are ``known``, that of a quality and the ``best``: the distortion is a constant, and
    a multiple of the median picture's.
    """
    quality, distorted = known
    typical, least = (exp(_typical_distortion(q, format_name)) for q in (quality, BEST))
    multiple = (exp(distorted) - exp(best)) / (typical - least)
    more = exp(wanted) - exp(best)
    if multiple <= 0:
        return quality
    return _quality_at(log(least + more / multiple), format_name)


def typical_quality(target: int, format_name: OutputFormat) -> int:
    """Return the quality at which the median picture has the target's score."""
    return _quality_at(log(distortion_of(target)), format_name)


def _needs_full_chroma(picture: Pixels, target: int, background: tuple[int, ...]) -> bool:
    """Return True if halved chroma would take too much of the target's distortion."""
    if not picture.has_full_chroma or min(picture.size) < CHECKED_SIDE:
        return False
    original = _opaque(picture.image(), background)
    halved = Planes(*split(to_ycbcr(original))).image()
    found = distortion(original, halved)
    return found is not None and found > HALVED_MOST * distortion_of(target)


def _measure(
    picture: Pixels, body: bytes, format_name: OutputFormat, background: tuple[int, ...]
) -> float | None:
    """Return the logarithm of an encoded picture's distortion.

    None where the picture is too small, and without the C module.
    """
    if min(picture.size) < CHECKED_SIDE:
        return None
    known = formats.by_name(format_name)
    decoded = known.load(known.open_image(body), body)
    found = distortion(_opaque(picture.image(), background), _opaque(decoded, background))
    return None if found is None else log(found)


def _opaque(image: Image.Image, background: tuple[int, ...]) -> Image.Image:
    return over(image, background).convert("RGB")


def _typical_distortion(quality: int, format_name: OutputFormat) -> float:
    """Return the logarithm of the median picture's distortion at a quality."""
    for (low, first), (high, last) in pairwise(CURVES[format_name]):
        if quality <= high:
            return first + (quality - low) * (last - first) / (high - low)
    return CURVES[format_name][-1][1]


def _quality_at(wanted: float, format_name: OutputFormat) -> int:
    """Return the quality at which the logarithm of a median picture's distortion is ``wanted``."""
    for (low, first), (high, last) in pairwise(CURVES[format_name]):
        if wanted >= last:
            return max(LOWEST, round(low + (wanted - first) * (high - low) / (last - first)))
    return BEST
