"""``python -m bench tune``: latency, memory and cost at each Lambda memory size."""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import yaml
from rich.table import Table

from bench import advice, bill, machine, plot
from bench.advice import Row
from bench.machine import UsageError
from bench.sandbox import Report, Sandbox, selfcheck, unpacked
from bench.sandbox.function import upload, variables
from bench.sandbox.stub_s3 import StubS3
from bench.stats import percentile, relative_error
from bench.workloads import Workload, make
from local.console import console, progress
from pipeline.bundle import Target, build

SIZES: Final = (128, 256, 512, 1024, 1769, 3008)
_FEWEST: Final = 3
_GOAL: Final = 0.05


def register(commands: Any) -> None:
    """Add the command and its options."""
    parser = commands.add_parser("tune", help="sweep memory sizes", description=__doc__)
    parser.add_argument("--memory", type=int, nargs="+", default=list(SIZES), metavar="MB")
    parser.add_argument("--workloads", nargs="+", default=["jpeg-12mp"], metavar="NAME|FILE")
    parser.add_argument("--samples", type=int, default=12, help="most warm runs of each")
    parser.add_argument("--budget-s", type=float, default=20, help="most seconds for each")
    parser.add_argument("--quick", action="store_true", help="three warm runs of each")
    parser.add_argument("--strategy", default="balanced")
    parser.add_argument("--weight", type=float, default=0.5, help="of cost in balanced, 0 to 1")
    parser.add_argument("--target-ms", type=float, default=800)
    parser.add_argument("--json", type=Path, help="write all samples to this file")
    parser.add_argument("--html", type=Path, help="write a page to this file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Measure, print, write. Ctrl-C keeps what is done."""
    if options.strategy not in ("cost", "speed", "balanced", "target"):
        raise UsageError("--strategy must be cost, speed, balanced or target.")
    if not all(128 <= size <= 10240 for size in options.memory):  # noqa: PLR2004 (Lambda's range)
        raise UsageError("--memory must be between 128 and 10240 MB.")
    result = measure(options)
    rows = [Row(**row) for row in result["summary"]]
    console().print(_table(rows))
    for line in result["words"]:
        console().print(line, soft_wrap=True)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")
    if options.html:
        options.html.write_text(_html(result, rows))
    return 0 if rows else 1


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run the sweep; returns the versioned result that ``--json`` writes."""
    bundle = build(Target.host())
    cases = [(make(name), size) for name in options.workloads for size in options.memory]
    shares = selfcheck.check(seconds=1.0 if options.quick else selfcheck.SECONDS)
    store, kind = StubS3(), "none"
    raw: list[tuple[Workload, int, list[Report]]] = []
    limit = _FEWEST if options.quick else options.samples
    try:
        with unpacked(bundle) as task, progress("Measuring", len(cases)) as step:
            for workload, size in cases:
                with Sandbox(task, size, variables(size, store)) as box:
                    kind = box.cage.kind
                    reports = list(_reports(box, store, workload, limit, options.budget_s))
                raw.append((workload, size, reports))
                step(f"{workload.name} at {size} MB")
    except KeyboardInterrupt:
        console(stderr=True).print("Interrupted; what is done is kept.")
    finally:
        store.close()
    rows = [_row(*case) for case in raw]
    return {
        "schema": 1,
        "summary": [asdict(row) for row in rows],
        "samples": [
            {
                "workload": w.name,
                "sha256": w.sha256,
                "memory_mb": mb,
                "reports": [asdict(r) for r in rs],
            }
            for w, mb, rs in raw
        ],
        "machine": machine.facts(),
        "bundle": bundle.sha256_base64,
        "sandbox": {"kind": kind, "latency_ms": store.latency_ms, "mb_per_s": store.mb_per_s},
        "self_check": selfcheck.as_json(shares),
        "words": [
            *_words(rows, options),
            _held(kind),
            selfcheck.verdict(shares),
        ],
    }


def _reports(
    box: Sandbox, store: StubS3, workload: Workload, limit: int, budget_s: float
) -> Iterator[Report]:
    """One cold run, then warm ones until they agree, or the limit or the budget is reached."""
    started, warm = time.monotonic(), list[float]()
    for number in range(limit + 1):
        report = box.invoke(upload(store, workload.path, int(time.time_ns())))
        yield report
        if report.outcome != "ok" or time.monotonic() - started > budget_s:
            return
        warm += [report.duration_ms] if number else []
        if len(warm) >= _FEWEST and relative_error(warm) < _GOAL:
            return


def _row(workload: Workload, memory_mb: int, reports: list[Report]) -> Row:
    cold, *warm = reports
    runs = warm or reports
    times = [report.duration_ms for report in runs]
    prices = bill.load("us-east-1")["lines"]
    billed = sum(report.billed_ms for report in runs) / len(runs)
    each = memory_mb / 1024 * billed / 1000 * prices["lambda_gb_s_x86_64"]["usd"]
    return Row(
        memory_mb=memory_mb,
        workload=workload.name,
        p50_ms=round(percentile(times, 50), 1),
        p90_ms=round(percentile(times, 90), 1),
        p95_ms=round(percentile(times, 95), 1),
        p99_ms=round(percentile(times, 99), 1),
        peak_mb=max(report.max_memory_mb for report in reports),
        init_ms=round(cold.init_ms or 0, 1),
        cold_ms=round(cold.duration_ms + (cold.init_ms or 0), 1),
        usd_per_1000=round((each + prices["lambda_requests"]["usd"]) * 1000, 6),
        outcome=reports[-1].outcome,
        samples=len(warm),
    )


def _words(rows: list[Row], options: argparse.Namespace) -> Iterator[str]:
    for name in dict.fromkeys(row.workload for row in rows):
        mine = [row for row in rows if row.workload == name]
        yield advice.verdict(mine)
        best = advice.choose(
            mine, options.strategy, weight=options.weight, target_ms=options.target_ms
        )
        size = f"{best.memory_mb} MB" if best else "no measured size qualifies"
        yield f"Strategy {options.strategy} for {name}: {size}."
        yield f"Power Tuning's view: {advice.visualisation_url(mine)}"


def _held(kind: str) -> str:
    if kind == "none":
        return (
            "FALLBACK: no control group may be written here; durations are scaled CPU time, and "
            "memory is not limited."
        )
    return f"CPU and memory were held by {kind}, the initialisation too."


def _table(rows: list[Row]) -> Table:
    table = Table(title="Warm ms, cold start apart", title_justify="left")
    for head in _HEAD:
        table.add_column(head, justify="left" if head == "workload" else "right")
    for row in rows:
        table.add_row(*_cells(row))
    return table


_HEAD: Final = (
    *("workload", "MB", "p50", "p90", "p95", "p99", "init", "cold", "peak MB", "headroom"),
    *("USD/1,000", "runs", "outcome"),
)


def _cells(row: Row) -> tuple[str, ...]:
    times = (row.p50_ms, row.p90_ms, row.p95_ms, row.p99_ms, row.init_ms, row.cold_ms, row.peak_mb)
    rounded = (f"{value:.0f}" for value in times)
    last = (f"{row.headroom:.0%}", f"{row.usd_per_1000:.4f}", str(row.samples), row.outcome)
    return (row.workload, str(row.memory_mb), *rounded, *last)


def _html(result: dict[str, Any], rows: list[Row]) -> str:
    able = [row for row in rows if row.outcome == "ok"]
    names = list(dict.fromkeys(row.workload for row in able))

    def over_memory(field: str) -> plot.Series:
        return {
            name: [(r.memory_mb, getattr(r, field)) for r in able if r.workload == name]
            for name in names
        }

    plots = (("p95_ms", "p95, ms"), ("usd_per_1000", "USD per 1,000"), ("peak_mb", "peak, MB"))
    drawn = [plot.lines(over_memory(field), x="memory, MB", y=y) for field, y in plots if able]
    how = {key: result[key] for key in ("machine", "bundle", "sandbox", "self_check")}
    return plot.page(
        "Latency, memory and cost at each memory size",
        " ".join(line for line in result["words"] if "http" not in line),
        plot.table(_HEAD, [_cells(row) for row in rows]),
        *drawn,
        "Percentiles of few samples are coarse; arm64 and real AWS were not measured.\n\n"
        + yaml.safe_dump(how, sort_keys=False),
    )
