"""Pairs of images for the tests of the C code, and how unlike they are."""

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from function.engine.vectors import compare

SIDES = (1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65)
"""Sides around those of the smallest picture, of a vector and of the scales."""


@dataclass(frozen=True)
class Pair:
    """One call of ``compare``: noise, and the same noise with some of its bits turned."""

    size: tuple[int, int]
    seed: int

    def images(self) -> list[bytes]:
        """Return the pixels of both images, four bytes each."""
        draw = random.Random(self.seed)
        length = 4 * self.size[0] * self.size[1]
        wild, mask = draw.random() < 0.3, draw.choice((0, 1, 7, 63, 255))
        noise = draw.randbytes(length)
        first = noise if wild else bytes(128 + (byte >> 4) for byte in noise)
        turned = bytes(byte & mask for byte in draw.randbytes(length))
        return [first, bytes(a ^ b for a, b in zip(first, turned, strict=True))]

    def request(self) -> bytes:
        """Return the job as tests/native/similarity.c reads it."""
        return struct.pack("=2i", *self.size) + b"".join(self.images())

    def expected(self) -> bytes:
        """Return the result of this machine's module, as the program writes it."""
        images = (Image.frombytes("RGBX", self.size, pixels) for pixels in self.images())
        terms = compare(*images) or ()
        return struct.pack(f"={len(terms)}d", *terms)


def pairs(count: int, *, seed: int) -> Iterator[Pair]:
    """Yield ``count`` pairs; equal seeds give equal ones."""
    draw = random.Random(seed)

    def side() -> int:
        return draw.choice(SIDES) if draw.random() < 0.5 else draw.randint(1, 90)

    for _ in range(count):
        yield Pair((side(), side()), draw.randrange(1 << 30))
