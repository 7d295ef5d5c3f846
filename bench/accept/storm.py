"""Upload many photos at once and time each until its manifest."""

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from bench.accept.live import Live
from bench.accept.steps import Outcome, StepFailed
from bench.stats import percentile
from function.contract import Status
from local.uploader import Result, upload_all
from terminal import Advance, counted

ROUNDS: Final = 20
"""How often a form is asked for before its upload counts as lost. The signer serves ten people at a
time (docs/security.md) and answers 429 to the others, who try again."""


@dataclass(frozen=True)
class Figures:
    """The measurements of the storm."""

    throttled: int  # forms that were refused with 429
    seconds: list[float]  # of each upload, from the first byte sent to the manifest


def check(live: Live, photo: Path, count: int, advance: Advance) -> Outcome:
    """Upload a photo ``count`` times at once; each must be ready in two minutes."""
    done: list[Result] = []
    throttled = 0
    for _ in range(ROUNDS):
        left = count - len(done)
        results = upload_all(
            [photo] * left,
            *live.doors,
            lambda result: None if _is_throttled(result) else advance(name=result.key),
            presigned=live.is_presigned,
            parallel=left,
        )
        done += (result for result in results if not _is_throttled(result))
        throttled += sum(map(_is_throttled, results))
        if len(done) == count:
            break
    else:
        raise StepFailed(f"{count - len(done)} of {count} got no form in {ROUNDS} rounds.")
    bad = [result for result in done if result.status != Status.READY]
    if bad:
        raise StepFailed(f"{len(bad)} of {count} are not ready; {bad[0].key}: {bad[0].reason}")
    live.check_queues()
    seconds = [result.ms / 1000 for result in done]
    p50, p95 = (percentile(seconds, percent) for percent in (50, 95))
    times = f"p50 {p50:.1f} s, p95 {p95:.1f} s, max {max(seconds):.1f} s"
    forms = counted(throttled, "form")
    waited = f", {forms} refused with 429 and asked for again" if throttled else ""
    return Outcome(
        detail=f"{count} at once, none lost, no dead letter{waited}; until the manifest: {times}",
        figures=Figures(throttled, seconds),
        usd=live.cost(done),
    )


def _is_throttled(result: Result) -> bool:
    refused = f"http_{HTTPStatus.TOO_MANY_REQUESTS}"
    return result.error is not None and result.error.code == refused
