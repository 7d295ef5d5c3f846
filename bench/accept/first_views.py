"""View lazy renditions over the public endpoint: each is made once, and undeclared ones never."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from bench.accept import cloud
from bench.accept.live import Live
from bench.accept.steps import Outcome, StepFailed
from bench.accept.uploads import Difference, compare, environment, render_each
from function.contract import StackOutput, Status
from function.contract.keys import upload_name
from function.engine.renditions import made_at_view
from function.engine.results import Rendered
from local.http import request
from local.uploader import Result, upload_all
from terminal import Advance, counted

UNDECLARED: Final = "accept-undeclared.jpg"
"""A file that no rendition has: its name is longer than any may be."""


@dataclass(frozen=True)
class Figures:
    """The measurements of the views, in milliseconds as the reader waits for them."""

    first_ms: list[float]
    second_ms: list[float]
    differences: list[Difference]


def check(live: Live, photos: list[Path], advance: Advance) -> Outcome:
    """Upload each photo once, and view each of its lazy renditions twice."""
    if not made_at_view(live.settings.renditions):
        return Outcome(state="skipped", detail="the stack has no lazy renditions")
    results = upload_all(
        photos, *live.doors, lambda result: advance(name=result.key), presigned=live.is_presigned
    )
    first, second, differences = list[float](), list[float](), list[Difference]()
    for result in results:
        if result.status != Status.READY:
            raise StepFailed(f"{Path(result.file).name} ended {result.status}: {result.reason}")
        ours = render_each(result.file, environment(live.settings).view_task)
        for url in _lazy_urls(result, ours):
            body, milliseconds = _view(url)
            again, later = _view(url)
            if again != body:
                raise StepFailed(f"GET {url} was answered with other bytes the second time.")
            first.append(milliseconds)
            second.append(later)
        differences += compare(result, ours, is_lazy=True)
        refuse_undeclared(live, result)
    refuse_direct(live, results[0])
    slowest = max(first)
    return Outcome(
        detail=f"{counted(len(first), 'first view')} of {counted(len(results), 'upload')}, the "
        f"slowest {slowest:.0f} ms; undeclared files and the function's own URL refused",
        figures=Figures(first, second, differences),
        usd=live.cost(results),
    )


def _lazy_urls(result: Result, made: Mapping[str, Rendered]) -> Iterator[str]:
    """Yield the URLs of what a first view makes, which lazy formats are not."""
    lazy = [rendition for rendition in result.renditions if rendition.lazy]
    urls = [rendition.url for rendition in lazy if Path(rendition.key).name in made]
    if not urls:
        raise StepFailed(f"The manifest of {Path(result.file).name} names no lazy rendition.")
    yield from urls


def _view(url: str) -> tuple[bytes, float]:
    begin = time.perf_counter()
    status, body = request("GET", url)
    if status != HTTPStatus.OK:
        raise StepFailed(f"GET {url} was answered with {status}.")
    return body, round((time.perf_counter() - begin) * 1000, 1)


def refuse_undeclared(live: Live, result: Result) -> None:
    """Raise ``StepFailed`` unless a file that no rendition has is 404."""
    url = f"{live.doors[1]}/{upload_name(result.key, live.settings.prefixes)}/{UNDECLARED}"
    status, _ = request("GET", url)
    if status != HTTPStatus.NOT_FOUND:
        raise StepFailed(f"GET {url} was answered with {status}, and has to be 404.")


def refuse_direct(live: Live, result: Result) -> None:
    """Raise ``StepFailed`` unless a stranger who asks past the CDN is refused."""
    name = live.stack.outputs[StackOutput.VIEW_FUNCTION_NAME]
    config = live.stack.client("lambda").get_function_url_config(FunctionName=name)
    file = next(rendition.key for rendition in result.renditions if rendition.lazy)
    url = f"{cloud.function_url(live.clone, config['FunctionUrl'])}{file}"
    status, _ = request("GET", url)
    if status != HTTPStatus.FORBIDDEN:
        raise StepFailed(f"The function for first views answered a stranger with {status}.")
