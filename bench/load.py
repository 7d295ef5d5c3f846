"""Capacity: a measured upload storm on the embedded AWS, and a simulation of what AWS would do.

The storm's queue depth and latency are measured; its course is also simulated, from the time that
one image takes there, so that the simulation is checked where it can be. Then the simulation runs
at rates that no machine here can produce.
"""

import argparse
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any, Final

import yaml
from PIL import Image
from rich.table import Table

from bench import bill, machine, photos, plot, scaling
from bench import storm as storms
from bench.machine import UsageError
from bench.scaling import Outcome, Storm
from bench.stats import percentile
from bench.storm import Measured
from local import server as servers
from local.deploy import deploy
from terminal import console, progress

ARRIVALS: Final = (10, 100, 1000, 10_000)
TOLERANCE: Final = 0.30
"""How far the simulation may be from the measured storm; this machine is shared."""

_LOCAL_CONCURRENCY: Final = 2
"""Of the storm's mapping: what a machine with two CPUs can do at once."""

_PER_IMAGE: Final = (
    *("compute", "compute_init", "lambda_requests", "sqs_requests", "s3_puts", "s3_gets"),
    *("s3_gb_month", "logs_gb"),
)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One figure of the storm, measured and simulated."""

    name: str
    measured: float
    simulated: float

    @property
    def error(self) -> float:
        """Relative to the measured one."""
        return self.simulated / self.measured - 1 if self.measured else 0.0


def register(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser("load", help="upload storms and capacity", description=__doc__)
    parser.add_argument("--rate", type=float, default=20, help="uploads/s of the measured storm")
    parser.add_argument("--seconds", type=float, default=15, help="how long it lasts")
    parser.add_argument("--no-storm", action="store_true", help="simulate only")
    parser.add_argument("--arrivals", type=float, nargs="+", default=list(ARRIVALS), metavar="N")
    parser.add_argument("--for-s", type=float, default=60, help="length of simulated storms")
    parser.add_argument("--ms", type=float, default=700, help="one image (see bench tune)")
    parser.add_argument("--memory", type=int, default=1024)
    parser.add_argument("--max-concurrency", type=int, nargs="+", default=[10, 1000], metavar="N")
    parser.add_argument("--account", type=int, default=1000, help="concurrency of the account")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--html", type=Path, help="write a page with plots to this file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure, check, simulate, print. Exit code 1 if the check failed."""
    positive = [options.rate, options.seconds, options.for_s, options.ms, *options.arrivals]
    if min(*positive, *options.max_concurrency, options.account) <= 0:
        raise UsageError("Rates, times and concurrencies must be above 0.")
    measured, checks = (None, []) if options.no_storm else _storm(options)
    cases = [
        (storm, scaling.simulate(storm))
        for storm in (
            Storm(
                per_second=rate,
                seconds=options.for_s,
                image_s=options.ms / 1000,
                init_s=0.23,
                max_concurrency=most,
                account=options.account,
            )
            for most in options.max_concurrency
            for rate in options.arrivals
        )
    ]
    words = [*_check_words(checks), *_notes(cases)]
    if measured:
        console().print(_storm_table(measured, checks))
    rows = [_row(storm, outcome, options.memory) for storm, outcome in cases]
    console().print(_table(rows))
    for line in words:
        console().print(line, soft_wrap=True)
    if options.json:
        result = _result(measured, checks, cases)
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if options.html:
        options.html.write_text(_html(measured, checks, cases, rows, words), encoding="utf-8")
    return int(any(abs(check.error) > TOLERANCE for check in checks))


def _storm(options: argparse.Namespace) -> tuple[Measured, list[Check]]:
    """A burst, then the storm, then its simulation.

    The burst shows what the embedded AWS adds to the function's own time for an image; the
    function's own time is that of the storm, for a shared machine is not equally fast for both.
    """
    body, count = _photo(), round(options.rate * options.seconds)
    burst = max(8, count // 4)
    with TemporaryDirectory(prefix="bench-load-") as folder:
        state = Path(folder) / "state"
        server = servers.start(state)
        try:
            with progress("A storm on the embedded AWS", 1 + burst + count) as advance:

                def step(name: str) -> None:
                    advance(name=name)

                deploy(server, settings={"maxConcurrency": _LOCAL_CONCURRENCY})
                storms.run(server, body, count=2, per_second=100, step=lambda _name: None)
                advance(name="deployed")
                learned = storms.run(server, body, count=burst, per_second=1000, step=step)
                measured = storms.run(server, body, count=count, per_second=options.rate, step=step)
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
        Check(
            name="most uploads waiting",
            measured=measured.peak_waiting,
            simulated=simulated.peak_waiting,
        ),
        Check(
            name="drained, s after the last",
            measured=measured.drained_s,
            simulated=simulated.drained_s,
        ),
        Check(name="p50 latency, s", measured=percentile(waits, 50), simulated=simulated.p50_s),
        Check(name="p99 latency, s", measured=percentile(waits, 99), simulated=simulated.p99_s),
    ]


def _photo() -> bytes:
    """A photo of 3 megapixels, so that a small machine has a storm of some length."""
    with Image.open(io.BytesIO(photos.photo_jpeg())) as image:
        return photos.encode(image.resize((2000, 1500)), "JPEG", quality=88)


