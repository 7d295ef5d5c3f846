"""Pictures that can be told apart by looking: each shows a number, and so do its renditions."""

import hashlib
import io
import random
import threading
from typing import Final

from PIL import Image

SIZE: Final = (64, 48)
SIDE: Final = 4
"""Rows and columns of black and white squares, in the middle of the picture: one for each bit."""

BROKEN_SHARE: Final = 1 / 12


def draw(number: int, format_name: str) -> bytes:
    """Return a picture of a number below 65,536."""
    bits = bytes(255 * (number >> bit & 1) for bit in range(SIDE * SIDE))
    squares = Image.frombytes("L", (SIDE, SIDE), bits)
    image = Image.new("L", SIZE, 128)
    side = min(SIZE)
    corner = tuple((length - side) // 2 for length in SIZE)
    image.paste(squares.resize((side, side), Image.Resampling.NEAREST), corner)
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, format_name, quality=95)
    return buffer.getvalue()


def number_in(body: bytes) -> int:
    """Return the number that a picture or one of its renditions shows."""
    with Image.open(io.BytesIO(body)) as image:
        grey = image.convert("L")
    side = min(grey.size)
    left, top = ((length - side) / 2 for length in grey.size)
    box = (left, top, left + side, top + side)
    squares = grey.resize((SIDE, SIDE), Image.Resampling.BOX, box=box).tobytes()
    return sum((value > 127) << bit for bit, value in enumerate(squares))


class Numbered:
    """Draws pictures, each with its own number; one in twelve is broken and has none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0
        self._by_hash: dict[str, int] = {}

    def __call__(self, dice: random.Random) -> bytes:
        """Return the next picture."""
        with self._lock:
            self._next += 1
            number = self._next
            body = draw(number, ("JPEG", "PNG", "WEBP")[number % 3])
            if dice.random() < BROKEN_SHARE:
                return b"no picture: " + body[:20]
            for algorithm in ("md5", "sha256"):
                digest = hashlib.new(algorithm, body, usedforsecurity=False).hexdigest()
                self._by_hash[digest] = number
        return body

    def number_of(self, digest: str) -> int | None:
        """Return the number of a file, given its MD5 or SHA-256; None of a broken one."""
        return self._by_hash.get(digest.strip('"'))
