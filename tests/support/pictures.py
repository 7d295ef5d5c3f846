"""Pictures for the tests, generated: no file of them is kept."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 48">'
    b'<rect width="64" height="48" fill="#2060c0"/><circle cx="32" cy="24" r="20" fill="#ffd000"/>'
    b"</svg>"
)


def gradient(size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    """Red grows to the right, green downwards, blue is constant: every corner differs."""
    width, height = size
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, :, 0] = np.linspace(0, 255, width).astype(np.uint8)[None, :]
    pixels[:, :, 1] = np.linspace(0, 255, height).astype(np.uint8)[:, None]
    pixels[:, :, 2] = 96
    image = Image.fromarray(pixels)
    if mode == "RGBA":
        image.putalpha(Image.fromarray(pixels[:, :, 0]))
        return image
    if mode == "I;16":
        return Image.fromarray(pixels[:, :, 0].astype(np.uint16) * 257)
    return image.convert(mode)


def encoded(image: Image.Image, format_name: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    if format_name == "HEIF":
        pillow_heif.from_pillow(image).save(buffer, **options)
    else:
        image.save(buffer, format_name, **options)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def camera_exif(orientation: int = 1) -> bytes:
    """EXIF as a phone writes it: IFDs for the camera, the exposure and the place."""
    tags = Image.Exif()
    tags[0x010F], tags[0x0110] = "Maker", "Model"
    tags[0x0112] = orientation
    tags[0x011A], tags[0x0128] = 72.0, 2
    tags[0x0132] = "2026:05:01 10:11:12"
    tags.get_ifd(0x8769)[0x829A] = 0.004
    tags.get_ifd(0x8825)[1] = "N"
    return tags.tobytes()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def coded(image: Image.Image, format_name: str, primaries: int, transfer: int) -> bytes:
    """A picture whose file has code points (H.273): those of its samples, as they are."""
    if format_name == "HEIF":
        codes = {"color_primaries": primaries, "transfer_characteristics": transfer}
        codes |= {"matrix_coefficients": 9, "full_range_flag": 1}
        return encoded(image, "HEIF", quality=100, chroma=444, **codes)
    if format_name == "AVIF":  # Pillow writes sRGB's, by which it also makes YCbCr
        plain = encoded(image, "AVIF", quality=100, subsampling="4:4:4")
        found = struct.pack(">4s3H", b"nclx", 1, 13, 6)
        assert plain.count(found) == 1
        return plain.replace(found, struct.pack(">4s3H", b"nclx", primaries, transfer, 6))
    plain = encoded(image, "PNG")
    return plain[:33] + png_chunk(b"cICP", bytes((primaries, transfer, 0, 1))) + plain[33:]


def png_bomb(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that its few bytes never fill."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(bytes(1 << 16)))
        + png_chunk(b"IEND", b"")
    )


D50 = (0.9642, 1.0, 0.8249)
"""The white of profiles, as X, Y and Z."""


def rgb_profile(
    red: tuple[float, float],
    green: tuple[float, float],
    blue: tuple[float, float],
    gamma: float = 2.2,
) -> bytes:
    """A matrix profile (ICC v2) of three primaries, xy each, under D65, adapted to D50."""
    white = _xyz((0.3127, 0.3290))
    primaries = np.array([_xyz(red), _xyz(green), _xyz(blue)]).T
    scaled = primaries * np.linalg.solve(primaries, white)
    cone = np.array(
        [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
    )
    d50 = np.array(D50)
    adapt = np.linalg.inv(cone) @ np.diag((cone @ d50) / (cone @ white)) @ cone
    columns = (adapt @ scaled).T
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    tags = {
        b"wtpt": _xyz_tag(d50),
        b"rXYZ": _xyz_tag(columns[0]),
        b"gXYZ": _xyz_tag(columns[1]),
        b"bXYZ": _xyz_tag(columns[2]),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    return icc_profile(b"mntr", b"RGB ", b"XYZ ", tags)


def grey_profile(gamma: float) -> bytes:
    """A profile of greys (ICC v2)."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    return icc_profile(b"mntr", b"GRAY", b"XYZ ", {b"wtpt": _xyz_tag(D50), b"kTRC": curve})


def png(size: tuple[int, int], bits: int, colour_type: int, rows: bytes, **chunks: bytes) -> bytes:
    """A PNG of rows that begin with the number of their filter; ``chunks`` come before them."""
    parts = {
        "IHDR": struct.pack(">2I5B", *size, bits, colour_type, 0, 0, 0),
        **chunks,
        "IDAT": zlib.compress(rows),
        "IEND": b"",
    }
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(k.encode(), v) for k, v in parts.items())


def icc_profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Assemble an ICC v2 profile: header, tag table, tags."""
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78),
        b"cprt": b"text" + bytes(4) + b"none\0" + bytes(3),
        **tags,
    }
    at = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        padded = value + bytes(-len(value) % 4)
        table += name + struct.pack(">II", at + len(body), len(value))
        body += padded
    size = at + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, kind, space, connection)
    head += bytes(12) + b"acsp" + bytes(28) + fixed(D50)
    return head.ljust(128, b"\0") + table + body


def fixed(values: Any) -> bytes:
    """Return numbers as profiles have them: s15Fixed16Number."""
    return b"".join(struct.pack(">i", round(float(value) * 65536)) for value in values)


def display_p3() -> bytes:
    return rgb_profile((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))


def adobe_rgb() -> bytes:
    return rgb_profile((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))


def _xyz(xy: tuple[float, float]) -> np.ndarray:
    return np.array([xy[0] / xy[1], 1.0, (1 - xy[0] - xy[1]) / xy[1]])


def _xyz_tag(values: Any) -> bytes:
    return b"XYZ " + bytes(4) + fixed(values)
