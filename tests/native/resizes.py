"""Resizes for the tests of the C code, and Pillow's results of them."""

import random
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from PIL import Image

FILTERS = (
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.HAMMING,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
    Image.Resampling.MKS2013,
)
SIDES = (1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 63, 64, 65)
"""Widths around those of vectors, where errors at the ends of rows show first."""


@dataclass(frozen=True)
class Resize:
    """One call of ``Image.resize``; ``channels`` is 1 (mode L) or 4 (mode RGBX)."""

    source: tuple[int, int]
    target: tuple[int, int]
    channels: int
    resample: Image.Resampling
    box: tuple[float, float, float, float]
    seed: int

    def image(self) -> Image.Image:
        """Make noise, or noise of only black and white, which overshoots most."""
        width, height = self.source
        noise = random.Random(self.seed).randbytes(width * height * self.channels)
        if self.seed % 2:
            noise = bytes(255 * (byte >> 7) for byte in noise)
        return Image.frombytes("L" if self.channels == 1 else "RGBX", self.source, noise)

    def expected(self) -> bytes:
        """Return Pillow's result."""
        return self.image().resize(self.target, self.resample, box=self.box).tobytes()

    def request(self) -> bytes:
        """Return the job as tests/native/resample.c reads it."""
        numbers = (*self.source, *self.target, self.channels, int(self.resample), *self.box)
        return struct.pack("=6i4f", *numbers) + self.image().tobytes()


def as_floats(box: Iterable[float]) -> tuple[float, float, float, float]:
    """Round a box to the single precision in which Pillow takes it."""
    left, top, right, bottom = struct.unpack("=4f", struct.pack("=4f", *box))
    return left, top, right, bottom


def resizes(count: int, *, seed: int, largest: int = 200) -> Iterator[Resize]:
    """Yield ``count`` resizes of all kinds; equal seeds give equal ones."""
    draw = random.Random(seed)

    def side() -> int:
        return draw.choice(SIDES) if draw.random() < 0.5 else draw.randint(1, largest)

    for _ in range(count):
        source = (side(), side())
        box = (0.0, 0.0, float(source[0]), float(source[1]))
        if draw.random() < 0.5:
            left, top = (draw.random() * 0.9 * length for length in source)
            right = left + max(0.01, draw.random() * (source[0] - left))
            bottom = top + max(0.01, draw.random() * (source[1] - top))
            box = as_floats((left, top, min(right, source[0]), min(bottom, source[1])))
        yield Resize(
            source=source,
            target=(side(), side()),
            channels=draw.choice((1, 4)),
            resample=draw.choice(FILTERS),
            box=box,
            seed=draw.randrange(1 << 30),
        )
