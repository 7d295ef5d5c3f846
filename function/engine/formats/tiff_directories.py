"""Read the directories of a TIFF or BigTIFF, and of what is laid out as one within a JPEG."""

from collections.abc import Callable, Iterator
from typing import Final

from function.engine.losses import Loss

_MOST: Final = 1000  # directories that are looked at

_MOST_TAGS: Final = 64
"""Tags of a directory that are looked at. They are sorted; those asked for come first."""

_BIG: Final = 43  # what stands in place of 42 in a BigTIFF, whose offsets have 8 bytes

_BYTES: Final = {1: 1, 3: 2, 4: 4}
"""Length of a number by its type: BYTE, SHORT and LONG (TIFF 6.0, section 2)."""

_NEW_SUBFILE_TYPE, _SUBFILE_TYPE, _WIDTH, _CHILDREN = 254, 255, 256, 330
_MOST_CHILDREN: Final = 32
_REDUCED_BIT: Final = 0b001
_REDUCED_OR_MASK: Final = 0b101
"""Bits of NewSubfileType: a smaller copy of another picture, a mask (TIFF 6.0, section 8)."""

_REDUCED: Final = 2  # SubfileType of a smaller copy, in old files (the same section)


def directories(data: bytes, first: int | None = None) -> Iterator[dict[int, tuple[int, int]]]:
    """Yield each directory as tags, each with the count of its values and their offset.

    They are those from the offset ``first`` on, or all. Values that fit into the directory itself
    stand there in place of the offset, and the first of them is yielded.
    """
    number, wide = _reader(data)
    count, entry = (8, 20) if wide == 8 else (2, 12)  # noqa: PLR2004 - bytes of BigTIFF's offsets
    at, seen = number(wide, wide) if first is None else first, set[int]()
    while at and at not in seen and len(seen) < _MOST:
        seen.add(at)
        tags, first = number(at, count), at + count
        yield {
            number(tag, 2): (
                number(tag + 4, wide),
                number(tag + 4 + wide, _BYTES.get(number(tag + 2, 2), wide)),
            )
            for tag in range(first, first + entry * min(tags, _MOST_TAGS), entry)
        }
        at = number(first + entry * tags, wide)


def _reader(data: bytes) -> tuple[Callable[[int, int], int], int]:
    """Return a function that reads a number at an offset by its length, and an offset's length."""
    order = "little" if data[:2] == b"II" else "big"

    def number(at: int, length: int) -> int:
        return int.from_bytes(data[at : at + length], order)

    return number, 8 if number(2, 2) == _BIG else 4


def is_preview(data: bytes) -> bool:
    """Return True if the first picture is a smaller copy of one that belongs to it.

    So are those of the raw photos of Nikon and Sony, and of most DNGs. A DNG's copy may also be as
    large as the photo.
    """
    number, wide = _reader(data)
    first = _directory(data, None)
    if not first.get(_NEW_SUBFILE_TYPE, (0, 0))[1] & _REDUCED_BIT:
        return False
    count, at = first.get(_CHILDREN, (0, 0))
    places = range(at, at + wide * min(count, _MOST_CHILDREN), wide)
    children = [at] if count == 1 else [number(place, wide) for place in places]
    width = _width(first)
    return any(_width(_directory(data, child)) > width for child in children)


def _directory(data: bytes, at: int | None) -> dict[int, tuple[int, int]]:
    """Return the directory at an offset, or the first; empty if there is none."""
    nothing: dict[int, tuple[int, int]] = {}
    return next(directories(data, at), nothing)


def _width(tags: dict[int, tuple[int, int]]) -> int:
    return tags.get(_WIDTH, (0, 0))[1]


def losses(data: bytes) -> tuple[Loss, ...]:
    """Return ``pages`` for a TIFF with more pictures than the first, smaller copies left out."""
    return (Loss.PAGES,) if any(map(_is_page, [*directories(data)][1:])) else ()


def _is_page(tags: dict[int, tuple[int, int]]) -> bool:
    _count, kind = tags.get(_NEW_SUBFILE_TYPE, (0, 0))
    _count, old_kind = tags.get(_SUBFILE_TYPE, (0, 0))
    return _WIDTH in tags and not kind & _REDUCED_OR_MASK and old_kind != _REDUCED
