"""Find the gain map of a JPEG, and decode it: a second JPEG behind the first (Ultra HDR)."""

from itertools import islice
from typing import Final

from PIL import Image

from function.engine.errors import Rejected
from function.engine.formats.gain_metadata import read_gains
from function.engine.formats.jpeg_index import further_pictures
from function.engine.formats.jpeg_scaled import draft, open_image
from function.engine.formats.jpeg_segments import USUAL_SCANS, kind_of, walk, walk_header
from function.engine.gain_map import FoundGainMap
from function.engine.pixels import Box

_MOST_PICTURES: Final = 4  # of an index that are looked at
_LONGEST_HEADER: Final = 1 << 17  # bytes in which a map's scan must begin
_GREY, _RGB = 1, 3  # components
_BITS: Final = 8  # of a component


def find_gain_map(data: bytes) -> FoundGainMap | None:
    """Return the first gain map that the index lists, if its metadata can be read.

    A map that no honest encoder writes is not found: of a size that its own header does not tell
    clearly, arithmetic-coded, in many scans, or overlapping the header of the first picture.
    """
    first = walk_header(data).header
    for listed in islice(further_pictures(data, first), _MOST_PICTURES):
        picture = data[listed.start : listed.start + listed.length]
        if first and listed.start > first and (found := _read(picture)):
            return found
    return None


def _read(picture: bytes) -> FoundGainMap | None:
    if not picture.startswith(b"\xff\xd8\xff"):
        return None
    try:
        gains = read_gains(picture[: walk_header(picture[:_LONGEST_HEADER]).header])
        if not gains:
            return None
        walked, kind = walk(picture), kind_of(picture, halves_chroma=False, native=True)
    except Rejected:
        return None
    is_usual = walked.bits == _BITS and 0 < walked.scans <= USUAL_SCANS and not walked.arithmetic
    is_colour = walked.components == _RGB
    if not is_usual or not (is_colour or walked.components == _GREY):
        return None
    if len(gains.channels) > 1 and not is_colour:
        return None
    return FoundGainMap(picture, walked.size, kind, is_colour, gains)


def load_gain_map(found: FoundGainMap, scale: float) -> tuple[Image.Image, Box]:
    """Decode a map at the smallest scale that is at least ``scale``, to grey or RGB.

    The region returned is the map. Raises what Pillow raises for damage.
    """
    image = open_image(found.data)
    if image.size != found.size or image.mode not in ("L", "RGB"):
        raise OSError("The header of this gain map is ambiguous.")
    return draft(image, scale, image.mode)
