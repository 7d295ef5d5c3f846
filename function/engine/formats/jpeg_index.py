"""Read and write the index of a JPEG's pictures (CIPA DC-007, "Multi-Picture Format")."""

import re
import struct
from collections.abc import Iterator
from itertools import islice
from typing import Final

from function.engine.formats.tiff_directories import directories
from function.engine.record import Record

UNDEFINED: Final = 0  # type of gain maps, and of all pictures that Pillow appends

_MARK: Final = b"MPF\0"  # how APP2 begins that lists the pictures of a file
_START: Final = re.compile(rb"\xff\xe2.." + re.escape(_MARK), re.DOTALL)
"""The same with the marker and length before it: text of EXIF may end in ``MPF``, too."""

_LONGEST: Final = 1 << 16  # bytes of a segment, at most

_VERSION, _COUNT, _ENTRIES, _ENTRY = 0xB000, 0xB001, 0xB002, 16
"""Tags of the index, and bytes of each entry: a picture's type, length and offset, four bytes each,
and pictures that it depends on (DC-007, 5.2.2)."""

_TYPE: Final = 0xFFFFFF  # bits of a type; those above are flags
_PRIMARY: Final = 0x030000  # type of the picture that a viewer shows first
_LONG, _UNDEFINED_BYTES = 4, 7  # types of a tag's values (TIFF 6.0, section 2)
_AFTER_TAGS: Final = 50  # offset of the entries behind a directory of three tags
_SEGMENT: Final = 8 + _AFTER_TAGS + 2 * _ENTRY  # bytes of a segment that lists two pictures


class ListedPicture(Record):
    """A picture that an index lists: its type, and where it lies in the file."""

    kind: int
    start: int
    length: int


def has_index(data: bytes, header: int) -> bool:
    """Return True if an index begins within the first bytes, up to ``header``."""
    return _START.search(data, 0, header) is not None


def further_pictures(data: bytes, header: int) -> Iterator[ListedPicture]:
    """Yield each picture but the first that the index within the first bytes lists, as it says."""
    found = _START.search(data, 0, header)
    if not found:
        return
    base = found.end()
    index = data[base : base + _LONGEST]
    listed = (tags[_ENTRIES] for tags in islice(directories(index), 1) if _ENTRIES in tags)
    length, start = next(listed, (0, 0))
    order = "little" if index[:2] == b"II" else "big"
    for at in range(start + _ENTRY, min(start + length, len(index)), _ENTRY):
        kind, size, offset = (
            int.from_bytes(index[at + part : at + part + 4], order) for part in (0, 4, 8)
        )
        yield ListedPicture(kind & _TYPE, base + offset, size)


def index_of_two(start: int, first: int, second: int) -> bytes:
    """Return the segment that lists two pictures of so many bytes, one behind the other.

    It will be put into the first of them, at ``start``, and is not counted in ``first`` yet.
    """
    first += _SEGMENT
    base = start + 4 + len(_MARK)  # after the marker and the segment's length
    tags = (
        struct.pack(">HHL4s", _VERSION, _UNDEFINED_BYTES, 4, b"0100"),
        struct.pack(">HHLL", _COUNT, _LONG, 1, 2),
        struct.pack(">HHLL", _ENTRIES, _UNDEFINED_BYTES, 2 * _ENTRY, _AFTER_TAGS),
    )
    entries = ((_PRIMARY, first, 0), (UNDEFINED, second, first - base))
    body = b"".join(
        (
            _MARK + b"MM" + struct.pack(">HLH", 42, 8, len(tags)),
            *tags,
            bytes(4),
            *(struct.pack(">LLLHH", *entry, 0, 0) for entry in entries),
        )
    )
    return struct.pack(">HH", 0xFFE2, 2 + len(body)) + body
