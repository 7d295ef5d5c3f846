"""ICC profiles for the golden pictures, in addition to those of ``tests.support.pictures``."""

import struct

from PIL import ImageCms

from tests.support.pictures import rgb_profile

D50 = (0.9642, 1.0, 0.8249)


def srgb() -> bytes:
    """Return lcms's own sRGB profile, without the date at which it was made and its checksum."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes(12)
    profile[84:100] = bytes(16)
    return bytes(profile)


def gamma() -> bytes:
    """Return a profile of sRGB's primaries with gamma 2.2, which the function takes for sRGB."""
    return rgb_profile((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))


def grey() -> bytes:
    """Return a grey profile of gamma 1.8."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(1.8 * 256)) + bytes(2)
    white = b"XYZ " + bytes(4) + _fixed(D50)
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"wtpt": white, b"kTRC": curve})


def cmyk() -> bytes:
    """Return a press profile: the CIELAB colours of 16 ink combinations (ICC.1, "lut8Type")."""
    colours = [_lab(c, m, y, k) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]
    identity = b"".join(_fixed(row) for row in ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    ramp = bytes(range(256))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity
    table += ramp * 4 + b"".join(colours) + ramp * 3
    white = b"XYZ " + bytes(4) + _fixed(D50)
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"wtpt": white, b"A2B0": table})


def _lab(cyan: int, magenta: int, yellow: int, black: int) -> bytes:
    """Return an approximate colour of full inks on top of each other, in 8-bit CIELAB."""
    light = 255 - 90 * cyan - 100 * magenta - 20 * yellow
    light = light // 6 if black else light
    weight = 1 if black else 5
    red_green = 128 + weight * (-8 * cyan + 15 * magenta - yellow)
    yellow_blue = 128 + weight * (-10 * cyan - yellow + 18 * yellow)
    return bytes((light, red_green, yellow_blue))


def _fixed(values: tuple[float, ...]) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
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
    head += bytes(12) + b"acsp" + bytes(28) + _fixed(D50)
    return head.ljust(128, b"\0") + table + body
