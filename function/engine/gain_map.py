"""Gain maps: how much brighter a screen with more headroom shows each part of a picture.

Ultra HDR Image Format v1.1 (developer.android.com, read 2026-11-27) and ISO 21496-1 define the same
map. Logarithms are to the base 2.
"""

from typing import Final

from PIL import Image

from function.engine.layout import Layout
from function.engine.pixels import Bitmap, Box, Size
from function.engine.record import Record

_WHITE: Final = 255

LARGEST: Final = 0.5
"""A map's sides, at most, as a share of its rendition's, between whose pixels viewers interpolate.

A map as large as its picture would add 76 to 80 % to its bytes; at half the sides it is 23 to 30 %,
for 1 to 2.5 dB less (docs/engine.md, "Gain maps")."""


class Channel(Record):
    """The meaning of a map's samples, in one channel."""

    low: float  # logarithm of the gain that the sample 0 stands for
    high: float  # the same of the sample 255
    gamma: float
    sdr_offset: float  # added to the picture before it is multiplied by the gain
    hdr_offset: float  # subtracted after that

    @property
    def neutral(self) -> int:
        """The sample that changes the picture least."""
        span = self.high - self.low
        share = min(1.0, max(0.0, -self.low / span)) if span > 0 else 0.0
        return round(_WHITE * share**self.gamma)


class Gains(Record):
    """The meaning of a whole map."""

    channels: tuple[Channel, ...]  # one for all colours; or one each for red, green and blue
    low_headroom: float  # logarithm of the headroom of screens that show the picture without gain
    high_headroom: float  # logarithm of the headroom of screens that show it with all of the gain

    # False if the gains hold for the primaries of the brighter picture (ISO 21496-1).
    in_base_colours: bool = True


class FoundGainMap(Record):
    """A gain map in an upload, not decoded yet."""

    data: bytes  # its own JPEG
    size: Size
    kind: str  # kind of file, as ``Format.bytes_per_pixel`` names it
    is_colour: bool  # three gains a pixel, which hold in the picture's own primaries alone
    gains: Gains


class GainMap(Record):
    """A decoded gain map, turned as the upload is."""

    pixels: Bitmap  # grey, or RGB
    box: Box  # the region of ``pixels`` that is the upload
    gains: Gains
    size: Size  # of the whole map as the file has it
    upload: Size  # size of the upload

    def cut(self, layout: Layout, part: Box) -> Image.Image:
        """Return the map of a rendition that shows a ``part`` of the upload, in shares of its size.

        It is as much smaller than the rendition as the upload's is than the upload, and no larger
        than ``LARGEST``.
        """
        left, top, right, bottom = self.box
        width, height = right - left, bottom - top
        box = (
            left + part[0] * width,
            top + part[1] * height,
            min(left + part[2] * width, right),
            min(top + part[3] * height, bottom),
        )
        # An enlarged rendition needs no larger map: viewers interpolate.
        across, down = (
            min(LARGEST, map_side / max(side, scaled))
            for map_side, side, scaled in zip(self.size, self.upload, layout.scaled, strict=True)
        )
        (start, end, wide), (top_row, last_row, high) = (
            _place(visible, canvas, ratio)
            for visible, canvas, ratio in zip(
                layout.visible, layout.canvas, (across, down), strict=True
            )
        )
        visible = end - start, last_row - top_row
        small = self.pixels.resize(visible, Image.Resampling.LANCZOS, box).image()
        if visible == (wide, high):
            return small
        padded = Image.new(small.mode, (wide, high), self._neutral)
        padded.paste(small, (start, top_row))
        return padded

    @property
    def _neutral(self) -> tuple[int, ...]:
        """The samples of a pixel that changes the picture least."""
        neutral = tuple(channel.neutral for channel in self.gains.channels)
        bands = len(self.pixels.pixels.getbands())
        return neutral if len(neutral) == bands else neutral[:1] * bands


def _place(visible: int, canvas: int, ratio: float) -> tuple[int, int, int]:
    """Return where a padded picture starts and ends in its map, and how long the map is.

    Of the lengths next to the exact one, the one is taken at which both edges are nearest to where
    ``pixels.pad`` puts the picture's; at most the rendition's, as maps may be no longer.
    """
    if visible == canvas:
        side = max(1, round(canvas * ratio))
        return 0, side, side
    before = (canvas - visible) // 2
    edges = before / canvas, (before + visible) / canvas

    def distance(side: int) -> float:
        return sum(abs(round(edge * side) / side - edge) for edge in edges)

    near = round(canvas * ratio)
    side = min(range(max(1, near - 1), min(canvas, near + 1) + 1), key=distance)
    start, end = (round(edge * side) for edge in edges)
    start = min(start, side - 1)
    return start, max(start + 1, end), side
