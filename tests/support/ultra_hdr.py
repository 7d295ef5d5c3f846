"""Ultra HDR JPEGs, put together as libultrahdr lays them out, and taken apart again.

None of it uses the engine's own reading and writing.
"""

import re
import struct
from typing import Any

import numpy as np
from PIL import Image

from tests.support.pictures import encoded

HDRGM = "http://ns.adobe.com/hdr-gain-map/1.0/"
ISO = b"urn:iso:std:iso:ts:21496:-1\0"
GAINS = {"GainMapMin": "-1", "GainMapMax": "3", "OffsetSDR": "0", "HDRCapacityMax": "2.5"}


def part(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body


def xmp(text: str) -> bytes:
    return part(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + text.encode())


def gains_xmp(**values: str) -> bytes:
    attributes = "".join(f'\n hdrgm:{name}="{value}"' for name, value in values.items())
    return xmp(
        f'<x:xmpmeta><rdf:Description xmlns:hdrgm="{HDRGM}" hdrgm:Version="1.0"{attributes}/>'
        "</x:xmpmeta>"
    )


def iso(*numbers: float, flags: int = 0x40, denominator: int = 1000) -> bytes:
    """ISO 21496-1: both headrooms, then low, high, gamma and two offsets of each channel."""
    body = struct.pack(">HHB", 0, 0, flags)
    for number in numbers:
        body += struct.pack(">lL", round(number * denominator), denominator)
    return part(0xE2, ISO + body)


def spot(size: tuple[int, int] = (24, 16), mode: str = "L") -> Image.Image:
    """A map that brightens the upper left quarter alone."""
    image = Image.new(mode, size, 64 if mode == "L" else (64, 64, 64))
    bright = (230,) if mode == "L" else (230, 200, 170)
    image.paste(bright, (0, 0, size[0] // 2, size[1] // 2))
    return image


def ultra_hdr(
    picture: bytes,
    gain_map: Image.Image | bytes,
    metadata: bytes | None = None,
    **index: Any,
) -> bytes:
    """A picture's JPEG with a map behind it; ``index`` has the fields of ``with_map``."""
    body = gain_map if isinstance(gain_map, bytes) else encoded(gain_map, "JPEG", quality=95)
    body = body[:2] + (gains_xmp(**GAINS) if metadata is None else metadata) + body[2:]
    return with_map(picture, body, **index)


def with_map(
    picture: bytes,
    body: bytes,
    offset: int = 0,
    length: int | None = None,
    before: int = 0,
    order: str = ">",
) -> bytes:
    """Append a file that the index lists after ``before`` others, ``offset`` bytes off."""
    items = (
        '<Container:Item Item:Semantic="Primary" Item:Mime="image/jpeg"/>'
        '<Container:Item Item:Semantic="GainMap" Item:Mime="image/jpeg"'
        f' Item:Length="{len(body)}"/>'
    )
    head = picture[:2] + xmp(
        f'<rdf:Description xmlns:hdrgm="{HDRGM}" hdrgm:Version="1.0">{items}</rdf:Description>'
    )
    count = 2 + before
    tail = picture[2:]
    base = len(head) + 8
    size = base + 50 + 16 * count + len(tail)
    entries = [(0x30000, size, 0), *[(0, 4, 0)] * before]
    entries.append((0, len(body) if length is None else length, size - base + offset))
    index = (
        (b"MM" if order == ">" else b"II")
        + struct.pack(order + "HLH", 42, 8, 3)
        + struct.pack(order + "HHL4s", 0xB000, 7, 4, b"0100")
        + struct.pack(order + "HHLL", 0xB001, 4, 1, count)
        + struct.pack(order + "HHLL", 0xB002, 7, 16 * count, 50)
        + bytes(4)
        + b"".join(struct.pack(order + "LLLHH", *entry, 0, 0) for entry in entries)
    )
    return head + part(0xE2, b"MPF\0" + index) + tail + body


def taken_apart(data: bytes) -> tuple[bytes, bytes]:
    """Return both JPEGs of a file, as its index says that they lie, and nothing else."""
    base = data.index(b"MPF\0") + 4
    assert data[base : base + 8] == b"MM\0*\0\0\0\x08"
    (first, first_length, start), (second, length, offset) = (
        struct.unpack_from(">LLL", data, base + 50 + 16 * entry) for entry in (0, 1)
    )
    assert (first, start, second) == (0x30000, 0, 0)
    assert (first_length, base + offset + length) == (base + offset, len(data))
    said = re.search(rb'Item:Semantic="GainMap"[^>]*Item:Length="(\d+)"', data)
    assert said is not None
    assert int(said[1]) == length
    return data[:first_length], data[first_length:]


def iso_of(data: bytes) -> tuple[int, list[float]]:
    """Return the flags and the numbers of a map's ISO 21496-1 segment."""
    start = data.index(ISO) + len(ISO)
    length = struct.unpack_from(">H", data, data.index(ISO) - 2)[0] - 2 - len(ISO)
    version, flags = struct.unpack_from(">LB", data, start)
    assert version == 0
    pairs = struct.iter_unpack(">lL", data[start + 5 : start + length])
    return flags, [numerator / denominator for numerator, denominator in pairs]


def quarters(image: Image.Image) -> list[float]:
    """Mean brightness of a picture's quarters: upper left, upper right, lower left, lower right."""
    grey = np.asarray(image.convert("L"), float)
    high, wide = grey.shape[0] // 2, grey.shape[1] // 2
    return [
        float(grey[rows, columns].mean())
        for rows in (slice(high), slice(high, None))
        for columns in (slice(wide), slice(wide, None))
    ]
