"""Decoded pixels in the two shapes that the engine resizes: RGB(A), or luma with half chroma.

JPEG, lossy WebP and AVIF store colour at half the width and height of brightness, and a JPEG
arrives that way. Resizing luma at full size and chroma at half costs half as much as resizing
RGB, and loses only what the encoder would drop anyway (docs/engine.md has the figures).
"""

from dataclasses import dataclass
from typing import Final

from PIL import Image

from function.engine.vectors import Box, Size, merge, resize, split

_TRANSPOSE: Final = Image.Transpose.TRANSPOSE
_MIRROR: Final = Image.Transpose.FLIP_LEFT_RIGHT
_FLIP: Final = Image.Transpose.FLIP_TOP_BOTTOM

TURNS: Final[dict[int, tuple[Image.Transpose, ...]]] = {
    2: (_MIRROR,),
    3: (Image.Transpose.ROTATE_180,),
    4: (_FLIP,),
    5: (_TRANSPOSE,),
    6: (Image.Transpose.ROTATE_270,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_90,),
}
"""What undoes each EXIF orientation but 1, which needs nothing."""

SIDEWAYS: Final = frozenset({5, 6, 7, 8})
"""Orientations that swap width and height."""

_MIRRORED: Final = frozenset({2, 3, 7, 6})
"""Orientations whose turn ends with left and right swapped, once sideways ones are transposed."""

_FLIPPED: Final = frozenset({3, 4, 7, 8})
"""Orientations whose turn ends with top and bottom swapped."""

_REDUCTION_MARGIN: Final = 1.25
"""Averaging whole pixels is a coarser filter than a decoder's own scaling, so it leaves the resize
so many times the pixels that a scaled decode does."""


@dataclass(frozen=True)
class Bitmap:
    """Pixels as one RGB or RGBA image."""

    pixels: Image.Image

    @property
    def size(self) -> Size:
        """Width and height in pixels."""
        return self.pixels.size

    @property
    def luma(self) -> Image.Image:
        """Brightness alone."""
        return self.pixels.convert("L")

    def resize(self, size: Size, resample: Image.Resampling, box: Box) -> "Bitmap":
        """Resample the region ``box`` to ``size``."""
        return Bitmap(resize(self.pixels, size, resample, box))

    def turn(self, orientation: int) -> "Bitmap":
        """The picture as EXIF ``orientation`` (1-8) wants it seen."""
        image = self.pixels
        for method in TURNS.get(orientation, ()):
            image = image.transpose(method)
        return Bitmap(image)

    def image(self) -> Image.Image:
        """The pixels as RGB or RGBA."""
        return self.pixels

    def jpeg_image(self) -> Image.Image:
        """The pixels in the mode that JPEG encodes with least work."""
        return self.pixels

    def tiny(self, side: int) -> Image.Image:
        """The picture stretched to a square of ``side`` pixels, for fingerprints."""
        return _tiny(self.pixels, side)


@dataclass(frozen=True)
class Planes:
    """Pixels as full-size luma and half-size chroma, each an 8-bit plane (4:2:0)."""

    luma: Image.Image
    blue: Image.Image
    red: Image.Image

    @classmethod
    def split(cls, image: Image.Image) -> "Planes":
        """Take a YCbCr image apart and halve its chroma."""
        return cls(*split(image))

    @property
    def size(self) -> Size:
        """Width and height in pixels of luma."""
        return self.luma.size

    def resize(self, size: Size, resample: Image.Resampling, box: Box) -> "Planes":
        """Resample the region ``box``: luma with ``resample``, chroma with HAMMING."""
        half = ((size[0] + 1) // 2, (size[1] + 1) // 2)
        return Planes(
            resize(self.luma, size, resample, box),
            *(
                resize(plane, half, Image.Resampling.HAMMING, _half_box(box, size, plane.size))
                for plane in (self.blue, self.red)
            ),
        )

    def turn(self, orientation: int) -> "Planes":
        """The picture as EXIF ``orientation`` (1-8) wants it seen."""
        planes = [self.luma, self.blue, self.red]
        for method in TURNS.get(orientation, ()):
            planes = [plane.transpose(method) for plane in planes]
        return Planes(*planes)

    def image(self) -> Image.Image:
        """The pixels as RGB."""
        return self.jpeg_image().convert("RGB")

    def jpeg_image(self) -> Image.Image:
        """The pixels as YCbCr; each chroma pixel fills the two by two that the encoder averages."""
        return merge(self.luma, self.blue, self.red)

    def tiny(self, side: int) -> Image.Image:
        """The picture stretched to a square of ``side`` pixels, for fingerprints."""
        planes = [_tiny(plane, side) for plane in (self.luma, self.blue, self.red)]
        return Image.merge("YCbCr", planes).convert("RGB")


Pixels = Bitmap | Planes


def reduction(scale: float) -> int:
    """Return the whole factor by which pixels are averaged to leave ``scale`` and a margin."""
    return max(1, int(1 / (scale * _REDUCTION_MARGIN)))


def reduced_box(size: Size, factor: int) -> Box:
    """Return the region that a picture of ``size`` covers once it is reduced by ``factor``."""
    return 0.0, 0.0, size[0] / factor, size[1] / factor


def turn_box(box: Box, size: Size, orientation: int) -> Box:
    """Where a region of an image of ``size`` lies once the image is turned."""
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
    """The region that half-size output covers: an odd edge's last chroma pixel reaches past it."""
    left, top, right, bottom = (edge / 2 for edge in box)
    width = (right - left) * ((size[0] + 1) // 2 * 2) / size[0]
    height = (bottom - top) * ((size[1] + 1) // 2 * 2) / size[1]
    return left, top, min(left + width, plane[0]), min(top + height, plane[1])


def _tiny(image: Image.Image, side: int) -> Image.Image:
    """Box averages down to twice ``side``, then one filter: a tenth of the filter's cost alone."""
    coarse = (min(image.width, 2 * side), min(image.height, 2 * side))
    small = resize(image, coarse, Image.Resampling.BOX, (0, 0, *image.size))
    return resize(small, (side, side), Image.Resampling.HAMMING, (0, 0, *coarse))
