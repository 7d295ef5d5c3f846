"""ICC profiles for the golden pictures, in addition to those of ``tests.support.pictures``."""

import struct

from PIL import ImageCms

from tests.support.pictures import D50, fixed, icc_profile, rgb_profile


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
    white = b"XYZ " + bytes(4) + fixed(D50)
    return icc_profile(b"mntr", b"GRAY", b"XYZ ", {b"wtpt": white, b"kTRC": curve})


def cmyk() -> bytes:
    """Return a press profile: the CIELAB colours of 16 ink combinations (ICC.1, "lut8Type")."""
    colours = [_lab(c, m, y, k) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]
    identity = b"".join(fixed(row) for row in ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    ramp = bytes(range(256))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity
    table += ramp * 4 + b"".join(colours) + ramp * 3
    white = b"XYZ " + bytes(4) + fixed(D50)
    return icc_profile(b"prtr", b"CMYK", b"Lab ", {b"wtpt": white, b"A2B0": table})


def _lab(cyan: int, magenta: int, yellow: int, black: int) -> bytes:
    """Return an approximate colour of full inks on top of each other, in 8-bit CIELAB."""
    light = 255 - 90 * cyan - 100 * magenta - 20 * yellow
    light = light // 6 if black else light
    weight = 1 if black else 5
    red_green = 128 + weight * (-8 * cyan + 15 * magenta - yellow)
    yellow_blue = 128 + weight * (-10 * cyan - yellow + 18 * yellow)
    return bytes((light, red_green, yellow_blue))
