"""Read ISO base media files: brands, boxes, and the items of HEIC and AVIF (ISO/IEC 23008-12).

The parser reads what libheif and libavif read, but only to tell colours and what is lost: it raises
nothing for damage, and stops at ``MOST`` of each kind, which no camera comes near.
"""

import struct
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from function.engine.cicp import Cicp
from function.engine.record import Record

_BRANDS: Final[dict[bytes, str]] = {
    **dict.fromkeys((b"avif", b"avis"), "avif"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "heic"),
}
_MOST_BRANDS: Final = 256  # bytes of the first box in which brands are looked for

MOST: Final = 4096
"""Boxes read of one box, or of all tracks together; items of a file, properties and references of
all items together. A photo of 48 megapixels in tiles of 512 pixels has about 200 items."""

FULL: Final = 4  # bytes of the version and flags at the beginning of a full box


class Item(Record):
    """An item of a file: a picture, a tile of one, a depth map, EXIF data."""

    number: int
    kind: bytes  # ``hvc1``, ``av01``, ``grid``, ``Exif``, ``mime``; empty where it is not stated
    is_primary: bool = False  # the picture that the file is about
    is_hidden: bool = False  # not to be shown by itself: a tile, a gain map
    properties: tuple[tuple[bytes, memoryview], ...] = ()  # type and body, in the order of ``ipma``
    references: tuple[tuple[bytes, int], ...] = ()  # type, and the number of the item referred to


def family(data: bytes) -> str | None:
    """Return the image format of the first brand that has one, else None."""
    if data[4:8] != b"ftyp":
        return None
    length = min(int.from_bytes(data[:4], "big"), _MOST_BRANDS)
    brands = (data[8:12], *(data[at : at + 4] for at in range(16, length, 4)))
    return next((_BRANDS[brand] for brand in brands if brand in _BRANDS), None)


def boxes(
    body: bytes | memoryview, steps: Iterable[int] = range(MOST)
) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the type and body of each box in a file or in another box's body.

    A body that is cut short is yielded as far as it goes. Each box read takes one of ``steps``:
    calls that share an iterator read no more boxes together than it has.
    """
    view, at = memoryview(body), 0
    for _ in steps:
        if at + 8 > len(view):
            return
        length, start = int.from_bytes(view[at : at + 4], "big"), at + 8
        if length == 1:
            length, start = int.from_bytes(view[at + 8 : at + 16], "big"), at + 16
        elif length == 0:
            length = len(view) - at
        if length < start - at:
            return
        yield bytes(view[at + 4 : at + 8]), view[start : at + length]
        at += length


def read_items(data: bytes) -> tuple[Item, ...]:
    """Return the items of a file, with their properties and what they refer to."""
    meta = dict(boxes(find(data, b"meta")[FULL:]))
    empty = memoryview(b"")
    primary = _Fields(meta.get(b"pitm", empty)).number_of_item()
    kinds = dict(_kinds(meta.get(b"iinf", empty)))
    properties: dict[int, list[tuple[bytes, memoryview]]] = {number: [] for number in kinds}
    for number, found in _properties(meta.get(b"iprp", empty)):
        properties.setdefault(number, []).append(found)
    references: dict[int, list[tuple[bytes, int]]] = {}
    for number, kind, other in _references(meta.get(b"iref", empty)):
        references.setdefault(number, []).append((kind, other))
    items: list[Item] = []
    for number, found in properties.items():
        kind, is_hidden = kinds.get(number, (b"", False))
        facts = number, kind, number == primary, is_hidden
        items.append(Item(*facts, tuple(found), tuple(references.get(number, ()))))
    return tuple(items)


def colours(data: bytes) -> Cicp | None:
    """Return the code points of the primary picture; None without, or where a profile counts.

    An ICC profile counts (ISO/IEC 23000-22, 7.3.6.4), but not against PQ or HLG: of these it can
    only describe somebody's tone mapping. A picture in tiles may leave its colours to its tiles.
    """
    items = {item.number: item for item in read_items(data)}
    primary = next((item for item in items.values() if item.is_primary), None)
    if not primary:
        return None
    tiles = (items[to] for kind, to in primary.references if kind == b"dimg" and to in items)
    properties = [found for item in (primary, *islice(tiles, 1)) for found in item.properties]
    properties.reverse()  # what a tile says counts where the picture says nothing
    stated = {bytes(body[:4]): body[4:] for kind, body in properties if kind == b"colr"}
    # The number of channels, and the bits of each.
    channels = [
        body[FULL:] for kind, body in properties if kind == b"pixi" and len(body) > FULL + 1
    ]
    count, bits, *_ = channels[-1] if channels else (3, 8)
    try:
        primaries, transfer, matrix, flags = struct.unpack_from(">HHHB", stated.get(b"nclx", b""))
    except struct.error:
        return None
    codes = Cicp(
        # Greys have no primaries: they are the same in all that have the white of sRGB.
        primaries=1 if count == 1 else primaries,
        transfer=transfer,
        matrix=matrix,
        full_range=bool(flags & 0x80),
        bits=min(max(8, bits), 16),
    )
    return codes if codes.is_hdr or not stated.keys() & {b"prof", b"rICC"} else None


class _Fields:
    """Numbers in a box, one after the other; 0 after its end.

    The version of a box decides how wide its numbers are; a box without one has the version of the
    box around it.
    """

    def __init__(self, body: memoryview, version: int | None = None) -> None:
        self.flags = int.from_bytes(body[1:FULL], "big")
        self.version = int.from_bytes(body[:1], "big") if version is None else version
        self._body, self._at = body, FULL if version is None else 0

    def number(self, length: int) -> int:
        self._at += length
        return int.from_bytes(self._body[self._at - length : self._at], "big")

    def number_of_item(self, *, wide_from: int = 1) -> int:
        """Return an item's number, which has 32 bits from some version of the box on."""
        return self.number(4 if self.version >= wide_from else 2)

    def rest(self) -> memoryview:
        return self._body[self._at :]


