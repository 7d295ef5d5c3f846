"""Write a JPEG with its gain map behind it: Ultra HDR Image Format v1.1 and ISO 21496-1.

Both are written, with metadata that is made anew from numbers: readers of Android 14 know XMP
alone, and libultrahdr takes ISO 21496-1 first.
"""

import io
from typing import Final

from PIL import Image

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

_NAMESPACES: Final = (
    'xmlns:Container="http://ns.google.com/photos/1.0/container/"'
    ' xmlns:Item="http://ns.google.com/photos/1.0/container/item/" '
)
_JFIF_END: Final = 20  # bytes of the start of a JPEG and of JFIF's segment, as Pillow writes it


def with_gain_map(picture: bytes, gain_map: Image.Image, gains: Gains, quality: int) -> bytes:
    """Return Pillow's JPEG of a picture with a map of its own behind it."""
    second = _encode(gain_map, gains, quality)
    head = _directory(len(second)) + segment(0xE2, ISO + ISO_VERSION)
    start = _JFIF_END + len(head)
    index = index_of_two(start, len(picture) + len(head), len(second))
    return b"".join((picture[:_JFIF_END], head, index, picture[_JFIF_END:], second))


def _encode(gain_map: Image.Image, gains: Gains, quality: int) -> bytes:
    buffer = io.BytesIO()
    # Tables of its own make a small file shorter; gains of colours are not brightness and chroma.
    gain_map.save(buffer, "JPEG", quality=quality, optimize=True, subsampling=0)
    body = buffer.getvalue()
    return b"".join((body[:_JFIF_END], write_xmp(gains), write_iso(gains), body[_JFIF_END:]))


def _directory(length: int) -> bytes:
    """Return XMP that lists both pictures, the second of so many bytes."""
    first = '<Container:Item Item:Semantic="Primary" Item:Mime="image/jpeg"/>'
    second = (
        f'<Container:Item Item:Semantic="GainMap" Item:Mime="image/jpeg" Item:Length="{length}"/>'
    )
    items = "".join(f'<rdf:li rdf:parseType="Resource">{item}</rdf:li>' for item in (first, second))
    content = f"><Container:Directory><rdf:Seq>{items}</rdf:Seq></Container:Directory>"
    return xmp_segment(content, _NAMESPACES)
