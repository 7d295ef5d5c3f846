"""Hostile PNG, JPEG, GIF, WebP, BMP, TIFF and QOI files."""

import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from PIL import Image

from tests.support.bombs import (
    PNG,
    jpeg_with,
    png_head,
    png_with_profile,
    profile_of,
    segment,
)
from tests.support.pictures import display_p3, encoded, gradient, png_bomb, png_chunk

SIDE: Final = 7000
"""Width and height of a picture just below the pixel limit at 1024 MB: 49 MP."""


def png_zeros(
    side: tuple[int, int] = (SIDE, SIDE),
    *,
    colour_type: int = 2,
    bits: int = 8,
    interlace: int = 0,
    extra: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """A PNG of nothing but zeros, which deflate packs a thousandfold."""
    width, height = side
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour_type]
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, interlace)
    packer = zlib.compressobj(9)
    parts: list[bytes] = []
    if interlace:
        starts = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4))
        starts += ((1, 0, 2, 2), (0, 1, 1, 2))
    else:
        starts = ((0, 0, 1, 1),)
    for x, y, across, down in starts:
        columns, rows = -(-(width - x) // across), -(-(height - y) // down)
        if columns > 0:
            row = bytes(1 + (columns * channels * bits + 7) // 8)
            parts += [packer.compress(row) for _ in range(max(0, rows))]
    parts.append(packer.flush())
    palette = png_chunk(b"PLTE", bytes(range(6))) if colour_type == 3 else b""
    return (
        PNG
        + png_chunk(b"IHDR", header)
        + extra
        + palette
        + after
        + png_chunk(b"IDAT", b"".join(parts))
        + png_chunk(b"IEND", b"")
    )


def profile_chunk(profile: bytes) -> bytes:
    return png_chunk(b"iCCP", b"icc\0\0" + zlib.compress(profile, 9))


def apng(frames: int, side: tuple[int, int], *, whole: bool, dispose: int = 1) -> bytes:
    """An APNG whose frames are single pixels, or whole, on a canvas that each makes anew."""
    width, height = side
    row = bytes(1 + 4 * width)
    first = zlib.compress(row * height, 9)
    small = first if whole else zlib.compress(bytes(5))
    data = bytearray(png_head(width, height, 6)) + png_chunk(b"acTL", struct.pack(">II", frames, 0))
    number = 0
    for frame in range(frames):
        w, h = (width, height) if whole or not frame else (1, 1)
        control = struct.pack(">IIIIIHHBB", number, w, h, 0, 0, 1, 100, dispose, 1)
        data += png_chunk(b"fcTL", control)
        number += 1
        if frame:
            data += png_chunk(b"fdAT", struct.pack(">I", number) + small)
            number += 1
        else:
            data += png_chunk(b"IDAT", first)
    return bytes(data) + png_chunk(b"IEND", b"")


def huge_clut(grid: int = 45) -> bytes:
    """A profile whose table of colours has over half a megabyte."""
    head = b"mft2" + bytes(4) + bytes((3, 3, grid, 0))
    head += struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    head += struct.pack(">HH", 4096, 4096)
    curve = np.linspace(0, 65535, 4096).astype(">u2").tobytes()
    table = np.random.default_rng(1).integers(0, 65535, grid**3 * 3).astype(">u2").tobytes()
    profile = profile_of(b"A2B0", head + curve * 3 + table + curve * 3)
    return profile[:20] + b"Lab " + profile[24:]


def jpeg_header_only(side: int = 65_000) -> bytes:
    data = bytearray(encoded(Image.new("RGB", (16, 16)), "JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", side, side)
    return bytes(data)


def jpeg_empty(
    *,
    progressive: bool = False,
    components: int = 3,
    sampling: int = 0x11,
    scans: int = 1,
    restart: int = 0,
) -> bytes:
    """A JPEG of 49 MP whose data end after a few bytes: libjpeg makes up the rest."""
    ids = bytes(range(1, components + 1))
    layers = b"".join(bytes((number, sampling if number == 1 else 0x11, 0)) for number in ids)
    head = b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64)
    if restart:
        head += segment(0xDD, struct.pack(">H", restart))
    head += segment(
        0xC2 if progressive else 0xC0, struct.pack(">BHHB", 8, SIDE, SIDE, components) + layers
    )
    head += segment(0xC4, b"\0" + bytes((1, *[0] * 15)) + b"\0")
    head += segment(0xC4, b"\x10" + bytes((1, *[0] * 15)) + b"\0")
    last = 0 if progressive else 63
    selectors = b"".join(bytes((number, 0)) for number in ids)
    scan = segment(0xDA, bytes((components,)) + selectors + bytes((0, last, 0)))
    blocks = (SIDE // 8) ** 2
    coded = b"".join(b"\0" + bytes((0xFF, 0xD0 + n % 8)) for n in range(blocks // (restart or 1)))
    return head + (scan + (coded if restart else bytes(64))) * scans + b"\xff\xd9"


def exif(entries: int, length: int = 8, offset: int = 8) -> bytes:
    """EXIF with an IFD of many entries that all refer to the same bytes."""
    ifd = struct.pack("<H", entries)
    for tag in range(entries):
        ifd += struct.pack("<HHII", tag + 1, 7, length, offset)
    return b"Exif\0\0II*\0\x08\0\0\0" + ifd + struct.pack("<I", 8) + bytes(length)


def lzw_zeros(pixels: int) -> bytes:
    """LZW of zeros: codes that grow by one pixel each, as far as 12 bits carry them."""
    bits, length, width, table = 0, 0, 9, 258
    out = bytearray()

    def put(code: int) -> None:
        nonlocal bits, length
        bits |= code << length
        length += width
        while length >= 8:
            out.append(bits & 255)
            bits >>= 8
            length -= 8

    done = 0
    while done < pixels:
        put(256)
        width, table, run = 9, 258, 1
        put(0)
        done += 1
        while table < 4095 and done < pixels:
            put(table)
            run += 1
            done += run
            table += 1
            if table == 1 << width and width < 12:
                width += 1
    put(257)
    out.append(bits & 255)
    blocks = b"".join(
        bytes((len(out[at : at + 255]),)) + out[at : at + 255] for at in range(0, len(out), 255)
    )
    return b"\x08" + blocks + b"\0"


def gif(
    frames: int,
    canvas: tuple[int, int],
    *,
    frame: tuple[int, int] | None = None,
    dispose: int = 2,
    at: tuple[int, int] = (0, 0),
) -> bytes:
    """A GIF of blank frames, each of which has the canvas restored."""
    size = frame or canvas
    image = lzw_zeros(size[0] * size[1])
    head = b"GIF89a" + struct.pack("<HHBBB", *canvas, 0xF0, 0, 0) + bytes((0, 0, 0, 255, 255, 255))
    head += b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    control = b"!\xf9\x04" + bytes((dispose << 2 | 1, 5, 0, 1)) + b"\0"
    block = control + b"," + struct.pack("<HHHHB", *at, *size, 0) + image
    return head + block * frames + b";"


def gif_noise(frames: int = 60, side: tuple[int, int] = (800, 600)) -> bytes:
    """An animated GIF of noise, which packs badly."""
    random = np.random.default_rng(3)
    pictures = [
        Image.fromarray(random.integers(0, 255, (side[1], side[0]), np.uint8), "L").convert("P")
        for _ in range(frames)
    ]
    return encoded(pictures[0], "GIF", save_all=True, append_images=pictures[1:])


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def chunk_of(data: bytes, name: bytes) -> bytes:
    at = data.index(name)
    length = int.from_bytes(data[at + 4 : at + 8], "little")
    return data[at + 8 : at + 8 + length]


def u24(number: int) -> bytes:
    return struct.pack("<I", number)[:3]


def webp_still(
    side: int = SIDE, *, lossless: bool = True, profile: bytes = b"", noise: bool = False
) -> bytes:
    image = Image.new("RGBA", (side, side), (200, 10, 10, 128))
    if noise:
        patch = np.random.default_rng(5).integers(0, 255, (256, 256, 4), np.uint8)
        image = Image.fromarray(np.tile(patch, (side // 256 + 1,) * 2 + (1,))[:side, :side], "RGBA")
    options: dict[str, Any] = {"icc_profile": profile} if profile else {}
    return encoded(image, "WEBP", lossless=lossless, quality=0, method=0, **options)


class _Bits:
    """Bits written from the lowest up, as lossless WebP has them."""

    def __init__(self) -> None:
        self.number, self.length = 0, 0
        self.done = bytearray()

    def put(self, value: int, bits: int = 1) -> None:
        self.number |= value << self.length
        self.length += bits
        whole = self.length // 8
        self.done += (self.number & (1 << 8 * whole) - 1).to_bytes(whole, "little")
        self.number >>= 8 * whole
        self.length -= 8 * whole


_ZERO_ALONE: Final = 0b0001
"""A code of one symbol, 0, in 4 bits: simple, one symbol, of one bit, 0."""


def webp_groups(side: int) -> bytes:
    """A lossless WebP with a set of codes for each 4 x 4 pixels (RFC 9649, 6.2.2).

    The decoder makes some kilobytes of tables of a set that takes 20 bits in the file.
    """
    bits = _Bits()
    bits.put(0x2F, 8)
    bits.put(side - 1, 14)
    bits.put(side - 1, 14)
    bits.put(0, 1 + 3 + 1 + 1)  # no alpha, version 0, no transform, no cache of colours
    bits.put(1)  # several sets of codes
    bits.put(0, 3 + 1)  # for each 4 x 4 pixels; no cache
    for symbols in (256 + 24, 256):  # green and red, where a set's number lies: 8 bits a value
        bits.put(0)
        bits.put(19 - 4, 4)
        for length in (17, 18, *range(6), 16, *range(6, 16)):
            bits.put(length in {0, 8}, 3)
        bits.put(0)
        for symbol in range(symbols):
            bits.put(symbol < 256)
    for _ in range(3):  # blue, alpha, distance
        bits.put(_ZERO_ALONE, 4)
    count = (-(-side // 4)) ** 2
    for number in range(count):
        for value in (number & 255, number >> 8):
            bits.put(int(f"{value:08b}"[::-1], 2), 8)
    for _ in range(count * 5):
        bits.put(_ZERO_ALONE, 4)
    bits.put(0, 64)
    return riff((b"VP8L", bytes(bits.done)))


def webp_animated(
    frames: int, canvas: tuple[int, int], *, frame: int = 1, flags: int = 0b01
) -> bytes:
    """A WebP animation of small frames on a large canvas, each disposed to the background."""
    still = encoded(Image.new("RGBA", (frame, frame), (1, 2, 3, 128)), "WEBP", lossless=True)
    payload = chunk_of(still, b"VP8L")
    image = b"VP8L" + struct.pack("<I", len(payload)) + payload + bytes(len(payload) % 2)
    body = u24(0) * 2 + u24(frame - 1) * 2 + u24(40) + bytes((flags,)) + image
    head = bytes((0x12, 0, 0, 0)) + u24(canvas[0] - 1) + u24(canvas[1] - 1)
    animation = (b"ANIM", bytes(6))
    return riff((b"VP8X", head), animation, *[(b"ANMF", body)] * frames)


def webp_with(name: bytes, body: bytes, count: int = 1, flags: int = 0) -> bytes:
    still = encoded(gradient((64, 48)), "WEBP")
    head = bytes((flags, 0, 0, 0)) + u24(63) + u24(47)
    return riff((b"VP8X", head), *[(name, body)] * count, (b"VP8 ", chunk_of(still, b"VP8 ")))


def bmp_rle(side: int = SIDE, run: int = 255) -> bytes:
    """An RLE8 bitmap of 49 MP in runs of one length; Pillow decodes it in Python."""
    count = min(12_000_000, side * side // run)
    pixels = bytes((run, 1)) * count + b"\0\1"
    head = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, 1, len(pixels), 0, 0, 256, 0)
    offset = 14 + 40 + 1024
    return (
        b"BM"
        + struct.pack("<IHHI", offset + len(pixels), 0, 0, offset)
        + head
        + bytes(1024)
        + pixels
    )


def bmp_plain(side: int = 2800) -> bytes:
    return encoded(Image.new("RGB", (side, side)), "BMP")


def qoi_runs(side: int = SIDE) -> bytes:
    head = b"qoif" + struct.pack(">IIBB", side, side, 4, 0)
    return head + b"\xfd" * (side * side // 62 + 1) + bytes(7) + b"\1"


def tiff(tags: list[tuple[int, int, int, bytes]], data: bytes = b"") -> bytes:
    """A TIFF of one directory: tag, type, count, value; longer values follow it."""
    at = 8 + 2 + 12 * len(tags) + 4
    entries, values = bytearray(), bytearray()
    for tag, kind, count, value in sorted(tags, key=lambda entry: entry[0]):
        if len(value) > 4:
            entries += struct.pack("<HHII", tag, kind, count, at + len(values))
            values += value + bytes(len(value) % 2)
        else:
            entries += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags))
    return head + entries + bytes(4) + values + data


def tiff_strips(side: int = SIDE, *, shared: bool = True, compression: int = 8) -> bytes:
    """49 MP in strips of one row, all of them the same bytes of the file."""
    row = zlib.compress(bytes(3 * side), 9) if compression == 8 else bytes(3 * side)
    tags = _tiff_tags(side, side, 3, compression)
    where = 8 + 2 + 12 * (len(tags) + 3) + 4 + 6 + 8 * side
    offsets = struct.pack(f"<{side}I", *[where] * side)
    lengths = struct.pack(f"<{side}I", *[len(row)] * side)
    tags += [(273, 4, side, offsets), (279, 4, side, lengths), (278, 3, 1, b"\1\0")]
    return tiff(tags, row)


def _tiff_tags(width: int, height: int, channels: int, compression: int) -> list[Any]:
    return [
        (256, 4, 1, struct.pack("<I", width)),
        (257, 4, 1, struct.pack("<I", height)),
        (258, 3, channels, struct.pack(f"<{channels}H", *[8] * channels)),
        (259, 3, 1, struct.pack("<H", compression)),
        (262, 3, 1, struct.pack("<H", 2 if channels > 1 else 1)),
        (277, 3, 1, struct.pack("<H", channels)),
    ]


def tiff_one_strip(side: int = SIDE, channels: int = 4, *, extra: int = 2) -> bytes:
    """49 MP in a single strip, so that libtiff holds all of it at once."""
    packer = zlib.compressobj(9)
    row = bytes(channels * side)
    body = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    tags = _tiff_tags(side, side, channels, 8)
    if channels == 4:
        tags.append((338, 3, 1, struct.pack("<H", extra)))
    size = 8 + 2 + 12 * (len(tags) + 3) + 4 + (8 if channels > 2 else 0)
    tags += [
        (273, 4, 1, struct.pack("<I", size)),
        (278, 4, 1, struct.pack("<I", side)),
        (279, 4, 1, struct.pack("<I", len(body))),
    ]
    return tiff(tags, body)


def tiff_tiles(side: int = SIDE, tile: int = 16) -> bytes:
    """49 MP in tiles of 16 x 16, all of them the same bytes."""
    count = (-(-side // tile)) ** 2
    body = zlib.compress(bytes(tile * tile * 3), 9)
    tags = _tiff_tags(side, side, 3, 8)
    where = 8 + 2 + 12 * (len(tags) + 4) + 4 + 6 + 8 * count
    tags += [
        (322, 3, 1, struct.pack("<H", tile)),
        (323, 3, 1, struct.pack("<H", tile)),
        (324, 4, count, struct.pack(f"<{count}I", *[where] * count)),
        (325, 4, count, struct.pack(f"<{count}I", *[len(body)] * count)),
    ]
    return tiff(tags, body)


def tiff_many_offsets(count: int = 3_000_000) -> bytes:
    """A directory that names three million strips, for 64 x 48 pixels."""
    tags = _tiff_tags(64, 48, 3, 1)
    tags += [
        (273, 4, count, bytes(4 * count)),
        (278, 3, 1, b"\1\0"),
        (279, 4, count, bytes(4 * count)),
    ]
    return tiff(tags, bytes(3 * 64))


def tiff_many_tags(count: int = 60_000, length: int = 400) -> bytes:
    tags = [*_tiff_tags(64, 48, 3, 1), (273, 4, 1, bytes(4)), (278, 3, 1, b"\x30\0")]
    tags += [(1000 + n, 7, length, bytes(length)) for n in range(count)]
    return tiff(tags)


def tiff_loop(entries: int = 65_000) -> bytes:
    """A directory whose entries all refer to the whole file."""
    size = 8 + 2 + 12 * entries + 4
    body = b"".join(struct.pack("<HHII", n + 1, 7, size, 0) for n in range(entries))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", entries) + body + struct.pack("<I", 8)


def _noise(side: tuple[int, int], mode: str = "RGB") -> Image.Image:
    channels = len(mode)
    pixels = np.random.default_rng(1).integers(0, 255, (side[1], side[0], channels), np.uint8)
    return Image.fromarray(pixels, mode)


def _xmp(megabytes: int = 24) -> bytes:
    return b"<x:xmpmeta>" + b"a" * (megabytes << 20)


def png_text(megabytes: int = 24) -> bytes:
    body = b"XML:com.adobe.xmp\0\0\0\0\0" + _xmp(megabytes)
    data = encoded(gradient((32, 24)), "PNG")
    return data[:33] + png_chunk(b"iTXt", body) + data[33:]


def png_exif(entries: int) -> bytes:
    data = encoded(gradient((32, 24)), "PNG")
    return data[:33] + png_chunk(b"eXIf", exif(entries, 60_000)[6:]) + data[33:]


def png_noise(side: int = 900) -> bytes:
    return encoded(_noise((side, side)), "PNG")


P3: Final = display_p3()
LAB: Final = huge_clut()

STILLS: Final[Mapping[str, Callable[[], bytes]]] = {
    "png pixels": lambda: png_bomb(60_000, 60_000),
    "png ratio": lambda: png_zeros((1, 5000)),
    "png one column": lambda: png_zeros((1, 4096)),
    "png one column interlaced": lambda: png_zeros((1, 4096), interlace=1),
    "png 49 MP": png_zeros,
    "png 49 MP alpha": lambda: png_zeros(colour_type=6),
    "png 49 MP alpha profile": lambda: png_zeros(colour_type=6, extra=profile_chunk(P3)),
    "png 49 MP alpha clut": lambda: png_zeros(colour_type=6, extra=profile_chunk(LAB)),
    "png 49 MP 16 bits": lambda: png_zeros(colour_type=0, bits=16),
    "png 49 MP 16 bits alpha": lambda: png_zeros(colour_type=6, bits=16),
    "png 49 MP grey alpha": lambda: png_zeros(colour_type=4),
    "png 49 MP 1 bit": lambda: png_zeros(colour_type=0, bits=1),
    "png 49 MP palette transparent": lambda: png_zeros(
        colour_type=3, bits=1, after=png_chunk(b"tRNS", bytes(2))
    ),
    "png 49 MP key": lambda: png_zeros(extra=png_chunk(b"tRNS", bytes(6))),
    "png 49 MP interlaced": lambda: png_zeros(interlace=1),
    "png 49 MP interlaced alpha": lambda: png_zeros(interlace=1, colour_type=6),
    "png xmp": png_text,
    "png exif": lambda: png_exif(5000),
    "png exif large": lambda: png_exif(65_000),
    "png profile 5 MB": lambda: png_with_profile(profile_of(b"A2B0", bytes(5 << 20))),
    "png clut": lambda: png_with_profile(LAB),
    "jpeg pixels": jpeg_header_only,
    "jpeg 49 MP empty": jpeg_empty,
    "jpeg 49 MP empty cmyk": lambda: jpeg_empty(components=4),
    "jpeg 49 MP progressive": lambda: jpeg_empty(progressive=True),
    "jpeg 49 MP progressive cmyk": lambda: jpeg_empty(progressive=True, components=4),
    "jpeg 49 MP progressive scans": lambda: jpeg_empty(progressive=True, scans=20),
    "jpeg 49 MP sampling": lambda: jpeg_empty(sampling=0x44),
    "jpeg 49 MP restarts": lambda: jpeg_empty(components=1, restart=1),
    "jpeg exif entries": lambda: jpeg_with(segment(0xE1, exif(4000, 10_000))),
    "jpeg xmp": lambda: jpeg_with(
        segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + bytes(65_000)) * 380
    ),
    "jpeg profile parts": lambda: jpeg_with(
        b"".join(
            segment(0xE2, b"ICC_PROFILE\0" + bytes((n, 255)) + bytes(65_000)) for n in range(1, 256)
        )
    ),
    "jpeg tables": lambda: jpeg_with(segment(0xDB, (b"\0" + b"\1" * 64) * 1000) * 350),
    "gif 49 MP": lambda: gif(1, (SIDE, SIDE)),
    "gif grows": lambda: gif(1, (64, 48), frame=(9400, 9400)),
    "gif beyond": lambda: gif(1, (64, 48), frame=(64, 48), at=(65_000, 65_000)),
    "webp 49 MP alpha": webp_still,
    "webp 49 MP alpha profile": lambda: webp_still(profile=P3),
    "webp 49 MP alpha clut": lambda: webp_still(profile=LAB),
    "webp 49 MP lossy alpha": lambda: webp_still(lossless=False, profile=P3),
    "webp 25 MP noise": lambda: webp_still(side=5000, noise=True),
    "webp 65,536 codes": lambda: webp_groups(1024),
    "webp 61,504 codes": lambda: webp_groups(992),
    "webp 49 MP canvas": lambda: webp_animated(1, (SIDE, SIDE)),
    "webp 268 MP canvas": lambda: webp_animated(1, (16_384, 16_384)),
    "webp frames": lambda: webp_animated(400_000, (64, 48)),
    "webp chunks": lambda: webp_with(b"abcd", b"", 2_500_000),
    "webp profile 20 MB": lambda: webp_with(b"ICCP", bytes(20 << 20), flags=0x20),
    "webp exif 20 MB": lambda: webp_with(b"EXIF", bytes(20 << 20), flags=0x08),
    "webp xmp 20 MB": lambda: webp_with(b"XMP ", _xmp(20), flags=0x04),
    "bmp rle": bmp_rle,
    "bmp rle singles": lambda: bmp_rle(run=1),
    "bmp rle 1 MP singles": lambda: bmp_rle(side=1000, run=1),
    "bmp 8 MP": bmp_plain,
    "qoi runs": qoi_runs,
    "qoi 2 MP noise": lambda: encoded(_noise((1600, 1300)), "QOI"),
    "tiff strips": tiff_strips,
    "tiff one strip": lambda: tiff_one_strip(channels=3),
    "tiff one strip alpha": tiff_one_strip,
    "tiff tiles": tiff_tiles,
    "tiff offsets": tiff_many_offsets,
    "tiff tags": tiff_many_tags,
    "tiff loop": tiff_loop,
    "tiff profile": lambda: encoded(
        Image.new("RGBA", (5500, 5500)), "TIFF", compression="tiff_adobe_deflate", icc_profile=P3
    ),
    "tiff float": lambda: encoded(
        Image.new("F", (SIDE, SIDE)), "TIFF", compression="tiff_adobe_deflate"
    ),
    "tiff jpeg": lambda: encoded(Image.new("RGB", (SIDE, SIDE)), "TIFF", compression="jpeg"),
    "tiff fax": lambda: encoded(Image.new("1", (SIDE, SIDE)), "TIFF", compression="group4"),
}

MOVING: Final[Mapping[str, Callable[[], bytes]]] = {
    "gif frames 1001": lambda: gif(1001, (64, 48)),
    "gif frames 1000": lambda: gif(1000, (440, 440)),
    "gif frames of a pixel": lambda: gif(1000, (440, 440), frame=(1, 1), dispose=3),
    "gif 4 x 49 MP": lambda: gif(4, (SIDE, SIDE)),
    "gif 5 x 49 MP": lambda: gif(5, (SIDE, SIDE), frame=(1, 1)),
    "gif noise": gif_noise,
    "gif frames of 1080": lambda: gif(42, (1080, 1080)),
    "png frames 4 x 49 MP": lambda: apng(4, (SIDE, SIDE), whole=False),
    "png frames of a pixel": lambda: apng(1000, (440, 440), whole=False),
    "png frames whole": lambda: apng(150, (1150, 1150), whole=True),
    "png frames of 1080": lambda: apng(42, (1080, 1080), whole=True),
    "webp frames of a pixel": lambda: webp_animated(1000, (440, 440)),
    "webp 4 x 49 MP": lambda: webp_animated(4, (SIDE, SIDE)),
    "webp frames 400,000": lambda: webp_animated(400_000, (64, 48)),
    "webp frames of 1080": lambda: webp_animated(42, (1080, 1080), frame=1080),
}
"""Animations, for a stack whose renditions keep motion."""