def find(body: bytes | memoryview, wanted: bytes, steps: Iterable[int] = range(MOST)) -> memoryview:
    """Return the body of the first box of a type; empty if there is none, or no step is left."""
    return next((found for kind, found in boxes(body, steps) if kind == wanted), memoryview(b""))


def _kinds(iinf: memoryview) -> Iterator[tuple[int, tuple[bytes, bool]]]:
    """Yield the number of each item, its kind and if it is hidden."""
    fields = _Fields(iinf)
    fields.number_of_item()  # how many there are: as long, from the same version on
    for kind, body in boxes(fields.rest()):
        if kind == b"infe":
            entry = _Fields(body)
            number = entry.number_of_item(wide_from=3)
            entry.number(2)  # protection
            # An item's entry states a type from version 2 on.
            stated = bytes(entry.rest()[:4]) if entry.version > 1 else b""
            yield number, (stated, bool(entry.flags & 1))


def _properties(iprp: memoryview) -> Iterator[tuple[int, tuple[bytes, memoryview]]]:
    """Yield the number of an item, and one of its properties."""
    known, left = list(boxes(find(iprp, b"ipco"))), MOST
    for fields in (_Fields(body) for kind, body in boxes(iprp) if kind == b"ipma"):
        length = 2 if fields.flags & 1 else 1
        for _ in range(min(fields.number(4), left)):
            number = fields.number_of_item()
            for _ in range(fields.number(1)):
                # The highest bit says that a reader must know the property.
                index = fields.number(length) & ((1 << (8 * length - 1)) - 1)
                left -= 1
                if 1 <= index <= len(known):
                    yield number, known[index - 1]
            left -= 1
            if left <= 0:
                return


def _references(iref: memoryview) -> Iterator[tuple[int, bytes, int]]:
    """Yield the number of an item, how it refers to another, and that one's number."""
    left, whole = MOST, _Fields(iref)
    for kind, body in boxes(whole.rest()):
        fields = _Fields(body, whole.version)
        number = fields.number_of_item()
        for _ in range(min(fields.number(2), left)):
            left -= 1
            yield number, kind, fields.number_of_item()
