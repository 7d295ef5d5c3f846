"""Upload many photos at once and time each until its manifest."""

from collections.abc import Callable
from pathlib import Path

from bench.accept.live import Live
from bench.accept.steps import Outcome, StepFailed
from bench.stats import percentile
from function.contract import Status
from local.uploader import upload_all


def check(live: Live, photo: Path, count: int, step: Callable[[str], None]) -> Outcome:
    """Upload a photo ``count`` times at once.

    Raises:
        StepFailed: an upload is not ready in two minutes, or there is a dead letter.
    """
    results = upload_all(
        [photo] * count,
        *live.doors,
        lambda result: step(result.key),
        presigned=live.is_presigned,
        parallel=count,
    )
    bad = [result for result in results if result.status != Status.READY]
    if bad:
        raise StepFailed(f"{len(bad)} of {count} are not ready; {bad[0].key}: {bad[0].error}.")
    live.check_queues()
    seconds = [result.ms / 1000 for result in results]
    times = {f"p{percent}_s": round(percentile(seconds, percent), 3) for percent in (50, 95)}
    times["max_s"] = max(seconds)
    words = ", ".join(f"{name.removesuffix('_s')} {value:.1f} s" for name, value in times.items())
    return Outcome(
        detail=f"{count} at once, none lost, no dead letter; until the manifest: {words}",
        figures={"uploads": count, **times, "seconds": seconds},
        usd=live.cost(results),
    )
