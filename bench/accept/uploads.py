"""Upload photos over the public endpoint; compare their renditions with ones rendered here."""

import io
import operator
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image, ImageSequence

from bench.accept.live import Live
from bench.accept.steps import Outcome, StepFailed
from function.contract import Status
from function.engine.renditions import file_name
from function.engine.results import Rendered, Task
from function.engine.work import work
from function.environment import Environment
from local.http import request
from local.uploader import Result, upload_all
from pipeline.environment import environment_variables
from pipeline.settings import Settings
from terminal import Advance, counted

MEAN_LIMIT: Final = 2.0
"""Mean difference, in levels of 255, above which two renditions are different pictures. Our choice:
other versions of an encoder, or another CPU's rounding, stay below one level."""

_READERS: Final = 8


@dataclass(frozen=True)
class Difference:
    """A rendition whose bytes are not those of the local one."""

    photo: str  # name of the upload's file
    rendition: str  # name of the rendition's file
    local_bytes: int
    remote_bytes: int
    mean: float  # absolute difference of the pixels, in levels of 255
    largest: int


@dataclass(frozen=True)
class Figures:
    """The measurements of the uploads."""

    renditions: int
    seconds: list[float]  # of each upload, from the first byte sent to the manifest
    differences: list[Difference]


def check(live: Live, photos: list[Path], count: int, advance: Advance) -> Outcome:
    """Upload ``count`` files, each photo in turn, and compare their renditions."""
    files = [photos[number % len(photos)] for number in range(count)]
    results = upload_all(
        files, *live.doors, lambda result: advance(name=result.key), presigned=live.is_presigned
    )
    bad = next((result for result in results if result.status != Status.READY), None)
    if bad:
        raise StepFailed(f"{Path(bad.file).name} ended {bad.status}: {bad.reason}")
    made = task(live.settings)
    local = {file: render(file, made) for file in {result.file for result in results}}
    with ThreadPoolExecutor(_READERS) as pool:
        found = pool.map(compare, results, [local[result.file] for result in results])
        unique = {difference for some in found for difference in some}
    differences = sorted(unique, key=operator.attrgetter("photo", "rendition"))
    worst = max((difference.mean for difference in differences), default=0.0)
    verb = "differs" if len(differences) == 1 else "differ"
    apart = (
        f"{len(differences)} {verb} from those rendered here, by up to {worst} levels on average"
    )
    renditions = sum(len(result.renditions) for result in results)
    seconds = [result.ms / 1000 for result in results]
    return Outcome(
        detail=f"{count} ready, {counted(renditions, 'rendition')}, "
        + (apart if differences else "all bytes as rendered here"),
        figures=Figures(renditions, seconds, differences),
        usd=live.cost(results),
    )


def compare(
    result: Result, local: dict[str, Rendered], *, is_lazy: bool = False
) -> list[Difference]:
    """Return an upload's renditions whose bytes differ; raise ``StepFailed`` if their looks do.

    With ``is_lazy`` its lazy renditions are compared, and no others. A GET makes them, if nobody
    has viewed them before. Lazy formats, which it does not make, are left out.
    """
    photo = Path(result.file).name
    urls = {
        Path(rendition.key).name: rendition.url
        for rendition in result.renditions
        if rendition.lazy == is_lazy and (not is_lazy or Path(rendition.key).name in local)
    }
    if urls.keys() != local.keys():
        raise StepFailed(f"{photo} has the renditions {sorted(urls)}, not {sorted(local)}.")
    bodies = dict[str, bytes]()
    for name, url in urls.items():
        status, bodies[name] = request("GET", url)
        if status != HTTPStatus.OK:
            raise StepFailed(f"GET {url} was answered with {status}.")
    return compare_files(photo, bodies, local)


def compare_files(
    photo: str, bodies: Mapping[str, bytes], local: Mapping[str, Rendered]
) -> list[Difference]:
    """Return the files of an upload whose bytes differ; raise ``StepFailed`` if their looks do.

    Args:
        photo: name of the upload's file.
        bodies: by the name of its file, each rendition as it was answered.
        local: each as it is rendered on this machine.
    """
    found: list[Difference] = []
    for name, body in bodies.items():
        ours = local[name].body
        if body == ours:
            continue
        mean, largest = _distance(ours, body)
        if mean > MEAN_LIMIT:
            raise StepFailed(
                f"{name} of {photo} differs from the local one by {mean:.1f} levels on average; "
                f"the limit is {MEAN_LIMIT}."
            )
        found.append(Difference(photo, name, len(ours), len(body), round(mean, 3), largest))
    return found


def task(settings: Settings) -> Task:
    """Return what the function makes of every upload under these settings."""
    return environment(settings).task


def environment(settings: Settings) -> Environment:
    """Return what the functions are told under these settings."""
    variables = environment_variables(settings, "destination", "https://example.com", "")
    memory = {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(settings.memory)}
    return Environment.read({**variables, **memory})


def render(photo: str, task: Task) -> dict[str, Rendered]:
    """Return the renditions made on this machine, by the names of their files."""
    made = work(Path(photo).read_bytes(), task)
    return {file_name(r.name, r.format): r for r in made if isinstance(r, Rendered)}


def render_each(photo: str, task: Task) -> dict[str, Rendered]:
    """Return the renditions, each made alone and in one of its formats, as lazy ones are."""
    made = dict[str, Rendered]()
    for rendition in task.renditions:
        for format_name in rendition.formats:
            made |= render(photo, task.only(rendition.name, format_name))
    return made


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
