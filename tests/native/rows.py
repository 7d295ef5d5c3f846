"""Rows of PNGs to try on the C code, and what they are made of."""

import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from function.engine.vectors import unfilter

FILTERS = range(5)


@dataclass(frozen=True)
class Rows:
    """One call of ``unfilter``, for a whole picture."""

    data: bytes
    channels: int
    size: tuple[int, int]

    def request(self) -> bytes:
        """The job as tests/native/unfilter.c reads it."""
        return struct.pack("=4i", len(self.data), self.channels, *self.size) + self.data

    def expected(self) -> bytes:
        """What this machine's module makes of it, as the program writes it."""
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
    """Rows of a picture, smooth or wild, each after its filter's number."""
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
    """``count`` pictures, some with a filter that there is not; equal seeds give equal ones."""
    draw = random.Random(seed)
    for _ in range(count):
        size, channels = (draw.randint(1, 40), draw.randint(1, 20)), draw.choice((3, 4))
        filters = (*FILTERS, 9) if draw.random() < 0.1 else (4,) if draw.random() < 0.3 else FILTERS
        yield Rows(filtered_rows(size, channels, draw, filters=filters), channels, size)
