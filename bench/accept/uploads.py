"""Upload photos by the public door and compare each rendition with one rendered on this machine."""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image, ImageSequence

from bench.accept.live import Live
from bench.accept.steps import Outcome, StepFailed
from bench.stats import percentile
from function.contract import Status
from function.engine.renditions import file_name
from function.engine.results import Rendered, Task
from function.engine.work import work
from local.http import request
from local.uploader import Result, upload_all
from pipeline.settings import Settings

MEAN_LIMIT: Final = 2.0
"""Mean difference of two renditions, in levels of 255, from which on they are different pictures.

Our choice: other versions of an encoder, or another CPU's rounding, stay below one level.
"""

_READERS: Final = 8


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A rendition whose bytes are not those of the local one.

    Attributes:
        photo: name of the file.
        rendition: name of the rendition's file.
        local_bytes: size of the local one.
        remote_bytes: size of the other.
        mean: mean absolute difference of the pixels, in levels of 255.
        largest: largest difference.
    """

    photo: str
    rendition: str
    local_bytes: int
    remote_bytes: int
    mean: float
    largest: int


def check(live: Live, photos: list[Path], count: int, step: Callable[[str], None]) -> Outcome:
    """Upload ``count`` files, each photo in turn, and compare.

    Raises:
        StepFailed: an upload has no renditions, one cannot be read or looks different.
    """
    files = [photos[number % len(photos)] for number in range(count)]
    results = upload_all(
        files, *live.doors, lambda result: step(result.key), presigned=live.is_presigned
    )
    bad = next((result for result in results if result.status != Status.READY), None)
    if bad:
        raise StepFailed(f"{Path(bad.file).name} ended {bad.status}: {bad.error}.")
    local = {file: _render(file, live.settings) for file in {result.file for result in results}}

    def differing(result: Result) -> list[Difference]:
        return list(compare(result, local[result.file]))

    with ThreadPoolExecutor(_READERS) as pool:
        found = list(pool.map(differing, results))
    differences = sorted(
        {difference for some in found for difference in some},
        key=lambda difference: (difference.photo, difference.rendition),
    )
    renditions = sum(len(result.renditions) for result in results)
    seconds = [result.ms / 1000 for result in results]
    return Outcome(
        detail=f"{count} ready, {renditions} renditions, {_words(differences)}",
        figures={
            "uploads": count,
            "renditions": renditions,
            "seconds": seconds,
            "p50_s": round(percentile(seconds, 50), 3),
            "differences": [asdict(difference) for difference in differences],
        },
        usd=live.cost(results),
    )


def compare(
    result: Result,
    local: dict[str, Rendered],
    get: Callable[[str, str], tuple[int, bytes]] = request,
) -> Iterator[Difference]:
    """Read an upload's renditions and yield those whose bytes are not the local ones'.

    Raises:
        StepFailed: a rendition is missing, cannot be read, or looks different.
    """
    photo = Path(result.file).name
    urls = {
        rendition["key"].rpartition("/")[2]: rendition["url"] for rendition in result.renditions
    }
    if urls.keys() != local.keys():
        raise StepFailed(f"{photo} has the renditions {sorted(urls)}, not {sorted(local)}.")
    for name, url in urls.items():
        status, body = get("GET", url)
        if status != HTTPStatus.OK:
            raise StepFailed(f"GET {url} was answered with {status}.")
        ours = local[name].body
        if body == ours:
            continue
        mean, largest = _distance(ours, body)
        if mean > MEAN_LIMIT:
            raise StepFailed(
                f"{name} of {photo} differs from the local one by {mean:.1f} levels on average; "
                f"the limit is {MEAN_LIMIT}."
            )
        yield Difference(
            photo=photo,
            rendition=name,
            local_bytes=len(ours),
            remote_bytes=len(body),
            mean=round(mean, 3),
            largest=largest,
        )


def task(settings: Settings) -> Task:
    """Return what the function makes of every upload under these settings."""
    return Task(
        renditions=settings.renditions,
        max_pixels=settings.max_pixels,
        memory_mb=settings.memory,
        background=settings.background,
        quality=settings.quality,
        native_decoder=settings.native_decoder,
    )


def _render(photo: str, settings: Settings) -> dict[str, Rendered]:
    """Return the renditions made on this machine, by the names of their files."""
    made = work(Path(photo).read_bytes(), task(settings))
    return {file_name(r.name, r.format): r for r in made if isinstance(r, Rendered)}


def _distance(ours: bytes, theirs: bytes) -> tuple[float, int]:
    """Return the mean and the largest difference; the size of the scale if shapes differ."""
    mine, other = _pixels(ours), _pixels(theirs)
    if mine.shape != other.shape:
        return 255.0, 255
    difference = np.abs(mine - other)
    return float(difference.mean()), int(difference.max())


def _pixels(data: bytes) -> Any:
    with Image.open(io.BytesIO(data)) as image:
        frames = [np.asarray(frame.convert("RGBA")) for frame in ImageSequence.Iterator(image)]
    return np.stack(frames).astype(np.int16)


def _words(differences: list[Difference]) -> str:
    if not differences:
        return "all bytes as rendered here"
    worst = max(difference.mean for difference in differences)
    return f"{len(differences)} differ from those rendered here, by up to {worst} levels on average"
