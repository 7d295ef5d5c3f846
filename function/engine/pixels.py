"""Decoded pixels in the two shapes that the engine resizes: RGB(A), or luma with half chroma.

JPEG, lossy WebP and AVIF store colour at half the width and height of brightness. Resizing luma at
full size and chroma at half costs half as much as resizing RGB, and loses only what the encoder
would drop anyway (docs/engine.md has the figures).
"""

from typing import Final, Self

from PIL import Image

from function.engine.record import Record
from function.engine.vectors import Box, Size, half_of, merge, resize

_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The turn that undoes each EXIF orientation, except 1, which needs none."""

SIDEWAYS: Final = frozenset({5, 6, 7, 8})  # orientations that swap width and height

_MIRRORED: Final = frozenset({2, 3, 6, 7})
_FLIPPED: Final = frozenset({3, 4, 7, 8})
"""Orientations whose turn swaps left and right, or top and bottom, after a transposition of the
sideways ones."""

_REDUCTION_MARGIN: Final = 1.25
"""Averaging whole pixels is a coarser filter than a decoder's own scaling, so it leaves this many
times as many pixels for the resize as a scaled decode."""


_UNIT: Final = 8192


def _matrix(*rows: tuple[float, float, float, float]) -> tuple[float, ...]:
    """Return rows of three factors and an offset in one.

    Each is rounded to a fraction of a power of two: floats of 32 bits then hold every product
    and sum exactly, so every CPU gives the same pixels, whether it fuses the two or not.
    """
    return tuple(round(value * _UNIT) / _UNIT for row in rows for value in row)


_TO_RGB: Final = _matrix(
    (1, 0, 1.402, -1.402 * 128),
    (1, -0.344136, -0.714136, (0.344136 + 0.714136) * 128),
    (1, 1.772, 0, -1.772 * 128),
)
_TO_YCBCR: Final = _matrix(
    (0.299, 0.587, 0.114, 0),
    (-0.168736, -0.331264, 0.5, 128),
    (0.5, -0.418688, -0.081312, 128),
)
"""JFIF's conversions (version 1.02, page 3): rows of three factors and an offset."""


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert YCbCr to RGB, rounded.

    ``Image.convert`` cuts fractions off: pixels come out half a level too dark, and AVIF of them
    takes 3 % more bytes for an equal SSIMULACRA2 score (docs/engine.md, "Equal quality").
    """
    return Image.merge("RGB", image.split()).convert("RGB", _TO_RGB)


def to_ycbcr(image: Image.Image) -> Image.Image:
    """Convert RGB to YCbCr, rounded."""
    return Image.merge("YCbCr", image.convert("RGB", _TO_YCBCR).split())


class _Picture(Record):
    """A picture in one or more images, of which the first has its size."""

    @property
    def size(self) -> Size:
        """Width and height in pixels."""
        return self.values()[0].size

    def turn(self, orientation: int) -> Self:
        """Turn the picture from EXIF ``orientation`` (1-8) to how a viewer shows it."""
        turn = _TURNS.get(orientation)
        return self if turn is None else type(self)(*(i.transpose(turn) for i in self.values()))


class Bitmap(_Picture):
    """Pixels as one RGB or RGBA image."""

    pixels: Image.Image
    has_full_chroma = True

    @property
    def has_alpha(self) -> bool:
        """True if some of it may be transparent."""
        return self.pixels.mode == "RGBA"

    @property
    def luma(self) -> Image.Image:
        """Brightness alone."""
        return self.pixels.convert("L")

    def resize(self, size: Size, resample: Image.Resampling, box: Box) -> "Bitmap":
        """Resample the region ``box`` to ``size``."""
        return type(self)(resize(self.pixels, size, resample, box))

    def image(self) -> Image.Image:
        """Return the pixels as RGB or RGBA."""
        return self.pixels

    def jpeg_image(self) -> Image.Image:
        """Return the pixels in the mode that JPEG encodes with least work."""
        return self.pixels

    def shrink(self, side: int) -> Image.Image:
        """Stretch the picture to a small square of ``side`` pixels, for fingerprints."""
        return _shrink(self.pixels, side)


class Merged(Bitmap):
    """Pixels as one image that was planes: its chroma has only half the resolution."""

    has_full_chroma = False


class Planes(_Picture):
    """Pixels as full-size luma and half-size chroma (Cb and Cr), each an 8-bit plane: 4:2:0."""

    luma: Image.Image
    blue: Image.Image
    red: Image.Image
    has_alpha = False
    has_full_chroma = False

    def resize(self, size: Size, resample: Image.Resampling, box: Box) -> "Planes":
        """Resample the region ``box``: luma with ``resample``, chroma with HAMMING."""
        half, hamming = half_of(size), Image.Resampling.HAMMING
        blue, red = (
            resize(plane, half, hamming, _half_box(box, size, plane.size))
            for plane in (self.blue, self.red)
        )
        return Planes(resize(self.luma, size, resample, box), blue, red)

    def image(self) -> Image.Image:
        """Return the pixels as RGB."""
        return to_rgb(self.jpeg_image())

    def jpeg_image(self) -> Image.Image:
        """Return YCbCr: a chroma pixel fills the two by two that the encoder averages again."""
        return merge(self.luma, self.blue, self.red)

    def shrink(self, side: int) -> Image.Image:
        """Stretch the picture to a small square of ``side`` pixels, for fingerprints."""
        planes = [_shrink(plane, side) for plane in self.values()]
        return Image.merge("YCbCr", planes).convert("RGB")


Pixels = Bitmap | Planes


def reduction(scale: float) -> int:
    """Return the whole factor by which pixels are averaged to leave ``scale`` and a margin."""
    return max(1, int(1 / (scale * _REDUCTION_MARGIN)))


def reduced_box(size: Size, factor: int) -> Box:
    """Return the region that a picture of ``size`` covers once it is reduced by ``factor``."""
    return 0.0, 0.0, size[0] / factor, size[1] / factor


def share_of(whole: Box, part: Box) -> Box:
    """Return where a part lies within a whole whose width and height are 1."""
    left, top, right, bottom = whole
    width, height = right - left, bottom - top
    return (
        (part[0] - left) / width,
        (part[1] - top) / height,
        (part[2] - left) / width,
        (part[3] - top) / height,
    )


def as_bitmap(pixels: Pixels) -> Bitmap:
    """Return the pixels as one image."""
    return Merged(pixels.image()) if isinstance(pixels, Planes) else pixels


def pad(image: Image.Image, canvas: Size, background: tuple[int, ...]) -> Image.Image:
    """Centre an image on a canvas: transparent around an image with alpha, else the background."""
    if image.size == canvas:
        return image
    colour = (*background[:3], 0) if image.mode == "RGBA" else background[:3]
    padded = Image.new(image.mode, canvas, colour)
    left, top = ((outer - inner) // 2 for outer, inner in zip(canvas, image.size, strict=True))
    padded.paste(image, (left, top))
    return padded


def turn_box(box: Box, size: Size, orientation: int) -> Box:
    """Return where a region of an image of ``size`` lies once the image is turned."""
    left, top, right, bottom = box
    width, height = size
    if orientation in SIDEWAYS:
        left, top, right, bottom = top, left, bottom, right
        width, height = height, width
    if orientation in _MIRRORED:
        left, right = width - right, width - left
    if orientation in _FLIPPED:
        top, bottom = height - bottom, height - top
    return left, top, right, bottom


def _half_box(box: Box, size: Size, plane: Size) -> Box:
    """Return a plane's region for half-size output of ``size``.

    Where a side of ``size`` is odd, the last chroma pixel reaches past the edge of the box.
    """
    left, top, right, bottom = (edge / 2 for edge in box)
    half = half_of(size)
    width = (right - left) * (half[0] * 2) / size[0]
    height = (bottom - top) * (half[1] * 2) / size[1]
    return left, top, min(left + width, plane[0]), min(top + height, plane[1])


def _shrink(image: Image.Image, side: int) -> Image.Image:
    """Average down to twice ``side``, then filter: a tenth of the cost of the filter alone."""
    coarse = (min(image.width, 2 * side), min(image.height, 2 * side))
    small = resize(image, coarse, Image.Resampling.BOX, (0, 0, *image.size))
    return resize(small, (side, side), Image.Resampling.HAMMING, (0, 0, *coarse))
