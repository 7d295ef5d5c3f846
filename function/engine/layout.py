"""Geometry of renditions, in whole pixels: what size comes out, and which region goes in.

Plain arithmetic on integers, so that a size is never off by one through rounding of fractions.
"""

from function.engine.record import Record
from function.engine.renditions import Fit, Rendition

Size = tuple[int, int]


class Layout(Record):
    """How one rendition is cut from an upload; each is a width and height in pixels."""

    scaled: Size  # the whole upload after scaling
    visible: Size  # the part of it that is kept; smaller than ``scaled`` only where ``cover`` crops
    canvas: Size  # the output; larger than ``visible`` only where ``contain`` pads

    @property
    def is_whole(self) -> bool:
        """Return True if nothing of the upload is cropped."""
        return self.scaled == self.visible


def lay_out(upload: Size, rendition: Rendition, *, scalable: bool = False) -> Layout:
    """Lay a rendition out on an upload of the size that a viewer sees.

    Without ``enlarge`` no pixel is invented: ``inside`` and ``contain`` keep a small upload at
    its own size, and ``cover`` shrinks the box, at its own aspect ratio, until the upload fills it.
    A ``scalable`` upload is a drawing: it has no resolution, so every size is exact.
    """
    box = (rendition.width, rendition.height)
    enlarge = rendition.enlarge or scalable
    if rendition.fit is Fit.COVER:
        visible = box if enlarge or _fits(box, upload) else _scale(box, upload)
        return Layout(_scale(upload, visible, cover=True), visible, visible)
    scaled = _scale(upload, box) if enlarge or not _fits(upload, box) else upload
    return Layout(scaled, scaled, box if rendition.fit is Fit.CONTAIN else scaled)


def _fits(inner: Size, outer: Size) -> bool:
    return inner[0] <= outer[0] and inner[1] <= outer[1]


def _scale(shape: Size, box: Size, *, cover: bool = False) -> Size:
    """Scale a shape until it just fits within ``box``, or just covers it; a side is 1 or more."""
    is_wider = shape[0] * box[1] > shape[1] * box[0]
    if is_wider == cover:
        return max(1, _divide(shape[0] * box[1], shape[1])), box[1]
    return box[0], max(1, _divide(shape[1] * box[0], shape[0]))


def _divide(dividend: int, divisor: int) -> int:
    """Divide and round to the nearest whole number, halves up."""
    return (2 * dividend + divisor) // (2 * divisor)
