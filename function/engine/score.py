"""An estimate of SSIMULACRA2, which says how well an encoded picture shows its original.

SSIMULACRA2 (Jon Sneyers, Cloudinary, 2022) adds up how unlike two pictures are at six scales, in
three planes, by three maps, and turns the sum into a score: 100 is equal, 90 not to be told apart
when flickered, 70 hardly noticed side by side. The C module has the maps at four scales, and of
every fourth pixel; the weights of its terms are fitted to the score (docs/engine.md, "A target
instead of a number"). The sum is called distortion here: 0 for equal pictures.

SSIMULACRA2 needs 256 pixels on a side for its six scales. A smaller picture is repeated in mirror
image, as the judge of ``bench`` repeats it; otherwise its borders would count for too much, and its
smaller scales for nothing.
"""

from functools import cache
from typing import Final

from PIL import Image, ImageOps

from function.engine.layout import Size
from function.engine.quality_model import BASE, WEIGHTS
from function.engine.vectors import compare

_CUBIC: Final = (6.248496625763138e-05, -0.020884521182843837, 2.326765642916932)
_SLOPE, _POWER = 0.9562382616834844, 0.6276336467831387
"""SSIMULACRA2's own curve from the sum to the score (libjxl, tools/ssimulacra2.cc, Score)."""

_MOST: Final = 170.0
"""Distortion at which that curve has fallen far below 0."""

_HALVINGS: Final = 60

WHOLE_SIDE: Final = 256
"""Shorter side in pixels from which a picture is compared as it is, not repeated."""


def distortion(original: Image.Image, output: Image.Image) -> float | None:
    """Estimate how unlike two RGB images of one size are; None without the C module."""
    terms = compare_whole(original, output)
    if terms is None:
        return None
    return BASE + sum(weight * term for weight, term in zip(WEIGHTS, terms, strict=True))


def compare_whole(original: Image.Image, output: Image.Image) -> tuple[float, ...] | None:
    """Return the terms of two RGB images of one size, small ones repeated in mirror image.

    None without the C module.
    """
    return compare(_repeated(original), _repeated(output))


def compared_size(size: Size) -> Size:
    """Return the size at which a picture is compared."""
    return max(size[0], WHOLE_SIDE), max(size[1], WHOLE_SIDE)


def _repeated(image: Image.Image) -> Image.Image:
    """Return a picture of ``compared_size``, which goes on in mirror image beside and below."""
    size, whole = image.size, compared_size(image.size)
    if whole == size:
        return image
    result = Image.new(image.mode, whole)
    across = (image, ImageOps.mirror(image))
    down = (across, tuple(map(ImageOps.flip, across)))
    for row, top in enumerate(range(0, whole[1], size[1])):
        for column, left in enumerate(range(0, whole[0], size[0])):
            result.paste(down[row % 2][column % 2], (left, top))
    return result


def score_of(sum_of_terms: float) -> float:
    """Return the score of a distortion."""
    x = _SLOPE * sum_of_terms
    first, second, third = _CUBIC
    return 100 - 10 * max(0.0, ((first * x + second) * x + third) * x) ** _POWER


@cache
def distortion_of(score: float) -> float:
    """Return the distortion that has a score."""
    low, high = 0.0, _MOST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if score_of(middle) > score else (low, middle)
    return low
