"""Count and bound the segments of a JPEG before any decoder reads them.

Pillow walks a JPEG's segments byte by byte in Python and keeps each of them; libjpeg goes over the
whole picture once for each scan. So a small file can cost either of them minutes.
"""

import re
from typing import Final

from function.engine.errors import Reason, Rejected

MAX_SEGMENTS: Final = 1000
"""Markers in a picture. Good files have most for extended XMP, 64 KB each: 160 for 10 MB."""

MAX_FILL: Final = 1 << 16  # bytes between segments that belong to none

MAX_EXIF_BYTES: Final = 1 << 20
"""EXIF of all segments. Pillow appends each to those before, copying them: 60 MB would take it
minutes."""

MAX_SCANS, USUAL_SCANS, MAX_SCANNED_PIXELS = 200, 20, 1_500_000_000
"""Scans of a picture; above the usual number, also its pixels times its scans. libjpeg takes
1 ns for each even where 76 bytes code a whole scan. Encoders write 10 scans, mozjpeg 12."""

ARITHMETIC_SCANS: Final = 5
"""Scans that one component of an arithmetic-coded scan counts as. libjpeg takes 23 ns a pixel to
decode every coefficient, also after the data has ended: 7 KB can ask for any number of them."""

_MARKER: Final = re.compile(rb"\xff[^\x00\xff]", re.DOTALL)
_MARKER_IN_SCAN: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]", re.DOTALL)
"""Within coded pixels restart markers (D0 to D7) start no segment (T.81, B.1.1.3)."""

_EOI, _SOS, _APP1, _COMMENT = 0xD9, 0xDA, 0xE1, 0xFE
_APPLICATION: Final = range(0xE0, 0xF0)
_INTACT: Final = {
    0xE0: (b"JFIF\0", 14),
    0xE1: (b"Exif\0\0", 6),
    0xE2: (b"ICC_PROFILE\0", 14),
    0xEE: (b"Adobe", 12),
}
"""How the application segments begin that decoding needs, and the fewest bytes that libjpeg (JFIF,
Adobe) and Pillow take them with."""

_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_FRAME_HEADER: Final = 6
"""Bytes of precision, height (two), width (two) and number of components (T.81, B.2.2)."""

_PROGRESSIVE: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_ARITHMETIC: Final = frozenset(range(0xC9, 0xD0)) - {0xCC}

_BARE: Final = frozenset({0xC8, *range(0xD0, 0xDA), *range(0xF0, 0xFE)})
"""Markers after which Pillow expects no length."""


class Segments:
    """Totals of a walk over the segments, and from ``components`` on facts of the frame header."""

    segments: int = 0
    fill: int = 0  # bytes that belong to no segment
    exif: int = 0  # bytes of EXIF
    header: int = 0  # bytes before the first scan; 0 if the file ends or is damaged before it
    # Scans that libjpeg will decode; an arithmetic-coded one counts as several. 1 where one scan
    # holds the whole picture, 0 where the file ends or is damaged before it.
    scans: int = 0
    bits: int | None = None  # bits a component (a channel, such as luma) in the first frame header
    components: int = 0
    size: tuple[int, int] = (0, 0)  # width and height
    progressive: bool = False
    arithmetic: bool = False

    def __init__(self) -> None:
        self.needless: list[int] = []  # where the markers of application segments must be ignored

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.size[0] * self.size[1]

    def take(self, marker: int, body: bytes) -> None:
        """Count one segment."""
        self.segments += 1
        if self.segments > MAX_SEGMENTS:
            raise Rejected(Reason.TOO_COMPLEX, f"This JPEG has over {MAX_SEGMENTS} segments.")
        if self.fill > MAX_FILL:
            message = f"This JPEG has over {MAX_FILL >> 10} KB between its segments."
            raise Rejected(Reason.TOO_COMPLEX, message)
        if marker == _APP1 and body.startswith(b"Exif\0\0"):
            self.exif += len(body)
            if self.exif > MAX_EXIF_BYTES:
                message = f"This JPEG has over {MAX_EXIF_BYTES >> 10} KB of EXIF."
                raise Rejected(Reason.METADATA_TOO_LARGE, message)
        if marker in _FRAMES:
            # Once progressive, always: libjpeg reserves the memory before it finds a second header.
            self.progressive |= marker in _PROGRESSIVE
            self.arithmetic = marker in _ARITHMETIC
            if len(body) >= _FRAME_HEADER:
                height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
                self.size, self.components = (width, height), body[5]

    def weigh(self, components: bytes) -> int:
        """Return how many scans a scan of so many components, one byte, counts as."""
        return ARITHMETIC_SCANS * components[0] if self.arithmetic and components else 1


