"""Find what a JPEG has besides its picture: a gain map, depth, a film, further pictures."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from function.engine.errors import Rejected
from function.engine.formats.jpeg_segments import walk_header
from function.engine.formats.tiff_directories import directories
from function.engine.formats.xmp import marked, marked_by_apple
from function.engine.losses import Loss

_GAIN_MAP: Final = b"urn:iso:std:iso:ts:21496:-1\0"  # how APP2 begins with a gain map (ISO 21496-1)
_INDEX: Final = b"MPF\0"  # how APP2 begins that lists the pictures of a file (CIPA DC-007)
_LONGEST: Final = 1 << 16  # bytes of a segment, at most

_ENTRIES, _ENTRY = 0xB002, 16
"""Tag of the index's entries, and bytes of each: a picture's type, length and offset, four bytes
each, and pictures that it depends on."""

_TYPE: Final = 0xFFFFFF  # bits of a type; those above are flags

_MULTI_FRAME: Final = 0x02
"""Third byte of the type of a panorama's parts, of stereo pairs and of views from many angles; of a
thumbnail's it is 1."""

_UNDEFINED: Final = 0  # type of gain maps, and of all pictures that Pillow appends
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
    if data.find(_GAIN_MAP, 0, header) >= 0:
        found.add(Loss.HDR)
    if data.endswith(_SAMSUNG) and b"MotionPhoto_Data" in data:
        found.add(Loss.MOTION)
    index = data.find(_INDEX, 0, header)
    if index >= 0:
        # Editors leave wrong offsets in the index, so these marks are not looked for by them.
        found.update(marked_by_apple(data, header))
        start = index + len(_INDEX)
        further = [*_further(data[start : start + _LONGEST])]
        undefined = (start + offset for kind, offset in further if kind == _UNDEFINED)
        if any(kind >> 16 == _MULTI_FRAME for kind, _offset in further) or (
            not found & {Loss.HDR, Loss.DEPTH}
            and any(_is_page(data, at, first.pixels) for at in islice(undefined, _MOST_UNDEFINED))
        ):
            found.add(Loss.PAGES)
    yield from found


def _further(index: bytes) -> Iterator[tuple[int, int]]:
    """Yield the type of each picture but the first, and its offset from the index."""
    found = (tags[_ENTRIES] for tags in islice(directories(index), 1) if _ENTRIES in tags)
    length, start = next(found, (0, 0))
    order = "little" if index[:2] == b"II" else "big"
    for at in range(start + _ENTRY, min(start + length, len(index)), _ENTRY):
        kind, offset = index[at : at + 4], index[at + 8 : at + 12]
        yield int.from_bytes(kind, order) & _TYPE, int.from_bytes(offset, order)


def _is_page(data: bytes, at: int, pixels: int) -> bool:
    """Return True for a picture, no smaller than the first one, that does not belong to it."""
    picture = data[at : at + _LONGEST_HEADER]
    try:
        found = walk_header(picture)
    except Rejected:
        return False
    is_picture = picture.startswith(b"\xff\xd8\xff") and found.header > 0
    return is_picture and found.pixels >= pixels and _AUXILIARY not in picture[: found.header]
