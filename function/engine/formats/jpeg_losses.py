"""Find what a JPEG has besides its picture: a gain map, depth, a film, further pictures."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from function.engine.formats.jpeg_segments import walk_header
from function.engine.formats.tiff_directories import directories
from function.engine.formats.xmp import marked, marked_by_apple
from function.engine.losses import Loss

_GAIN_MAP: Final = b"urn:iso:std:iso:ts:21496:-1\0"
"""How APP2 begins in a JPEG with a gain map (ISO 21496-1)."""

_INDEX: Final = b"MPF\0"
"""How APP2 begins that lists the pictures of a file (CIPA DC-007)."""

_LONGEST: Final = 1 << 16
"""Bytes of a segment, at most."""

_ENTRIES: Final = 0xB002
_ENTRY: Final = 16
"""Bytes that the index has for each picture. The first four say of what type it is."""

_MULTI_FRAME: Final = 0x02
"""Third byte of the type of a panorama's parts, of stereo pairs and of views from many angles.
Thumbnails are of 1, gain maps of 0, as everything else."""

_SAMSUNG: Final = b"SEFT"
"""How a file ends behind whose picture a Samsung phone has written data, a film among them."""


def losses(data: bytes) -> Iterator[Loss]:
    """Yield what a JPEG has that no rendition keeps; the same may come twice."""
    header = walk_header(data).header
    found = {*marked(data, header)}
    if Loss.MOTION in found and data.find(b"ftyp", header) < 0:
        found.remove(Loss.MOTION)  # the film was cut off, as some editors do
    yield from found
    if data.find(_GAIN_MAP, 0, header) >= 0:
        yield Loss.HDR
    if data.endswith(_SAMSUNG) and b"MotionPhoto_Data" in data:
        yield Loss.MOTION
    index = data.find(_INDEX, 0, header)
    if index >= 0:
        # Editors leave wrong offsets in the index, so the pictures are not looked for by these.
        yield from marked_by_apple(data, header)
        start = index + len(_INDEX)
        if _MULTI_FRAME in _kinds(data[start : start + _LONGEST]):
            yield Loss.PAGES


def _kinds(index: bytes) -> bytes:
    """Return the third byte of the type of each picture but the first."""
    found = (tags[_ENTRIES] for tags in islice(directories(index), 1) if _ENTRIES in tags)
    length, at = next(found, (0, 0))
    third = 2 if index[:2] == b"II" else 1
    return index[at + _ENTRY + third : at + length : _ENTRY]
