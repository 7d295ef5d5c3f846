"""``python -m bench tune``: latency, memory and cost at each Lambda memory size."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from bench import advice, evidence, machine, tune_page, workloads
from bench.advice import Row
from bench.machine import UsageError
from bench.sandbox import selfcheck
from bench.sandbox.embedded_s3 import EmbeddedS3
from bench.sandbox.stub_s3 import StubS3
from bench.sweep import Case, Effort, summarise, sweep
from function.contract import DuplicateSearch
from local.program import read_settings
from pipeline.bundle import Target, build
from pipeline.settings import Settings, SettingsError
from terminal import console, progress

SIZES: Final = (128, 256, 512, 1024, 1769, 3008)
_QUICK_SAMPLES: Final = 2
HEAD: Final = (
    *("workload", "MB", "p50", "p90", "p95", "p99", "init", "cold", "peak MB", "headroom"),
    *("USD/1,000", "runs", "outcome"),
)


def register(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser("tune", help="sweep memory sizes", description=__doc__)
    add_choice(parser)
    parser.add_argument(
        "--workloads",
        nargs="+",
        default=["jpeg-12mp"],
        metavar="NAME|FILE",
        help=f"files, or of: {', '.join(workloads.NAMES)}",
    )
    parser.add_argument("--folder", type=Path, help="your own photos, which take turns")
    parser.add_argument("--samples", type=int, default=30, help="most warm runs of each")
    parser.add_argument("--budget-s", type=float, default=20, help="most seconds for each")
    parser.add_argument("--quick", action="store_true", help="two warm runs of each: coarse")
    parser.add_argument("--s3", choices=("stub", "embedded"), default="stub")
    parser.add_argument(
        "--no-cgroup", action="store_true", help="scale CPU time instead of holding it back"
    )
    parser.add_argument("--apply", action="store_true", help="write the choice to --stack")
    parser.add_argument(
        "--stack", help="measure with the renditions and quality of Pulumi.<stack>.yaml"
    )
    parser.set_defaults(run=run)


def add_choice(parser: Any) -> None:
    """Options that say which sizes, how to choose among them, and where to write."""
    parser.add_argument("--memory", type=int, nargs="+", default=list(SIZES), metavar="MB")
    parser.add_argument("--strategy", choices=advice.STRATEGIES, default="balanced")
    parser.add_argument("--weight", type=float, default=0.5, help="of cost in balanced, 0 to 1")
    parser.add_argument("--target-ms", type=float, default=800)
    parser.add_argument("--json", type=Path, help="write all samples to this file")
    parser.add_argument("--html", type=Path, help="write a page to this file")


def run(options: argparse.Namespace) -> int:
    """Measure, print, write. Ctrl-C keeps what is done."""
    check(options)
    if options.apply and not options.stack:
        raise UsageError("--apply needs --stack NAME, whose settings it writes.")
    file = evidence.settings_file(options.stack) if options.stack else None
    result = measure(options, _settings(options.stack))
    rows = [Row(**row) for row in result["summary"]]
    if not rows:
        console(stderr=True).print("Nothing was measured yet.")
        return 1
    show(result, rows, options)
    return _apply(file, options.stack, result) if file and options.apply else 0


def _settings(stack: str | None) -> Settings:
    """The stack's settings, or the defaults.

    Raises:
        UsageError: they cannot work.
    """
    try:
        return read_settings(stack) if stack else Settings()
    except SettingsError as error:
        raise UsageError(f"Pulumi.{stack}.yaml: {error}") from error


def _apply(settings: Path, stack: str, result: dict[str, Any]) -> int:
    why = _why_not(result)
    if why:
        console(stderr=True).print(f"Nothing is applied: {why}.", soft_wrap=True)
        return 1
    said = evidence.apply(settings, stack, result["chosen_mb"], result)
    console().print(said, soft_wrap=True)
    return 0


def _why_not(result: dict[str, Any]) -> str | None:
    """What speaks against acting on a result."""
    if not result["complete"]:
        return "it was interrupted"
    if not result["trusted"]:
        return "the self-check failed; measure again when the machine is quiet"
    if result["chosen_mb"] is None:
        return "no measured size suits every workload"
    return None


def check(options: argparse.Namespace) -> None:
    """Refuse options that cannot be.

    Raises:
        UsageError: a memory size that Lambda does not have, or a weight that is none.
    """
    if not all(128 <= size <= 10240 for size in options.memory):  # noqa: PLR2004 (Lambda's range)
        raise UsageError("--memory must be between 128 and 10240 MB.")
    if not 0 <= options.weight <= 1:
        raise UsageError("--weight must be between 0 and 1.")


def show(result: dict[str, Any], rows: list[Row], options: argparse.Namespace) -> None:
    """The table, the words, and the files that were asked for."""
    console().print(_table(rows))
    for line in result["words"]:
        console().print(line, soft_wrap=True)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if options.html:
        page = tune_page.page(result, rows, (HEAD, [_cells(row) for row in rows]))
        options.html.write_text(page, encoding="utf-8")


def measure(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """Run the sweep; returns the versioned result that ``--json`` writes."""
    bundle = build(Target.host())
    loads = [workloads.make(name) for name in options.workloads]
    loads = [workloads.folder(options.folder)] if options.folder else loads
    effort = Effort(
        samples=_QUICK_SAMPLES if options.quick else options.samples,
        budget_s=options.budget_s,
        hold="nothing" if options.no_cgroup else "cpu and memory",
    )
    seconds = 1.0 if options.quick else selfcheck.SECONDS
    with progress("Checking the sandbox", len(selfcheck.SIZES)) as advance:
        shares = selfcheck.check(
            seconds=seconds, hold=effort.hold, on_size=lambda name: advance(name=name)
        )
    store = EmbeddedS3() if options.s3 == "embedded" else StubS3()
    number = len(loads) * len(options.memory)
    try:
        with progress("Measuring", number) as advance:
            cases = sweep(
                bundle,
                loads,
                options.memory,
                store=store,
                effort=effort,
                on_case=lambda name: advance(name=name),
                settings=settings,
            )
    finally:
        store.close()
    complete = len(cases) == number and cases[-1].done
    if not complete:
        console(stderr=True).print("Interrupted; what is done is kept.")
    kind = cases[0].kind if cases else "none"
    rows = [summarise(case) for case in cases]
    return {
        **as_result(rows, options),
        "complete": complete,
        "trusted": kind == "none" or selfcheck.passed(shares),
        "samples": [samples_of(case) for case in cases],
        "bundle": bundle.sha256_base64,
        "sandbox": {"kind": kind, **store.facts()},
        "self_check": selfcheck.as_json(shares),
        "settings": {
            "stack": options.stack,
            "renditions": [rendition.to_dict() for rendition in settings.renditions],
            "quality": settings.quality,
        },
        "words": [
            *words(rows, options),
            _made(options.stack, settings),
            _held(kind),
            _trust(shares, kind),
            OTHERS,
        ],
    }


OTHERS: Final = "Percentiles of few runs are coarse; arm64 and real AWS were not measured here."


def as_result(rows: list[Row], options: argparse.Namespace) -> dict[str, Any]:
    """What every result has, wherever it was measured."""
    return {
        "schema": 1,
        "summary": [asdict(row) for row in rows],
        "strategy": options.strategy,
        "chosen_mb": _chosen(rows, options),
        "machine": machine.facts(),
    }


def samples_of(case: Case) -> dict[str, Any]:
    """Every run of a case, raw."""
    return {
        "workload": case.workload.name,
        "sha256": case.workload.sha256,
        "memory_mb": case.memory_mb,
        "reports": [asdict(report) for report in case.reports],
    }


def _by_workload(rows: list[Row]) -> Iterator[list[Row]]:
    for name in dict.fromkeys(row.workload for row in rows):
        yield [row for row in rows if row.workload == name]


def _choose(rows: list[Row], options: argparse.Namespace) -> Row | None:
    weight, target_ms = options.weight, options.target_ms
    return advice.choose(rows, options.strategy, weight=weight, target_ms=target_ms)


def _chosen(rows: list[Row], options: argparse.Namespace) -> int | None:
    """The size that suits every workload: the largest of their choices."""
    choices = [_choose(mine, options) for mine in _by_workload(rows)]
    sizes = [best.memory_mb for best in choices if best]
    return max(sizes) if sizes and len(sizes) == len(choices) else None


def words(
    rows: list[Row], options: argparse.Namespace, place: advice.Place = advice.HERE
) -> Iterator[str]:
    """The verdict on the promise, the choice, and where Power Tuning would draw it."""
    for mine in _by_workload(rows):
        best, name = _choose(mine, options), mine[0].workload
        size = f"{best.memory_mb} MB" if best else "no measured size qualifies"
        yield f"{advice.verdict(mine, place)} Strategy {options.strategy} for {name}: {size}."
        yield f"Power Tuning's view of {name}: {advice.visualisation_url(mine)}"


def _made(stack: str | None, settings: Settings) -> str:
    """What each upload became, and whose settings say so."""
    number = sum(len(rendition.formats) for rendition in settings.renditions)
    files = f"{number} file{'' if number == 1 else 's'}"
    whose = f"stack {stack}" if stack else "the defaults; --stack NAME takes a stack's own"
    without = "" if settings.duplicates == DuplicateSearch.OFF else ", duplicates not looked for"
    return f"Made of each upload: {files}, quality {settings.quality} ({whose}){without}."


def _held(kind: str) -> str:
    if kind == "none":
        return (
            "FALLBACK: nothing is held back (no control group, or --no-cgroup); durations are CPU "
            "time over the share, and memory has no limit."
        )
    return f"CPU and memory were held by {kind}, the initialisation too."


def _trust(shares: list[selfcheck.Share], kind: str) -> str:
    if kind == "none":
        return "Self-check does not apply: there is no share to hold."
    return selfcheck.verdict(shares)


def _table(rows: list[Row]) -> Table:
    table = Table(title="Warm ms, cold start apart", title_justify="left")
    for head in HEAD:
        table.add_column(head, justify="left" if head == "workload" else "right")
    for row in rows:
        table.add_row(*_cells(row))
    return table


def _cells(row: Row) -> tuple[str, ...]:
    times = (row.p50_ms, row.p90_ms, row.p95_ms, row.p99_ms, row.init_ms, row.cold_ms, row.peak_mb)
    rounded = (f"{value:.0f}" for value in times)
    last = (f"{row.headroom:.0%}", f"{row.usd_per_1000:.4f}", str(row.samples), row.outcome)
    return (row.workload, str(row.memory_mb), *rounded, *last)
