"""Read and write a gain map's metadata: XMP (``hdrgm``) and the bytes of ISO 21496-1.

XMP is read by patterns, never parsed as XML, and only numbers are taken from it.
"""

import math
import re
import struct
from typing import Final

from function.engine.gain_map import Channel, Gains

ISO: Final = b"urn:iso:std:iso:ts:21496:-1\0"  # how APP2 begins with a gain map of ISO 21496-1
XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"  # how APP1 begins with XMP (XMP part 3, 1.1.3)
NAMESPACE: Final = b"http://ns.adobe.com/hdr-gain-map/1.0/"

ISO_VERSION: Final = bytes(4)  # minimum version and the writer's version, both 0

_RGB: Final = 3
_MULTICHANNEL, _BASE_COLOURS, _BACKWARD, _ONE_DENOMINATOR = 0x80, 0x40, 0x04, 0x08
"""Flags of ISO 21496-1; the last two are libultrahdr's (its ``gainmapmetadata.cpp``, 2.0.2)."""

_DENOMINATOR: Final = 1 << 20  # of the fractions that are written
_MOST: Final = 64.0
"""Absolute value above which no number makes sense: 2 to the 64th is the gain of no screen."""

_LEAST_HEADROOM: Final = 1e-4
"""Between a screen that shows none of the gain and one that shows all of it; a smaller one could be
rounded to none when it is written, and readers refuse that."""

_PREFIX: Final = re.compile(
    rb"""xmlns:([A-Za-z][A-Za-z0-9_-]{0,31})\s*=\s*["']""" + re.escape(NAMESPACE) + rb"""["']"""
)
_NUMBER: Final = re.compile(rb"""[>"']\s*([-+0-9.eE]{1,32})\s*[<"']""")
_LONGEST_ELEMENT: Final = 600  # bytes of an element with three numbers

_DEFAULTS: Final = {
    "GainMapMin": 0.0,
    "Gamma": 1.0,
    "OffsetSDR": 1 / 64,
    "OffsetHDR": 1 / 64,
    "HDRCapacityMin": 0.0,
}
"""Values of what XMP leaves out (Ultra HDR Image Format v1.1, "Gain map metadata")."""

_CHANNEL: Final = ("GainMapMin", "GainMapMax", "Gamma", "OffsetSDR", "OffsetHDR")
_HEADROOM: Final = ("HDRCapacityMin", "HDRCapacityMax")


def read_gains(header: bytes) -> Gains | None:
    """Return the metadata in the header of a map's JPEG; None if there is none that makes sense.

    ISO 21496-1 counts before XMP, as in libultrahdr.
    """
    at = header.find(ISO)
    try:
        gains = _read_iso(header[at + len(ISO) :]) if at >= 0 else _read_xmp(header)
    except (ValueError, KeyError, ZeroDivisionError, struct.error):
        return None
    return gains if gains and _makes_sense(gains) else None


def _makes_sense(gains: Gains) -> bool:
    numbers = [gains.low_headroom, gains.high_headroom]
    numbers += [number for channel in gains.channels for number in channel.values()]
    return (
        all(math.isfinite(number) and abs(number) <= _MOST for number in numbers)
        and gains.low_headroom >= 0
        and gains.high_headroom - gains.low_headroom >= _LEAST_HEADROOM
        and all(
            channel.low <= channel.high
            and channel.gamma >= 1 / _MOST
            and min(channel.sdr_offset, channel.hdr_offset) >= 0
            for channel in gains.channels
        )
    )


def _read_iso(data: bytes) -> Gains | None:
    """Read the bytes that follow ``ISO``; None for a later version or a picture that is HDR."""
    minimum, _writer, flags = struct.unpack_from(">HHB", data)
    if minimum or flags & _BACKWARD:
        return None
    # Both headrooms have no sign, and neither has the gamma of a channel.
    signs = "LL" + "llLll" * (_RGB if flags & _MULTICHANNEL else 1)
    if flags & _ONE_DENOMINATOR:
        denominator, *numerators = struct.unpack_from(">L" + signs, data, 5)
        numbers = [number / denominator for number in numerators]
    else:
        pairs = struct.unpack_from(">" + "".join(sign + "L" for sign in signs), data, 5)
        numbers = [n / d for n, d in zip(pairs[::2], pairs[1::2], strict=True)]
    starts = range(2, len(numbers), 5)
    channels = tuple(Channel(*numbers[start : start + 5]) for start in starts)
    return Gains(channels, numbers[0], numbers[1], in_base_colours=bool(flags & _BASE_COLOURS))


