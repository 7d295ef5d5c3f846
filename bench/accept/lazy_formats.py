"""View lazy formats over the public endpoint: another format at once, and the wanted one later."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from bench.accept.first_views import refuse_direct, refuse_undeclared
from bench.accept.live import Live
from bench.accept.steps import Outcome, StepFailed
from bench.accept.uploads import Difference, compare_files, environment, render_each
from function.contract import Status
from function.engine.renditions import file_name, made_in_background
from local.http import request
from local.uploader import Result, upload_all
from pipeline.settings import Settings
from terminal import Advance, counted

WAIT_SECONDS: Final = 120
"""How long a format may take to be there: its queue, a cold start and the encoder."""

LOOK_SECONDS: Final = 1.0


@dataclass(frozen=True)
class Figures:
    """The measurements of the views."""

    meanwhile_ms: list[float]  # of the views that got another format, as the reader waits
    made_s: list[float]  # from the upload's first such view until a view got the format itself
    differences: list[Difference]


@dataclass(frozen=True)
class _Wanted:
    """A lazy format of one upload, and what readers get until it is made."""

    url: str
    stand_in: bytes


def check(live: Live, photos: list[Path], advance: Advance) -> Outcome:
    """Upload each photo once, view each of its lazy formats, and wait until it is made."""
    if not made_in_background(live.settings.renditions):
        return Outcome(state="skipped", detail="the stack has no lazy formats")
    results = upload_all(
        photos, *live.doors, lambda result: advance(name=result.key), presigned=live.is_presigned
    )
    meanwhile, made, differences = list[float](), list[float](), list[Difference]()
    for result in results:
        if result.status != Status.READY:
            raise StepFailed(f"{Path(result.file).name} ended {result.status}: {result.reason}")
        ours, begin = (
            render_each(result.file, environment(live.settings).format_task),
            time.perf_counter(),
        )
        wanted = list(_wanted(result, live.settings))
        for each in wanted:
            meanwhile.append(_view_stand_in(each))
        found = dict[str, bytes]()
        for each in wanted:
            found[Path(each.url).name.partition("?")[0]] = _wait_for(each)
            made.append(round(time.perf_counter() - begin, 1))
        differences += compare_files(Path(result.file).name, found, ours)
        refuse_undeclared(live, result)
    refuse_direct(live, results[0])
    live.check_queues()
    return Outcome(
        detail=f"{counted(len(made), 'format')} of {counted(len(results), 'upload')}: another one "
        f"within {max(meanwhile):.0f} ms, made within {max(made):.0f} s; no dead letter",
        figures=Figures(meanwhile, made, differences),
        usd=live.cost(results),
    )


def _wanted(result: Result, settings: Settings) -> Iterator[_Wanted]:
    """Yield the lazy formats that the manifest names, with the bytes of what stands in for each."""
    urls = {Path(each.key).name: each.url for each in result.renditions}
    for rendition in settings.renditions:
        for format_name in rendition.lazy_formats:
            file = file_name(rendition.name, format_name)
            other = file_name(rendition.name, rendition.stand_in or format_name)
            if missing := {file, other} - urls.keys():
                raise StepFailed(
                    f"The manifest of {Path(result.file).name} does not name {min(missing)}."
                )
            yield _Wanted(urls[file], _get(urls[other]))


def _view_stand_in(wanted: _Wanted) -> float:
    """View a format that nobody has asked for; return the milliseconds that its reader waited."""
    begin = time.perf_counter()
    body = _get(_afresh(wanted.url))
    if body != wanted.stand_in:
        raise StepFailed(f"The first GET of {wanted.url} was not answered with another format.")
    return round((time.perf_counter() - begin) * 1000, 1)


def _wait_for(wanted: _Wanted) -> bytes:
    """View a format until it is there."""
    end = time.monotonic() + WAIT_SECONDS
    while (body := _get(_afresh(wanted.url))) == wanted.stand_in:
        if time.monotonic() > end:
            raise StepFailed(f"{wanted.url} was not made within {WAIT_SECONDS} s.")
        time.sleep(LOOK_SECONDS)
    return body


def _afresh(url: str) -> str:
    """Return a URL with a version that no cache has seen: the CDN keeps another format a minute."""
    return f"{url.partition('?')[0]}?v={secrets.token_hex(4)}"


def _get(url: str) -> bytes:
    status, body = request("GET", url)
    if status != HTTPStatus.OK:
        raise StepFailed(f"GET {url} was answered with {status}.")
    return body
