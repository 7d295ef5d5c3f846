"""Write a JPEG followed by its gain map: Ultra HDR Image Format v1.1 and ISO 21496-1.

Both kinds of metadata are written, anew from numbers: readers of Android 14 know only XMP, and
libultrahdr prefers ISO 21496-1.
"""

from typing import Final

from PIL import Image

from function.engine.encode import save
from function.engine.formats.gain_metadata import (
    ISO,
    ISO_VERSION,
    segment,
    write_iso,
    write_xmp,
    xmp_segment,
)
from function.engine.formats.jpeg_index import index_of_two
from function.engine.gain_map import Gains
from function.engine.renditions import OutputFormat

_NAMESPACES: Final = (
    'xmlns:Container="http://ns.google.com/photos/1.0/container/"'
    ' xmlns:Item="http://ns.google.com/photos/1.0/container/item/" '
)
_JFIF: Final = b"\xff\xd8\xff\xe0"  # how a JPEG with JFIF's segment begins, as Pillow writes it


def with_gain_map(picture: bytes, gain_map: Image.Image, gains: Gains, quality: int) -> bytes:
    """Return Pillow's JPEG of a picture, followed by its gain map."""
    second = _encode(gain_map, gains, quality)
    head = _directory(len(second)) + segment(0xE2, ISO + ISO_VERSION)
    start, rest = _split(picture)
    index = index_of_two(len(start + head), len(picture + head), len(second))
    return b"".join((start, head, index, rest, second))


def _split(picture: bytes) -> tuple[bytes, bytes]:
    """Split a JPEG where segments are put in: JFIF's comes before all others (T.871, 10.1)."""
    end = 4 + int.from_bytes(picture[4:6], "big") if picture.startswith(_JFIF) else 2
    return picture[:end], picture[end:]


def _encode(gain_map: Image.Image, gains: Gains, quality: int) -> bytes:
    # Optimised tables shorten a small file. No subsampling: colours' gains have no chroma.
    options = {"quality": quality, "optimize": True, "subsampling": 0}
    start, rest = _split(save(gain_map, OutputFormat.JPEG, options))
    return b"".join((start, write_xmp(gains), write_iso(gains), rest))


def _directory(length: int) -> bytes:
    """Return XMP that lists both pictures, the second of so many bytes."""
    first = '<Container:Item Item:Semantic="Primary" Item:Mime="image/jpeg"/>'
    second = (
        f'<Container:Item Item:Semantic="GainMap" Item:Mime="image/jpeg" Item:Length="{length}"/>'
    )
    items = "".join(f'<rdf:li rdf:parseType="Resource">{item}</rdf:li>' for item in (first, second))
    content = f"><Container:Directory><rdf:Seq>{items}</rdf:Seq></Container:Directory>"
    return xmp_segment(content, _NAMESPACES)