def kind_of(data: bytes, halves_chroma: bool, native: bool) -> str:
    """Return ``jpeg-progressive`` for a file of which libjpeg keeps all coefficients.

    Others are ``jpeg-cmyk`` if they have four components, else ``jpeg``. A file that Pillow decodes
    to planes instead of our decoder costs up to 6 bytes a pixel (``pillow_planes.py``), so it
    counts as progressive. Raises ``Rejected``, ``too_complex`` or ``metadata_too_large``.
    """
    found = walk(data)
    check_scans(found.scans, found.pixels)
    if found.progressive or found.scans > 1:
        return "jpeg-progressive"
    if found.components > 3:  # noqa: PLR2004 - red, green and blue
        return "jpeg-cmyk"
    return "jpeg-progressive" if halves_chroma and not native else "jpeg"


def is_one_scan(data: bytes) -> bool:
    """Return True for a Huffman-coded JPEG whose one scan holds the whole picture."""
    found = walk(data)
    return found.scans == 1 and not found.progressive and not found.arithmetic


def without_needless(data: bytes) -> bytes:
    """Return a JPEG whose application segments are comments, except what its decoder needs."""
    changed = bytearray(data)
    for at in walk_header(data).needless:
        changed[at] = _COMMENT
    return bytes(changed)


def walk(data: bytes) -> Segments:
    """Walk the segments of a JPEG as Pillow will, up to the end of the last scan."""
    found = walk_header(data)
    if found.header:
        length = max(2, int.from_bytes(data[found.header + 2 : found.header + 4], "big"))
        components = data[found.header + 4 : found.header + 5]
        whole = not found.progressive and components == bytes((found.components,))
        found.scans = 1 if whole else found.weigh(components)
        if not whole:
            _count_more_scans(data, found.header + 2 + length, found)
    return found


def walk_header(data: bytes) -> Segments:
    """Walk the segments of a JPEG as Pillow will, up to the first scan."""
    found, at = Segments(), 2
    while match := _MARKER.search(data, at):
        found.fill += match.start() - at
        marker, at = data[match.start() + 1], match.end()
        if marker < min(_FRAMES):
            return found
        if marker in _FRAMES and found.bits is None:
            # Even beyond the stated length: Pillow gives up at the first header that is not 8-bit.
            found.bits = next(iter(data[at + 2 : at + 3]), None)
        length = 0 if marker in _BARE else max(2, int.from_bytes(data[at : at + 2], "big"))
        body = data[at + 2 : at + length]
        found.take(marker, body)
        if marker in _APPLICATION:
            start, least = _INTACT.get(marker, (b"", 0))
            if not start or not body.startswith(start) or len(body) < least:
                found.needless.append(at - 1)
        if marker == _SOS:
            found.header = match.start()
            return found
        at += length
    found.fill += len(data) - at
    found.take(_EOI, b"")
    return found


def _count_more_scans(data: bytes, at: int, found: Segments) -> None:
    """Count the scans from the end of the first one's header to the end of the picture."""
    scans = 1
    while (match := _MARKER_IN_SCAN.search(data, at)) and (marker := match[0][1]) != _EOI:
        at = match.end()
        found.take(marker, b"")
        if marker == _SOS:
            scans += 1
            found.scans += found.weigh(data[at + 2 : at + 3])
        if scans > MAX_SCANS:
            raise Rejected(Reason.TOO_COMPLEX, f"This JPEG has over {MAX_SCANS} scans.")
        if marker not in _BARE:
            at += max(2, int.from_bytes(data[at : at + 2], "big"))


def check_scans(scans: int, pixels: int) -> None:
    """Reject a JPEG with too many scans, as ``Segments`` counts them, for its pixels."""
    if scans > USUAL_SCANS and scans * pixels > MAX_SCANNED_PIXELS:
        raise Rejected(Reason.TOO_COMPLEX, "This JPEG has too many scans for its size.")
