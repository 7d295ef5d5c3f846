"""``python -m bench load``: a measured upload storm, and a simulation of what AWS would do.

The storm's queue depth and latency are measured on the embedded AWS; its course is also simulated,
from the time that one image takes there, so that the simulation is checked where it can be. Then
the simulation runs at rates that no machine here can produce.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Annotated, Final

from cyclopts import Parameter, validators
from cyclopts.types import PositiveInt
from PIL import Image

from bench import photos
from bench.capacity import scaling
from bench.capacity.scaling import Storm, thin
from bench.cost import bill
from bench.load import report
from bench.load import storm as storms
from bench.load.results import Check, Result, compare
from bench.load.storm import Measured
from bench.mapping import LEAST_CEILING, MAPPING_LIMIT
from bench.memory_sizes import MemorySize
from bench.ranges import Milliseconds
from bench.reports import NO_FILES, Files, publish
from bench.stats import percentile
from local import server as servers
from local.deploy import deploy
from terminal import progress

_LOCAL_CONCURRENCY: Final = 2
"""Of the storm's mapping: what a machine with two CPUs can do at once."""

_INIT_S: Final = bill.Usage().init_ms / 1000
"""Seconds that a new environment takes to start, at every memory size."""

_RATE: Final = Parameter(validator=validators.Number(gte=1, lte=1e6))
_MEASURED_RATE: Final = Parameter(validator=validators.Number(gte=1, lte=1000))
_HOUR: Final = Parameter(validator=validators.Number(gte=1, lte=3600))
_DAY: Final = Parameter(validator=validators.Number(gte=1, lte=86_400))
"""Our choice: a longer or slower one is no storm, and no machine can measure a faster one."""

_CEILING: Final = Parameter(validator=validators.Number(gte=LEAST_CEILING, lte=MAPPING_LIMIT))


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of ``load``.

    Attributes:
        rate: Uploads a second of the measured storm.
        seconds: Length of the measured storm.
        no_storm: Simulate only; measure no storm.
        arrivals: Uploads a second of the simulated storms.
        for_s: Length of the simulated storms, in seconds.
        ms: Milliseconds that one image takes (see bench tune).
        memory: Lambda memory in MB.
        max_concurrency: Maximum concurrency of the event source mapping.
        account: Concurrency of the account.
    """

    rate: Annotated[float, _MEASURED_RATE] = 20
    seconds: Annotated[float, _HOUR] = 15
    no_storm: bool = False
    arrivals: Annotated[tuple[float, ...], _RATE] = (10, 100, 1000, 10_000)
    for_s: Annotated[float, _DAY] = 60
    ms: Milliseconds = 700
    memory: MemorySize = 1024
    max_concurrency: Annotated[tuple[int, ...], _CEILING] = (10, 1000)
    account: PositiveInt = 1000


_DEFAULTS: Final = Options()


def load(*, options: Options = _DEFAULTS, files: Files = NO_FILES) -> int:
    """Measure, check, simulate, print. Return 1 if the check failed."""
    measured, checks = (None, []) if options.no_storm else _measure_and_check(options)
    simulated = [thin(scaling.simulate(storm)) for storm in _storms(options)]
    result = Result(measured=measured, checks=checks, simulated=simulated)
    verdict = report.sentences(result, _LOCAL_CONCURRENCY)
    tables = report.tables(result, options.memory)
    publish(result, tables, verdict, lambda: report.page(result, options.memory, verdict), files)
    return int(any(abs(check.error) > report.TOLERANCE for check in checks))


def _storms(options: Options) -> Iterator[Storm]:
    for most, rate in product(options.max_concurrency, options.arrivals):
        yield Storm(
            per_second=rate,
            seconds=options.for_s,
            image_s=options.ms / 1000,
            init_s=_INIT_S,
            max_concurrency=most,
            account=options.account,
        )


def _measure_and_check(options: Options) -> tuple[Measured, list[Check]]:
    """Measure a burst, then the storm, then simulate it.

    The burst shows what the embedded AWS adds to the function's own time for an image. The
    function's own time is that of the storm, because a shared machine is not equally fast for both.
    """
    body, count = _photo(), round(options.rate * options.seconds)
    burst = max(8, count // 4)
    with TemporaryDirectory(prefix="bench-load-") as folder:
        state = Path(folder) / "state"
        server = servers.start(state)
        try:
            with progress("A storm on the embedded AWS", 3 + burst + count) as advance:
                deploy(server, settings={"maxConcurrency": _LOCAL_CONCURRENCY})
                advance(name="deployed")
                storms.run(server, body, count=2, per_second=100, advance=advance)
                learned = storms.run(server, body, count=burst, per_second=1000, advance=advance)
                measured = storms.run(
                    server, body, count=count, per_second=options.rate, advance=advance
                )
        finally:
            servers.stop(state)
    around = _LOCAL_CONCURRENCY * max(learned.done) / burst - fmean(learned.handler_s)
    simulated = scaling.simulate(
        Storm(
            per_second=options.rate,
            seconds=options.seconds,
            image_s=fmean(measured.handler_s) + max(0.0, around),
            max_concurrency=_LOCAL_CONCURRENCY,
            start=_LOCAL_CONCURRENCY,  # the embedded AWS has no ramp
        )
    )
    waits = measured.latencies_s
    return measured, [
        compare("most uploads waiting", measured.peak_waiting, simulated.peak_waiting),
        compare("drained, s after the last", measured.drained_s, simulated.drained_s),
        compare("p50 latency, s", percentile(waits, 50), simulated.p50_s),
        compare("p99 latency, s", percentile(waits, 99), simulated.p99_s),
    ]


def _photo() -> bytes:
    """Return a photo of 3 megapixels, so that a small machine has a storm of some length."""
    with Image.open(photos.photo_file()) as image:
        return photos.encode(image.resize((2000, 1500)), "JPEG", quality=88)
