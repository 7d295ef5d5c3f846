"""Each pair encoded at several qualities, whole and as a sample, and judged."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Final

from PIL import Image

from bench.engines.frontier.pictures import CACHE, Picture
from bench.engines.judge import Judge
from bench.quality.pairs import LARGE_EVERY, WHITE, Pair, fit_pairs, rgb
from function.engine import encode as encode_module
from function.engine import encoder_options, formats, sample, score, vectors
from function.engine.encode import encode
from function.engine.pixels import Pixels
from function.engine.renditions import OutputFormat
from function.engine.sample import take_sample
from function.engine.score import compare_whole
from terminal import Failure

QUALITIES: Final = {
    OutputFormat.JPEG: (10, 25, 45, 62, 76, 86, 92, 96, 100),
    OutputFormat.WEBP: (10, 25, 50, 68, 76, 83, 90, 95, 100),
    OutputFormat.AVIF: (10, 30, 47, 60, 71, 80, 88, 94, 100),
}
"""From the lowest that the engine tries to as near to a score of 100 as the format goes."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One pair in one format at one quality."""

    picture: str
    rendition: str
    format: str
    quality: int
    score: float  # SSIMULACRA2
    terms: list[float]  # ``compare_whole``'s, of the picture
    sample_terms: list[float]  # of its sample; empty if it has none


def measured(numbered: tuple[int, Picture], program: str) -> list[Point]:
    """Return the points of the list's picture of a number.

    Measurements by the same code are read from the cache.

    Raises:
        Failure: the judge failed, or the C module is missing.
    """
    number, picture = numbered
    kept = CACHE / "points" / f"{picture.name}-{_digest(numbered, program)}.json"
    if kept.is_file():
        return [Point(**point) for point in json.loads(kept.read_text(encoding="utf-8"))]
    points = list(chain.from_iterable(_measure(p, program) for p in fit_pairs(number, picture)))
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = kept.with_suffix(".part")
    unfinished.write_text(json.dumps([asdict(point) for point in points]), encoding="utf-8")
    unfinished.replace(kept)
    return points


def _digest(numbered: tuple[int, Picture], program: str) -> str:
    number, picture = numbered
    native = Path(vectors.__file__).with_name("native") / "similarity.c"
    modules = (encode_module, encoder_options, sample, score)
    files = (Path(__file__), native, *(Path(str(module.__file__)) for module in modules))
    is_whole = str(number % LARGE_EVERY == 0).encode()
    parts = [picture.path.read_bytes(), program.encode(), is_whole]
    parts += [path.read_bytes() for path in files]
    return sha256(b"".join(sha256(part).digest() for part in parts)).hexdigest()[:12]


def _measure(pair: Pair, program: str) -> Iterator[Point]:
    judge, original, part = Judge(program), pair.original, take_sample(pair.pixels)
    for format_name, qualities in QUALITIES.items():
        for quality in qualities:
            output = _encoded(pair.pixels, format_name, quality)
            yield Point(
                picture=pair.picture.name,
                rendition=pair.rendition,
                format=format_name.value,
                quality=quality,
                score=round(judge.score(original, output), 3),
                terms=_terms(original, output),
                sample_terms=_sample_terms(part, format_name, quality),
            )


def _sample_terms(part: Pixels | None, format_name: OutputFormat, quality: int) -> list[float]:
    if part is None:
        return []
    return _terms(rgb(part.image()), _encoded(part, format_name, quality))


def _encoded(pixels: Pixels, format_name: OutputFormat, quality: int) -> Image.Image:
    return decoded(encode(pixels, format_name, quality, background=WHITE), format_name)


def _terms(original: Image.Image, output: Image.Image) -> list[float]:
    terms = compare_whole(original, output)
    if terms is None:
        raise Failure("The model rests on the C module; run `make check`, which compiles it.")
    return list(terms)


def decoded(body: bytes, format_name: OutputFormat) -> Image.Image:
    """Return an encoded picture as RGB, over white."""
    known = formats.by_name(format_name)
    return rgb(known.load(known.open_image(body), body))
