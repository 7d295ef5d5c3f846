"""Pictures at the sizes of renditions, as the engine gives them to its encoders."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from bench.engines.frontier import pictures
from bench.engines.frontier.pictures import Picture
from function.engine.decode import decode
from function.engine.encode import over
from function.engine.pixels import Pixels
from function.engine.render import resize_all
from function.engine.renditions import DEFAULT_RENDITIONS, Rendition
from function.engine.results import Task

WHITE: Final = (255, 255, 255)
FIT_LIST: Final = Path(__file__).with_name("fit.yaml")
TEST_LIST: Final = Path(__file__).with_name("test.yaml")
_ANY_SIZE: Final = 1 << 30

LARGE_PIXELS: Final = 500_000
LARGE_EVERY: Final = 7
"""A pair of more pixels takes as long as all smaller ones of its picture together, so the model is
fitted on those of every seventh picture. It is tested on all."""


@dataclass(frozen=True)
class Pair:
    """A picture at one size."""

    picture: Picture
    rendition: str
    pixels: Pixels

    @property
    def original(self) -> Image.Image:
        """Return the original to compare an encoded picture with: RGB, over white."""
        return rgb(self.pixels.image())


def rgb(image: Image.Image) -> Image.Image:
    """Return a picture as RGB, over white."""
    return over(image, WHITE).convert("RGB")


def fit_pictures() -> list[Picture]:
    """Return the pictures that the model is fitted on; fetch the missing ones."""
    return [*pictures.public(), *pictures.public(FIT_LIST)]


def test_pictures() -> list[Picture]:
    """Return pictures of other authors; fetch the missing ones."""
    return pictures.public(TEST_LIST)


def fit_pairs(number: int, picture: Picture) -> Iterator[Pair]:
    """Yield the pairs of the list's picture of this number that the model is fitted on."""
    for pair in pairs(picture):
        width, height = pair.pixels.size
        if number % LARGE_EVERY == 0 or width * height <= LARGE_PIXELS:
            yield pair


def pairs(picture: Picture, sizes: Sequence[Rendition] = DEFAULT_RENDITIONS) -> Iterator[Pair]:
    """Yield a picture at each size, each size once: a small picture is never enlarged."""
    task = Task(renditions=tuple(sizes), max_pixels=_ANY_SIZE)
    source = decode(picture.path.read_bytes(), task, lambda _milliseconds, _held, _decoding: None)
    seen: set[tuple[int, int]] = set()
    made = resize_all(source, task.renditions, best=False)
    for rendition, (_layout, pixels, _part) in zip(sizes, made, strict=True):
        if pixels.size not in seen:
            seen.add(pixels.size)
            yield Pair(picture, rendition.name, pixels)
