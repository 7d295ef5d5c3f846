"""Find what a JPEG has besides its picture: a gain map, depth, a film, further pictures."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from function.engine.errors import Rejected
from function.engine.formats.gain_metadata import ISO
from function.engine.formats.jpeg_gain_map import find_gain_map
from function.engine.formats.jpeg_index import UNDEFINED, further_pictures, has_index
from function.engine.formats.jpeg_segments import walk_header
from function.engine.formats.xmp import marked, marked_by_apple
from function.engine.losses import Loss

_MULTI_FRAME: Final = 0x02
"""Third byte of the type of a panorama's parts, of stereo pairs and of views from many angles; of a
thumbnail's it is 1."""

_MOST_UNDEFINED: Final = 4  # pictures of no type that are looked at
_LONGEST_HEADER: Final = 1 << 20  # bytes of a further picture in which its scan must begin

_AUXILIARY: Final = b"AuxiliaryImageType"  # in Apple's XMP of a picture that belongs to another
_SAMSUNG: Final = b"SEFT"  # the end of data, a film among them, that a Samsung phone writes behind


def losses(data: bytes) -> Iterator[Loss]:
    """Yield what a JPEG has that no rendition keeps; the same may come twice."""
    first = walk_header(data)
    header = first.header
    found = {*marked(data, header)}
    if Loss.MOTION in found and data.find(b"ftyp", header) < 0:
        found.remove(Loss.MOTION)  # the film was cut off, as some editors do
    if data.find(ISO, 0, header) >= 0 or find_gain_map(data):
        found.add(Loss.HDR)
    if data.endswith(_SAMSUNG) and b"MotionPhoto_Data" in data:
        found.add(Loss.MOTION)
    if has_index(data, header):
        # Editors leave wrong offsets in the index, so these marks are not looked for by them.
        found.update(marked_by_apple(data, header))
        further = [*further_pictures(data, header)]
        undefined = (listed.start for listed in further if listed.kind == UNDEFINED)
        if any(listed.kind >> 16 == _MULTI_FRAME for listed in further) or (
            not found & {Loss.HDR, Loss.DEPTH}
            and any(_is_page(data, at, first.pixels) for at in islice(undefined, _MOST_UNDEFINED))
        ):
            found.add(Loss.PAGES)
    yield from found


def _is_page(data: bytes, at: int, pixels: int) -> bool:
    """Return True for a picture, no smaller than the first one, that does not belong to it."""
    picture = data[at : at + _LONGEST_HEADER]
    try:
        found = walk_header(picture)
    except Rejected:
        return False
    is_picture = picture.startswith(b"\xff\xd8\xff") and found.header > 0
    return is_picture and found.pixels >= pixels and _AUXILIARY not in picture[: found.header]
