"""Scanlines of PNGs for the tests of the C code."""

import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from function.engine.vectors import unfilter

FILTERS = range(5)


@dataclass(frozen=True)
class Rows:
    """One call of ``unfilter``, for all scanlines of an image."""

    data: bytes
    channels: int
    size: tuple[int, int]

    def request(self) -> bytes:
        """Return the job as tests/native/unfilter.c reads it."""
        return struct.pack("=4i", len(self.data), self.channels, *self.size) + self.data

    def expected(self) -> bytes:
        """Return the result of this machine's module, as the program writes it."""
        image = Image.new("RGBA", self.size)
        known = unfilter(self.data, self.channels, image.im, self.size, 0)
        return b"\1" + image.tobytes() if known else b"\0"


def filtered_rows(
    size: tuple[int, int],
    channels: int,
    draw: random.Random,
    *,
    filters: Sequence[int] = FILTERS,
) -> bytes:
    """Make the scanlines of an image, smooth or wild, each behind its filter type."""
    width, height = size
    wild = draw.random() < 0.5
    length = width * channels
    rows: list[bytes] = []
    for _ in range(height):
        noise = draw.randbytes(length)
        body = noise if wild else bytes((byte >> 5) - 4 & 0xFF for byte in noise)
        rows.append(bytes([draw.choice(filters)]) + body)
    return b"".join(rows)


def pictures(count: int, *, seed: int) -> Iterator[Rows]:
    """Yield ``count`` images, some with an unknown filter type; equal seeds give equal ones."""
    draw = random.Random(seed)
    for _ in range(count):
        size, channels = (draw.randint(1, 40), draw.randint(1, 20)), draw.choice((3, 4))
        filters = (*FILTERS, 9) if draw.random() < 0.1 else (4,) if draw.random() < 0.3 else FILTERS
        yield Rows(filtered_rows(size, channels, draw, filters=filters), channels, size)
