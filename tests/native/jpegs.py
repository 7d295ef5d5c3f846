"""JPEGs for the tests of the C code: of every kind that it decodes, and damaged ones."""

import io
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from unittest.mock import patch

from PIL import Image, ImageFile, ImageFilter

from function.engine.vectors import decode_jpeg

SUBSAMPLINGS = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}
"""Pillow's number of each chroma subsampling."""

DIVISORS = (1, 2, 4, 8)


@dataclass(frozen=True)
class Decode:
    """One call of ``decode_jpeg``; ``size`` is that of luma."""

    data: bytes
    divisor: int
    size: tuple[int, int]

    def request(self) -> bytes:
        """Return the job as tests/native/decode.c reads it."""
        return struct.pack("=4i", len(self.data), self.divisor, *self.size) + self.data

    def expected(self) -> bytes:
        """Return the result of this machine's module, as the program writes it."""
        planes = decode_jpeg(self.data, self.divisor, self.size)
        return b"\1" if planes is None else b"\0" + b"".join(plane.tobytes() for plane in planes)


def picture(
    size: tuple[int, int], seed: int, *, lowest: int = 0, highest: int = 255
) -> Image.Image:
    """Make blurred noise of all frequencies, with levels from ``lowest`` to ``highest``."""
    noise = Image.frombytes("RGB", size, random.Random(seed).randbytes(3 * size[0] * size[1]))
    blurred = noise.filter(ImageFilter.GaussianBlur(seed % 4))
    return blurred.point(lambda level: lowest + level * (highest - lowest) // 255)


def jpeg(image: Image.Image, draw: random.Random) -> bytes:
    """Encode with random options, all of them such that the C code decodes the result."""
    buffer = io.BytesIO()
    options = {
        "quality": draw.choice((1, 30, 75, 90, 95, 100)),
        "subsampling": draw.choice(tuple(SUBSAMPLINGS.values())),
        "optimize": draw.random() < 0.5,
        "restart_marker_blocks": draw.choice((0, 0, 1, 3, 7)),
    }
    # Noise takes more bytes than Pillow expects. Only here: PNGs are cut by the same number.
    with patch.object(ImageFile, "MAXBLOCK", 1 << 20):
        image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def decodes(count: int, *, seed: int) -> Iterator[Decode]:
    """Yield ``count`` JPEGs, two of three damaged; equal seeds give equal ones."""
    draw = random.Random(seed)
    for _ in range(count):
        width, height = draw.randint(1, 90), draw.randint(1, 60)
        data = jpeg(picture((width, height), draw.randrange(1 << 20)), draw)
        divisor = draw.choice(DIVISORS)
        for _ in range(draw.randrange(3)):
            data = damage(data, draw)
        yield Decode(data, divisor, (-(-width // divisor), -(-height // divisor)))


def damage(data: bytes, draw: random.Random) -> bytes:
    """Flip a bit, or cut off, leave out, repeat or insert bytes, anywhere or in the headers."""
    at = draw.randrange(len(data) if draw.random() < 0.5 else min(len(data), 700))
    some = draw.randrange(1, 20)
    match draw.randrange(5):
        case 0:
            return data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]
        case 1:
            return data[:at] or data
        case 2:
            return data[:at] + data[at + some :] or data
        case 3:
            return data[: at + some] + data[at:]
        case _:
            return data[:at] + draw.randbytes(some) + data[at:]