def _read_xmp(header: bytes) -> Gains | None:
    """Read the properties of the namespace, which are attributes or elements."""
    prefix = _PREFIX.search(header)
    if not prefix or b"rue" in _property(header, prefix[1] + b":BaseRenditionIsHDR"):
        return None
    found = {name: _numbers(header, prefix[1], name) for name in (*_CHANNEL, *_HEADROOM)}
    counts = {len(found[name]) for name in _CHANNEL}
    if not counts <= {1, _RGB} or {len(found[name]) for name in _HEADROOM} != {1}:
        return None
    columns = [found[name] * (max(counts) // len(found[name])) for name in _CHANNEL]
    channels = tuple(Channel(*row) for row in zip(*columns, strict=True))
    low, high = (found[name][0] for name in _HEADROOM)
    return Gains(channels, low, high)


def _numbers(header: bytes, prefix: bytes, name: str) -> list[float]:
    """Return the numbers of a property, or its default; ``KeyError`` for neither."""
    text = _property(header, prefix + b":" + name.encode())
    return [float(number) for number in _NUMBER.findall(text)] if text else [_DEFAULTS[name]]


def _property(header: bytes, name: bytes) -> bytes:
    """Return the value of a property with what encloses it; empty if it is not there."""
    attribute = re.search(re.escape(name) + rb"""\s*=\s*(["'][^"'<]{0,64}["'])""", header)
    if attribute:
        return attribute[1]
    start = header.find(b"<" + name + b">")
    end = header.find(b"</" + name + b">", start, start + _LONGEST_ELEMENT)
    return header[start : end + 1] if 0 <= start < end else b""


def write_xmp(gains: Gains) -> bytes:
    """Return the segment of a map's JPEG; properties with their default are left out."""
    names = zip((*_CHANNEL, *_HEADROOM), _columns(gains), strict=True)
    written = [(name, values) for name, values in names if values != [_DEFAULTS.get(name)]]
    single = "".join(f' hdrgm:{name}="{v[0]:.7g}"' for name, v in written if len(v) == 1)
    several = "".join(
        f"<hdrgm:{name}><rdf:Seq>"
        + "".join(f"<rdf:li>{value:.7g}</rdf:li>" for value in values)
        + f"</rdf:Seq></hdrgm:{name}>"
        for name, values in written
        if len(values) > 1
    )
    return xmp_segment(f"{single}>{several}" if several else f"{single}>")


def _columns(gains: Gains) -> list[list[float]]:
    """Return each property's values, in their order: one, or three if they differ."""
    columns = [list(column) for column in zip(*(c.values() for c in gains.channels), strict=True)]
    short = [column[:1] if len(set(column)) == 1 else column for column in columns]
    return [*short, [gains.low_headroom], [gains.high_headroom]]


def xmp_segment(content: str, namespaces: str = "") -> bytes:
    """Return APP1 with XMP: what follows the version of ``hdrgm``, from further attributes on."""
    text = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description {namespaces}xmlns:hdrgm="{NAMESPACE.decode()}" hdrgm:Version="1.0"'
        f"{content}</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    return segment(0xE1, XMP + text.encode())


def write_iso(gains: Gains) -> bytes:
    """Return the segment of a map's JPEG with the bytes of ISO 21496-1."""
    channels = gains.channels[:1] if len(set(gains.channels)) == 1 else gains.channels
    numbers = [gains.low_headroom, gains.high_headroom]
    numbers += [number for channel in channels for number in channel.values()]
    fractions = (struct.pack(">lL", round(n * _DENOMINATOR), _DENOMINATOR) for n in numbers)
    flags = _BASE_COLOURS | (_MULTICHANNEL if len(channels) > 1 else 0)
    return segment(0xE2, ISO + ISO_VERSION + bytes((flags,)) + b"".join(fractions))


def segment(marker: int, body: bytes) -> bytes:
    """Return a segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body
