"""Geometry of renditions, in whole pixels: what size comes out, and which region goes in.

Plain arithmetic on integers, so that a size is never off by one through rounding of fractions.
"""

from dataclasses import dataclass

from function.engine.renditions import Rendition

Size = tuple[int, int]


@dataclass(frozen=True)
class Layout:
    """How one rendition is cut from an upload.

    Attributes:
        frame: size to which the whole upload is scaled; ``cover`` crops it to ``size``.
        size: size of the picture before padding.
        canvas: size of the output; larger than ``size`` only for ``contain``.
    """

    frame: Size
    size: Size
    canvas: Size

    @property
    def is_whole(self) -> bool:
        """Whether all of the upload is in the picture."""
        return self.frame == self.size


def lay_out(upload: Size, rendition: Rendition, *, scalable: bool = False) -> Layout:
    """Lay a rendition out on an upload of the size that a viewer sees.

    Without ``enlarge`` no pixel is invented: ``inside`` and ``contain`` keep a small upload at
    its own size, and ``cover`` shrinks the box, at its own aspect ratio, until the upload fills it.

    Args:
        upload: width and height in pixels, orientation applied.
        rendition: the box and how to fill it.
        scalable: the upload is a drawing without a resolution of its own, so any size is exact.
    """
    box = (rendition.width, rendition.height)
    enlarge = rendition.enlarge or scalable
    if rendition.fit == "cover":
        size = box if enlarge or _fits(box, upload) else _inside(box, upload)
        return Layout(frame=_outside(upload, size), size=size, canvas=size)
    size = _inside(upload, box) if enlarge or not _fits(upload, box) else upload
    return Layout(frame=size, size=size, canvas=box if rendition.fit == "contain" else size)


def _fits(inner: Size, outer: Size) -> bool:
    return inner[0] <= outer[0] and inner[1] <= outer[1]


def _inside(shape: Size, box: Size) -> Size:
    """The largest size with the aspect ratio of ``shape`` within ``box``; a side is 1 or more."""
    if shape[0] * box[1] <= shape[1] * box[0]:
        return max(1, _divide(shape[0] * box[1], shape[1])), box[1]
    return box[0], max(1, _divide(shape[1] * box[0], shape[0]))


def _outside(shape: Size, box: Size) -> Size:
    """The smallest size with the aspect ratio of ``shape`` that covers ``box``."""
    if shape[0] * box[1] >= shape[1] * box[0]:
        return max(box[0], _divide(shape[0] * box[1], shape[1])), box[1]
    return box[0], max(box[1], _divide(shape[1] * box[0], shape[0]))


def _divide(dividend: int, divisor: int) -> int:
    """Division rounded to the nearest whole, halves up."""
    return (2 * dividend + divisor) // (2 * divisor)
