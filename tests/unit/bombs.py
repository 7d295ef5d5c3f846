"""Files that cost a decoder many seconds or a gigabyte, as strangers would build them."""

import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Final

from pictures import encoded, gradient, png_chunk
from PIL import Image

PNG: Final = b"\x89PNG\r\n\x1a\n"


def png_head(width: int, height: int, colour_type: int = 2) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    return PNG + png_chunk(b"IHDR", header)


def png_with_profile(profile: bytes) -> bytes:
    data = encoded(gradient((32, 24)), "PNG")
    chunk = png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(profile, 9))
    return data[:33] + chunk + data[33:]


def profile_of(tag: bytes, body: bytes) -> bytes:
    """An RGB profile (ICC v4) with one tag."""
    head = struct.pack(
        ">I4sI4s4s4s", 144 + len(body), b"none", 0x04400000, b"mntr", b"RGB ", b"XYZ "
    )
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">iii", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I4sII", 1, tag, 144, len(body)) + body


def many_elements(tag: bytes = b"D2B1", count: int = 32_000) -> bytes:
    """A pipeline of thousands of matrices, all of them one and the same twelve numbers."""
    matrix = b"matf" + bytes(4) + struct.pack(">HH", 3, 3)
    matrix += struct.pack(">12f", 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0)
    at = 16 + 8 * count
    body = b"mpet" + bytes(4) + struct.pack(">HHI", 3, 3, count)
    body += struct.pack(">II", at, len(matrix)) * count + matrix
    return png_with_profile(profile_of(tag, body))


def many_samples(tag: bytes = b"D2B1", curves: int = 3, samples: int = 100_000_000) -> bytes:
    """Curves that claim more samples than the file has bytes."""
    segment = b"samf" + bytes(4) + struct.pack(">I", samples)
    curve = b"curf" + bytes(4) + struct.pack(">HH", 1, 0) + segment
    element = b"cvst" + bytes(4) + struct.pack(">HH", curves, curves)
    element += struct.pack(">II", 12 + 8 * curves, len(curve)) * curves + curve
    body = b"mpet" + bytes(4) + struct.pack(">HHI", 3, 3, 1) + struct.pack(">II", 24, len(element))
    return png_with_profile(profile_of(tag, body + element))


def many_idats(count: int = 50_000, colour_type: int = 2) -> bytes:
    """A PNG whose stream comes a byte at a time; rows deflate to nothing, so none is complete."""
    width = 3000
    channels = {2: 3, 6: 4, 0: 1}[colour_type]
    row = b"\0" + bytes(range(256)) * (width * channels // 256 + 1)
    stream = zlib.compress(row[: 1 + width * channels] * 1000, 0)
    chunks = b"".join(png_chunk(b"IDAT", stream[i : i + 1]) for i in range(count))
    rest = png_chunk(b"IDAT", stream[count:])
    return png_head(width, 1000, colour_type) + chunks + rest + png_chunk(b"IEND", b"")


def many_chunks(megabytes: int = 24, kind: bytes = b"teSt") -> bytes:
    data = encoded(gradient((32, 24)), "PNG")
    return data[:33] + png_chunk(kind, b"") * (megabytes * 1_000_000 // 12) + data[33:]


JPEG: Final = encoded(gradient((64, 48)), "JPEG")


def jpeg_with(segments: bytes) -> bytes:
    return JPEG[:2] + segments + JPEG[2:]


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def many_scans(side: int = 7000, scans: int = 5000) -> bytes:
    """A sequential JPEG that repeats one component's scan; each goes over the whole picture."""
    data = encoded(Image.new("RGB", (16, 16)), "JPEG", subsampling=0)
    frame = data.index(b"\xff\xc0")
    start = data.index(b"\xff\xda")
    head = bytearray(data[:start])
    head[frame + 5 : frame + 9] = struct.pack(">HH", side, side)
    scan = segment(0xDA, bytes((1, 1, 0, 0, 63, 0)))
    return bytes(head) + scan * scans + b"\xff\xd9"


def progressive_scans(side: int = 7000, scans: int = 190) -> bytes:
    """Refinements of a picture, below the number that is refused, each of 76 bytes.

    One code says that 32,767 blocks have nothing to refine; libjpeg looks at each to find that.
    """
    blocks = (-(-side // 8)) ** 2
    head = b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64)
    head += segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + bytes((1, 0x11, 0)))
    head += segment(0xC4, b"\0" + bytes((1, *[0] * 15)) + b"\0")
    head += segment(0xC4, b"\x10" + bytes((1, *[0] * 15)) + b"\xe0")
    first = segment(0xDA, bytes((1, 1, 0, 0, 0, 1))) + bytes(blocks // 8 + 1)
    code = "011111111111111" * -(-blocks // 32767)
    code += "1" * (-len(code) % 8)
    coded = int(code, 2).to_bytes(len(code) // 8, "big").replace(b"\xff", b"\xff\0")
    refinement = segment(0xDA, bytes((1, 1, 0, 1, 63, 0x10))) + coded
    return head + first + refinement * scans + b"\xff\xd9"


def many_segments(megabytes: int = 24) -> bytes:
    return jpeg_with(segment(0xFE, b"") * (megabytes * 250_000))


def many_exif_segments(megabytes: int = 24) -> bytes:
    return jpeg_with(segment(0xE1, b"Exif\0\0" + bytes(60_000)) * (megabytes * 1_000_000 // 60_000))


def many_small_exif_segments(megabytes: int = 24) -> bytes:
    return jpeg_with(segment(0xE1, b"Exif\0\0") * (megabytes * 100_000))


def fill(megabytes: int = 24, byte: bytes = b"\0") -> bytes:
    return jpeg_with(b"\xff" + byte * (megabytes * 1_000_000))


GIF: Final = encoded(gradient((32, 24)), "GIF")
GIF_HEAD: Final = 13 + (3 << ((GIF[10] & 7) + 1) if GIF[10] & 0x80 else 0)


def gif_with(blocks: bytes) -> bytes:
    return GIF[:GIF_HEAD] + blocks + GIF[GIF_HEAD:]


def comment_of_bytes(megabytes: int = 8) -> bytes:
    """One comment in blocks of one byte."""
    return gif_with(b"\x21\xfe" + b"\x01a" * (megabytes * 500_000) + b"\0")


def many_comments(megabytes: int = 24) -> bytes:
    return gif_with(b"\x21\xfe\x01a\0" * (megabytes * 200_000))


def many_controls(megabytes: int = 24) -> bytes:
    return gif_with(b"\x21\xf9\x04\0\0\0\0\0" * (megabytes * 125_000))


BOMBS: Final[Mapping[str, Callable[[], bytes]]] = {
    "icc elements": many_elements,
    "icc elements in A2B1": lambda: many_elements(b"A2B1"),
    "icc samples": many_samples,
    "png idats": many_idats,
    "png idats of Pillow's own": lambda: many_idats(colour_type=0),
    "png chunks": many_chunks,
    "png empty idats": lambda: many_chunks(kind=b"IDAT"),
    "jpeg sequential scans": many_scans,
    "jpeg sequential scans, few": lambda: many_scans(scans=190),
    "jpeg progressive scans": progressive_scans,
    "jpeg segments": many_segments,
    "jpeg exif": many_exif_segments,
    "jpeg small exif": many_small_exif_segments,
    "jpeg fill 0": fill,
    "jpeg fill 255": lambda: fill(byte=b"\xff"),
    "gif comment": comment_of_bytes,
    "gif comments": many_comments,
    "gif controls": many_controls,
}
