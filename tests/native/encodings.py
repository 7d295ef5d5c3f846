"""Pictures for the tests of the C code's JPEG encoder, and Pillow's files of them."""

import io
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from unittest.mock import patch

from PIL import Image, ImageFile

from function.engine.encoder_options import quantisation_table
from function.engine.pixels import to_ycbcr
from function.engine.vectors import merge, split
from tests.native.jpegs import picture

SIDES = (1, 2, 7, 8, 9, 15, 16, 17, 18, 31, 32, 33)
"""Sides around those of a block and of an MCU, where pictures are filled up."""


class Samples(IntEnum):
    """Kinds of samples, by the numbers of tests/native/encode.c."""

    PLANES = 0
    HALVED_RGB = 1
    RGB = 2


@dataclass(frozen=True)
class Encoding:
    """One call of ``encode_planes`` or of ``encode_rgb``."""

    size: tuple[int, int]
    kind: str
    samples: Samples
    quality: int
    seed: int

    def image(self) -> Image.Image:
        """Make the picture as RGB: one colour, a gradient, blurred noise, or black and white."""
        draw = random.Random(self.seed)
        if self.kind == "colour":
            return Image.new("RGB", self.size, tuple(draw.randbytes(3)))
        if self.kind == "gradient":
            bands = [Image.linear_gradient("L").rotate(90 * draw.randrange(4)) for _ in range(3)]
            return Image.merge("RGB", bands).resize(self.size)
        noise = picture(self.size, self.seed)
        return noise if self.kind == "noise" else noise.point(lambda level: 255 * (level >> 7))

    def planes(self) -> tuple[Image.Image, Image.Image, Image.Image]:
        """Return the picture with halved chroma."""
        return split(to_ycbcr(self.image()))

    def steps(self) -> list[int]:
        """Return the quantisation table of the quality, or one of random steps."""
        if self.seed % 3:
            return quantisation_table(self.quality)
        return [random.Random(self.seed + i).randint(1, 255) for i in range(64)]

    def request(self) -> bytes:
        """Return the job as tests/native/encode.c reads it."""
        head = struct.pack("=3i", *self.size, self.samples) + bytes(self.steps())
        if self.samples is Samples.PLANES:
            return head + b"".join(plane.tobytes() for plane in self.planes())
        return head + self.image().convert("RGBX").tobytes()

    def expected(self) -> bytes:
        """Return Pillow's file."""
        is_planes = self.samples is Samples.PLANES
        image = merge(*self.planes()) if is_planes else self.image()
        return by_pillow(image, self.steps(), is_halved=self.samples is not Samples.RGB)


def by_pillow(image: Image.Image, steps: list[int], *, is_halved: bool) -> bytes:
    """Encode with Huffman tables that are made for the picture."""
    buffer = io.BytesIO()
    options = {"qtables": [steps, steps], "subsampling": 2 if is_halved else 0, "optimize": True}
    # Noise takes more bytes than Pillow has room for with `optimize`.
    with patch.object(ImageFile, "MAXBLOCK", 1 << 22):
        image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def encodings(count: int, *, seed: int) -> Iterator[Encoding]:
    """Yield ``count`` pictures of all kinds; equal seeds give equal ones."""
    draw = random.Random(seed)

    def side() -> int:
        return draw.choice(SIDES) if draw.random() < 0.5 else draw.randint(1, 120)

    for _ in range(count):
        yield Encoding(
            size=(side(), side()),
            kind=draw.choice(("colour", "gradient", "noise", "noise", "black and white")),
            samples=draw.choice(tuple(Samples)),
            quality=draw.choice((1, 10, 30, 50, 75, 80, 90, 97, 100)),
            seed=draw.randrange(1 << 30),
        )
