"""Encode a picture at a target score: the quality is found, not given (docs/engine.md).

Each format has a curve: the quality that a typical picture needs for a score. A sample of the
picture says how far it is from typical. The encoded picture is compared with its original, and
encoded once more if its score is too far from the target; a small one twice more. If the sample
stays far below the target at any quality, the first encode is at the highest one.
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
"""Points by which a sample must miss the target at the highest quality, before its picture is
encoded at that quality too: then the target may be out of reach."""

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
    encoded: Encoded
    measured: float  # logarithm of the distortion

    def miss(self, wanted: float) -> float:
        """Return how many points the score is from that of the distortion ``exp(wanted)``."""
        return abs(score_of(exp(self.measured)) - score_of(exp(wanted)))


class _Limit(NamedTuple):
    """A picture of which a part is lost at any quality: a constant distortion, and the codec's."""

    best: float  # logarithm of the distortion at the highest quality
    multiple: float  # of the median picture's distortion, which is added to the constant

    @property
    def wanted(self) -> float:
        """The logarithm of the distortion that is accepted in place of the target's."""
        return self.best + SPARED


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
    wanted = log(distortion_of(target))
    quality, limit = _first_quality(sample, wanted, format_name, encode, background)
    most = most_encodes(picture.size)

    def attempt(quality: int) -> _Try:
        body = encode(picture, quality)
        measured = _measure(picture, body, format_name, background) if most > 1 else None
        return _Try(Encoded(body, quality), wanted if measured is None else measured)

    tried: list[_Try] = []
    if limit and most > 1:
        # A sample may be much harder to encode than its picture: the picture has its own limit.
        tried.append(attempt(BEST))
        limit = limit._replace(best=tried[0].measured)
    if limit and limit.wanted > wanted:
        wanted, quality = limit.wanted, _quality_below(limit, format_name)
    elif limit:
        quality = _corrected(tried, wanted, format_name)
    while len(tried) < most and all(quality != each.encoded.quality for each in tried):
        tried.append(attempt(quality))
        if tried[-1].miss(wanted) <= TOLERANCE:
            break
        quality = _corrected(tried, wanted, format_name)
    return _choose(tried, wanted)


def _choose(tried: Sequence[_Try], wanted: float) -> Encoded:
    """Return the smallest encode of the ones within the tolerance, else the nearest."""
    best = min(tried, key=lambda each: (max(TOLERANCE, each.miss(wanted)), len(each.encoded.body)))
    return best.encoded


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
    near, *others = sorted(tried, key=lambda each: each.miss(wanted))
    start, steepness = _typical_distortion(near.encoded.quality, format_name), 1.0
    for other in others:
        run = _typical_distortion(other.encoded.quality, format_name) - start
        steepness = (other.measured - near.measured) / run if run else 0.0
    if steepness < FLATTEST:
        return near.encoded.quality
    return _quality_at(start + (wanted - near.measured) / steepness, format_name)


def _first_quality(
    sample: Pixels | None,
    wanted: float,
    format_name: OutputFormat,
    encode: Encode,
    background: tuple[int, ...],
) -> tuple[int, _Limit | None]:
    """Return the quality to begin with for a logarithm of the distortion.

    With it comes a limit if the sample stays far from that distortion at any quality.
    """
    typical = _quality_at(wanted, format_name)
    if sample is None:
        return typical, None
    sampled = _measure(sample, encode(sample, typical), format_name, background)
    if sampled is None:
        return typical, None
    gain, bias = SAMPLE[format_name]
    off = max(-SAMPLE_MOST, min(SAMPLE_MOST, wanted - sampled))
    quality = _quality_at(wanted + gain * off + bias, format_name)
    if quality > HIGH > typical:
        best = _measure(sample, encode(sample, BEST), format_name, background)
        if best is not None and score_of(exp(best)) < score_of(exp(wanted)) - FAR:
            median, least = (exp(_typical_distortion(q, format_name)) for q in (typical, BEST))
            multiple = (exp(sampled) - exp(best)) / (median - least)
            return quality, _Limit(best, max(FLATTEST, multiple))
    return quality, None


def _quality_below(limit: _Limit, format_name: OutputFormat) -> int:
    """Return the quality at which a picture with a limit has the distortion that is accepted."""
    least = exp(_typical_distortion(BEST, format_name))
    more = exp(limit.wanted) - exp(limit.best)
    return _quality_at(log(least + more / limit.multiple), format_name)


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
