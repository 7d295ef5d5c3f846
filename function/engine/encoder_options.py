"""The options that each encoder of Pillow gets, for the qualities that settings name."""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

from function.engine.renditions import Encoders, OutputFormat

WEBP_METHOD: Final = 4
"""Effort 0-6. Method 2 takes half the time but 5 to 9 % more bytes at an equal score, and bytes are
stored and sent for ever (docs/engine.md, "Defaults")."""

MOTION_METHOD: Final = 2
"""The same for animations: they have many frames, so that time counts for more."""

PNG_LEVEL: Final = 6

AVIF_SPEED: Final = 9

AVIF_SLOW_SPEED: Final = 8
"""For drawings and screenshots: speed 9 leaves out what aom knows of flat colours and text, so that
they would take 1.2 to 1.9 times the bytes (docs/engine.md, "Equal quality")."""

# fmt: off
JPEG_TABLE: Final = (
    10, 12, 14,  19,  26,  38,  57,  86,
    12, 18, 21,  28,  35,  41,  54,  76,
    14, 21, 25,  32,  44,  63,  92, 136,
    19, 28, 32,  41,  54,  75, 107, 157,
    26, 35, 44,  54,  70,  95, 132, 190,
    38, 41, 63,  75,  95, 125, 170, 239,
    57, 54, 92, 107, 132, 170, 227, 312,
    86, 76, 136, 157, 190, 239, 312, 419,
)
# fmt: on
"""Quantisation steps for luma and chroma, row by row: Klein, Silverstein and Carney, "Relevance of
human vision to JPEG-DCT compression" (1992), as mozjpeg has it (jcparam.c, std_luminance_quant_tbl
5). Against T.81's table K.1, 5 to 9 % fewer bytes at an equal score and no time."""

COARSER: Final = 115
"""Per cent by which steps are larger than by libjpeg's rule for its own table: a quality then has
about the score that it had with that table, and the bytes that are saved."""

OPTIMISED_PIXELS: Final = 2_100_000
"""Most pixels of a JPEG that gets its own Huffman tables (Full HD is 2,073,600): 2 to 9 % fewer
bytes of a photo, half of a plain sky. The encoder holds up to 2.2 bytes for each pixel of a photo
meanwhile, and up to 12 for noise at quality 100, which the limits on memory do not count."""

AVIF_QUALITY: Final = ((1, 1), (30, 36), (50, 50), (70, 60), (80, 70), (90, 85), (100, 100))
"""Pairs of a quality and of the one that libavif gets instead, between which lines are drawn: the
score is then about that of a JPEG of the same number (docs/engine.md, "Defaults")."""


PATIENT_SPEED: Final = 6
"""aom's speed where nobody waits: 23 % fewer bytes than at 9 at an equal score, for 10 times the
CPU time. Speed 5 saves 4 % more for 57 times (docs/first-view.md, "Lazy formats")."""

HALF_SECONDS, FULL_SECONDS = 2.5, 3.7
"""CPU seconds reckoned for a megapixel at ``PATIENT_SPEED``, with chroma at half and at full size:
noise with alpha took up to 2.2 and 3.6 (docs/first-view.md, "Lazy formats"). At 1024 MB, where a
worker has 5.2, the largest AVIF is Full HD (2.07 megapixels), or 1.4 megapixels."""


class Picture(NamedTuple):
    """Facts of a picture that its encoder's options depend on."""

    pixels: int  # width x height
    has_full_chroma: bool = False  # chroma must be encoded at full size
    is_drawing: bool = False  # a drawing or a screenshot