def _usd(storm: Storm, memory_mb: int) -> float:
    """What the storm's images cost; what a month costs anyway is not in it."""
    usage = bill.Usage(memory_mb=memory_mb, billed_ms=storm.image_s * 1000)
    images = storm.per_second * storm.seconds
    lines = bill.bill(images, usage, bill.load("us-east-1"))
    return sum(lines[name] for name in _PER_IMAGE)


def _row(storm: Storm, outcome: Outcome, memory_mb: int) -> tuple[str, ...]:
    return (
        f"{storm.per_second:,.0f}",
        str(storm.max_concurrency),
        f"{outcome.peak_concurrency:,.0f}",
        f"{outcome.peak_waiting:,.0f}",
        _time(outcome.drained_s),
        _time(outcome.p50_s),
        _time(outcome.p99_s),
        f"{outcome.throttled:.0%}",
        f"{_usd(storm, memory_mb):,.2f}",
    )


_HEAD: Final = (
    *("uploads/s", "at most", "reached", "waiting", "drained after"),
    *("p50", "p99", "throttled", "USD"),
)


_SIMULATED: Final = "Simulated on AWS: concurrency, uploads, time from upload to manifest, and cost"


def _time(seconds: float) -> str:
    """Seconds as people say them."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.1f} s"


def _table(rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=_SIMULATED, title_justify="left")
    for head in _HEAD:
        table.add_column(head, justify="right")
    for row in rows:
        table.add_row(*row)
    return table


def _check_rows(checks: Sequence[Check]) -> list[tuple[str, ...]]:
    return [
        (c.name, f"{c.measured:,.1f}", f"{c.simulated:,.1f}", f"{c.error:+.0%}") for c in checks
    ]


def _storm_table(measured: Measured, checks: Sequence[Check]) -> Table:
    title = f"Measured on the embedded AWS: {len(measured.uploads)} uploads, none lost"
    table = Table("", title=title, title_justify="left")
    for head in ("measured", "simulated", "error"):
        table.add_column(head, justify="right")
    for row in _check_rows(checks):
        table.add_row(*row)
    return table


def _check_words(checks: Sequence[Check]) -> list[str]:
    if not checks:
        return ["The simulation was not checked in this run."]
    worst = max(checks, key=lambda check: abs(check.error))
    held = "agrees with" if abs(worst.error) <= TOLERANCE else "DISAGREES with"
    words = (
        f"The simulation {held} the measured storm: at most {abs(worst.error):.0%} off "
        f"({worst.name}; allowed: {TOLERANCE:.0%}). What it was given: {_LOCAL_CONCURRENCY} at "
        "once, no ramp, the function's own time for an image, and what a burst before the storm "
        "showed to come on top. The ramp and the limits of AWS are documented, not measured."
    )
    return [words]


def _notes(cases: Sequence[tuple[Storm, Outcome]]) -> list[str]:
    return list(dict.fromkeys(note for _, outcome in cases for note in outcome.notes))


def _result(
    measured: Measured | None, checks: Sequence[Check], cases: Sequence[tuple[Storm, Outcome]]
) -> dict[str, Any]:
    return {
        "schema": 1,
        "machine": machine.facts(),
        "measured": asdict(measured) if measured else None,
        "checks": [asdict(check) | {"error": round(check.error, 4)} for check in checks],
        "simulated": [
            {"storm": asdict(storm)} | asdict(outcome) | {"moments": _thin(outcome)}
            for storm, outcome in cases
        ],
    }


def _thin(outcome: Outcome) -> list[dict[str, float]]:
    """The course in at most 200 points, close together at first."""
    last = len(outcome.moments) - 1
    places = sorted({round(last ** (point / 199)) for point in range(200)} | {0})
    return [asdict(outcome.moments[min(place, last)]) for place in places]


def _html(
    measured: Measured | None,
    checks: Sequence[Check],
    cases: Sequence[tuple[Storm, Outcome]],
    rows: Sequence[Sequence[str]],
    words: Sequence[str],
) -> str:
    parts: list[str] = []
    if measured:
        parts += [
            "<h2>Measured on the embedded AWS</h2>",
            plot.table(("", "measured", "simulated", "error"), _check_rows(checks)),
            plot.course(
                {
                    "waiting": [(d.second, d.visible) for d in measured.depths],
                    "being worked on": [(d.second, d.in_flight) for d in measured.depths],
                },
                x="s",
                y="Messages in the queue",
            ),
            plot.course(
                {"each upload": sorted(zip(measured.uploads, measured.latencies_s, strict=True))},
                x="s, when it was uploaded",
                y="From upload to manifest, s",
            ),
        ]
    parts += [f"<h2>{_SIMULATED}</h2>", plot.table(_HEAD, rows)]
    for most in dict.fromkeys(storm.max_concurrency for storm, _ in cases):
        mine = [(storm, o) for storm, o in cases if storm.max_concurrency == most]
        waiting = {
            f"{storm.per_second:,.0f}/s": [(m["second"], m["waiting"]) for m in _thin(o)]
            for storm, o in mine
        }
        parts.append(plot.decline(waiting, x="s", y=f"Uploads waiting, maxConcurrency {most}"))
    how = f"{scaling.__doc__}\n{yaml.safe_dump(machine.facts(), sort_keys=False)}"
    return plot.page("Capacity", words, *parts, how)
