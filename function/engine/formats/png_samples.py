"""Apply the chunks ``tRNS`` and ``gAMA`` of a PNG, which Pillow reads but leaves as they are."""

import struct
from typing import Final, cast

from PIL.PngImagePlugin import PngImageFile

_GREYS: Final = frozenset({"1", "L", "LA", "I;16"})

_DEEP: Final = 16
_FACTORS: Final = {2: 85, 4: 17}  # by which samples of so many bits are multiplied
_USUAL: Final = 2.2
"""Exponent of the ``gAMA`` that programs write for sRGB, which is not quite a power (PNG 3,
11.3.2.5)."""

_NEXT_TO: Final = 0.05
"""Share by which an exponent may differ and still count as that one; libpng's, too."""

_MOST: Final = 10  # the largest exponent, and one over the smallest: others are nonsense

_D50: Final = (0.9642, 1.0, 0.8249)  # white of profiles, as X, Y and Z
_SRGB: Final = {
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
}
"""Primaries of sRGB as profiles state them, adapted to that white."""


def complete(image: PngImageFile, bits: int) -> None:
    """Scale the transparent colour of an opened PNG, and give it the profile that ``gAMA`` means.

    ``bits`` are those of a sample in the file.
    """
    key = image.info.get("transparency")
    if isinstance(key, tuple):
        levels = cast("tuple[int, ...]", key)
        image.info["transparency"] = tuple(_scale(level, bits) for level in levels)
    elif isinstance(key, int) and image.mode in {"L", "I;16"}:
        image.info["transparency"] = _scale(key, bits)
    if not image.info.get("icc_profile") and "srgb" not in image.info:
        profile = _profile(image.info.get("gamma", 0.0), is_grey=image.mode in _GREYS)
        if profile:
            image.info["icc_profile"] = profile


def _scale(level: int, bits: int) -> int:
    """Return a level in the 8 bits to which samples are scaled; of 16 bits, the high ones."""
    return level >> 8 if bits == _DEEP else level * _FACTORS.get(bits, 1)


def _profile(gamma: float, *, is_grey: bool) -> bytes | None:
    """Return a profile with the primaries of sRGB, whose samples are light to the power ``gamma``.

    Browsers convert such pictures as well. None if that is sRGB itself, or no picture's gamma.
    """
    if not 1 / _MOST <= gamma <= _MOST or abs(gamma * _USUAL - 1) <= _NEXT_TO:
        return None
    curve = b"curv" + struct.pack(">4xIHxx", 1, round(256 / gamma))
    tags = {b"wtpt": _xyz(_D50)}
    if is_grey:
        tags[b"kTRC"] = curve
    else:
        tags |= {name: _xyz(primary) for name, primary in _SRGB.items()}
        tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    at, table, body = 132 + 12 * len(tags), b"", b""
    for name, value in tags.items():
        table += name + struct.pack(">II", at + len(body), len(value))
        body += value
    space, size = b"GRAY" if is_grey else b"RGB ", at + len(body)
    head = struct.pack(">I4xI4s4s4s12x4s28x", size, 0x02400000, b"mntr", space, b"XYZ ", b"acsp")
    return (head + _xyz(_D50)[8:]).ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _xyz(values: tuple[float, float, float]) -> bytes:
    """Return three numbers as a tag of a profile."""
    return b"XYZ " + struct.pack(">4x3i", *(round(value * 65536) for value in values))