def encoder_options(
    format_name: OutputFormat,
    quality: int,
    encoders: Encoders,
    picture: Picture,
    *,
    patience: float = 0.0,
) -> dict[str, Any]:
    """Return the options of ``Image.save``.

    Args:
        format_name: the output format.
        quality: 1 to 100, which PNG ignores.
        encoders: the set of options.
        picture: what is encoded.
        patience: CPU seconds that may be taken for fewer bytes, where that pays: in AVIF.
    """
    options = _OPTIONS[encoders][format_name](quality, picture)
    a_megapixel = FULL_SECONDS if picture.has_full_chroma else HALF_SECONDS
    is_slow = picture.pixels / 1e6 * a_megapixel <= patience
    if is_slow and format_name is OutputFormat.AVIF and encoders != Encoders.V0_1:
        options["speed"] = PATIENT_SPEED
    return options


def _jpeg(quality: int, picture: Picture) -> dict[str, Any]:
    # Without ``quality``: Pillow does not scale tables that it is given, and libjpeg would use its
    # own.
    table = quantisation_table(quality)
    optimize = picture.pixels <= OPTIMISED_PIXELS
    full = {"subsampling": 0} if picture.has_full_chroma else {}
    return {"qtables": [table, table], "optimize": optimize, **full}


@cache
def quantisation_table(quality: int) -> list[int]:
    """Return the steps of ``JPEG_TABLE`` for a quality, scaled as libjpeg scales its own.

    That is in proportion to 100 - quality, and from 50 down to 1 / quality (jpeg_quality_scaling).
    """
    percent = 200 - 2 * quality if quality >= _MIDDLE else 5000 // quality
    return [min(255, max(1, (step * percent * COARSER + 5000) // 10000)) for step in JPEG_TABLE]


_MIDDLE: Final = 50


def avif_quality(quality: int) -> int:
    """Return libavif's quality whose score is about that of a JPEG of ``quality``."""
    place = max(1, bisect_left([known for known, _ in AVIF_QUALITY], quality))
    (low, first), (high, last) = AVIF_QUALITY[place - 1 : place + 1]
    return round(first + (quality - low) * (last - first) / (high - low))


def _avif(quality: int, picture: Picture) -> dict[str, Any]:
    # Tuned by ``iq``, libavif's default for stills. Trellis quantisation takes a fifth of the time
    # and saves no byte at this speed.
    return {
        "quality": avif_quality(quality),
        "speed": AVIF_SLOW_SPEED if picture.is_drawing else AVIF_SPEED,
        "max_threads": 1,
        "advanced": {"disable-trellis-quant": "1"},
        **({"subsampling": "4:4:4"} if picture.has_full_chroma else {}),
    }


def _avif_smaller(quality: int, picture: Picture) -> dict[str, Any]:
    return {**_avif(quality, picture), "speed": AVIF_SLOW_SPEED}


def _webp(quality: int, _picture: Picture) -> dict[str, Any]:
    return {"quality": quality, "method": WEBP_METHOD}


def _png(_quality: int, _picture: Picture) -> dict[str, Any]:
    return {"compress_level": PNG_LEVEL}


def _jpeg_v0_1(quality: int, _picture: Picture) -> dict[str, Any]:
    return {"quality": quality}


def _avif_v0_1(quality: int, _picture: Picture) -> dict[str, Any]:
    # aom, tuned for SSIM, matches sharp's AVIF of the same number with 2 added.
    return {
        "quality": min(100, quality + 2),
        "speed": 8,
        "max_threads": 1,
        "advanced": {"tune": "ssim"},
    }


_Options = Mapping[OutputFormat, Callable[[int, Picture], dict[str, Any]]]

_UNCHANGED: Final[_Options] = {OutputFormat.WEBP: _webp, OutputFormat.PNG: _png}

_OPTIONS: Final[Mapping[Encoders, _Options]] = {
    Encoders.CURRENT: {OutputFormat.JPEG: _jpeg, OutputFormat.AVIF: _avif, **_UNCHANGED},
    Encoders.SMALLER: {OutputFormat.JPEG: _jpeg, OutputFormat.AVIF: _avif_smaller, **_UNCHANGED},
    Encoders.V0_1: {OutputFormat.JPEG: _jpeg_v0_1, OutputFormat.AVIF: _avif_v0_1, **_UNCHANGED},
}
