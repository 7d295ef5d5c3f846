"""Upload many photos at once and time each until its manifest."""

from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final

from bench.accept.live import Live
from bench.accept.steps import Outcome, StepFailed
from bench.stats import percentile
from function.contract import Status
from local.uploader import Result, upload_all

ROUNDS: Final = 20
"""How often a form is asked for before its upload counts as lost. The signer serves ten people at a
time (docs/security.md) and answers 429 to the others, who try again."""


def check(live: Live, photo: Path, count: int, step: Callable[[str], None]) -> Outcome:
    """Upload a photo ``count`` times at once.

    Raises:
        StepFailed: an upload is not ready in two minutes, or there is a dead letter.
    """
    done: list[Result] = []
    throttled = 0
    for _ in range(ROUNDS):
        left = count - len(done)
        results = upload_all(
            [photo] * left,
            *live.doors,
            lambda result: None if _is_throttled(result) else step(result.key),
            presigned=live.is_presigned,
            parallel=left,
        )
        served = [result for result in results if not _is_throttled(result)]
        done += served
        throttled += left - len(served)
        if len(done) == count:
            break
    else:
        raise StepFailed(f"{count - len(done)} of {count} got no form in {ROUNDS} rounds.")
    bad = [result for result in done if result.status != Status.READY]
    if bad:
        raise StepFailed(f"{len(bad)} of {count} are not ready; {bad[0].key}: {bad[0].error}.")
    live.check_queues()
    seconds = [result.ms / 1000 for result in done]
    times = {f"p{percent}_s": round(percentile(seconds, percent), 3) for percent in (50, 95)}
    times["max_s"] = max(seconds)
    words = ", ".join(f"{name.removesuffix('_s')} {value:.1f} s" for name, value in times.items())
    waited = f", {throttled} forms refused with 429 and asked for again" if throttled else ""
    return Outcome(
        detail=f"{count} at once, none lost, no dead letter{waited}; until the manifest: {words}",
        figures={"uploads": count, "throttled": throttled, **times, "seconds": seconds},
        usd=live.cost(done),
    )


def _is_throttled(result: Result) -> bool:
    return (result.error or {}).get("code") == f"http_{HTTPStatus.TOO_MANY_REQUESTS}"
