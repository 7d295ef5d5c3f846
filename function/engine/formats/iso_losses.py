"""Find what a HEIC or AVIF has besides its primary picture."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from function.engine.formats.iso_media import FULL, MOST, Item, boxes, find, read_items
from function.engine.formats.xmp import marked
from function.engine.losses import Loss

_PICTURES: Final = frozenset(
    {b"hvc1", b"hev1", b"lhv1", b"av01", b"avc1", b"jpeg", b"grid", b"iovl", b"iden", b"unci"}
)
"""Types of items that are pictures, coded or made of others."""

_LONGEST_NAME: Final = 128
_MOST_GROUPS: Final = 64  # groups of items that are looked at, and items of each

_GAIN_MAP: Final = b":aux:hdrgainmap"
_DEPTHS: Final = (
    *(b"urn:mpeg:hevc:2015:auxid:2", b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth", b"matte"),
)
"""Ends of what auxiliary pictures say that they are: of HEVC's and AVIF's specifications, and of
Apple's and Samsung's names, such as ``urn:com:apple:photo:2018:aux:portraiteffectsmatte``."""


def losses(data: bytes) -> Iterator[Loss]:
    """Yield what a HEIC or AVIF has that no rendition keeps; the same may come twice."""
    items = read_items(data)
    yield from (loss for loss in marked(data, len(data)) if loss != Loss.MOTION)
    for item in items:
        if item.kind == b"tmap":
            yield Loss.HDR
        for kind, body in item.properties:
            if kind == b"auxC":
                name = bytes(body[FULL : FULL + _LONGEST_NAME]).partition(b"\0")[0]
                if name.endswith(_GAIN_MAP):
                    yield Loss.HDR
                elif name.endswith(_DEPTHS):
                    yield Loss.DEPTH
    if _has_pages(data, items):
        yield Loss.PAGES
    kinds = [kind for kind, _body in boxes(data)]
    if b"mpvd" in kinds or kinds.count(b"ftyp") > 1:
        yield Loss.MOTION
    steps = iter(range(MOST))  # of all tracks together
    tracks = (body for kind, body in boxes(find(data, b"moov"), steps) if kind == b"trak")
    if any(_is_sequence(track, steps) for track in tracks):
        yield Loss.ANIMATION


def _has_pages(data: bytes, items: tuple[Item, ...]) -> bool:
    """Return True if there is a picture beside the primary one, which is not a part of another."""
    primary = {item.number for item in items if item.is_primary}
    parts = primary | _alternatives(data, primary)
    for item in items:
        kinds = {kind for kind, _other in item.references}
        if item.is_hidden or kinds & {b"thmb", b"auxl"}:
            parts.add(item.number)
        parts |= {other for kind, other in item.references if kind == b"dimg"}
    return any(item.kind in _PICTURES and item.number not in parts for item in items)


def _alternatives(data: bytes, numbers: set[int]) -> set[int]:
    """Return the items of the groups of which a reader shows one, and one is among ``numbers``."""
    found: set[int] = set()
    groups = boxes(find(find(data, b"meta")[FULL:], b"grpl"))
    for kind, body in islice(groups, _MOST_GROUPS):
        # The group's number and how many there are, then their numbers (ISO/IEC 14496-12, 8.18).
        items = (body[at : at + 4] for at in range(FULL + 8, len(body), 4))
        group = {int.from_bytes(item, "big") for item in islice(items, _MOST_GROUPS)}
        if kind == b"altr" and group & numbers:
            found |= group
    return found


def _is_sequence(trak: memoryview, steps: Iterator[int]) -> bool:
    """Return True for a track of pictures that has more than one."""
    media = find(trak, b"mdia", steps)
    # A handler's type comes after a field of 4 bytes, a number of samples after their size.
    if bytes(find(media, b"hdlr", steps)[FULL + 4 : FULL + 8]) != b"pict":
        return False
    table = find(find(media, b"minf", steps), b"stbl", steps)
    samples = find(table, b"stsz", steps) or find(table, b"stz2", steps)
    return int.from_bytes(samples[FULL + 4 : FULL + 8], "big") > 1
