"""Rows of a measurement, as ``bench tune`` makes them."""

from bench.sandbox import Report
from bench.sweep.results import Row, Samples, Setup
from bench.tune.results import MeasuredSettings, SandboxFacts, SandboxResult
from function.engine.renditions import Quality


def row(memory_mb, p50_ms, usd, peak_mb=60.0, outcome="ok", first_view="", **more):
    return Row(
        **{"measured_on": "sandbox", "architecture": "x86_64", "batch_size": 1, **more},
        memory_mb=memory_mb, workload=f"w {first_view}".strip(), first_view=first_view,
        p50_ms=p50_ms, p90_ms=p50_ms, p95_ms=p50_ms,
        p99_ms=p50_ms, peak_mb=peak_mb, init_ms=1, cold_ms=1, usd_per_1000=usd,
        total_usd_per_1000=usd + 0.07, costs={}, outcome=outcome, samples=3,
    )  # fmt: skip


ROWS = [row(128, 4000, 0.009), row(512, 1100, 0.0095), row(1024, 600, 0.011), row(3008, 400, 0.02)]


def result(rows):
    """Return a result of these rows, each with a cold run and two warm ones."""
    report = Report(
        outcome="ok", duration_ms=5.0, init_ms=None, billed_ms=5, max_memory_mb=60.0, cpu_ms=5.0
    )
    samples = [
        Samples(workload=r.workload, sha256="0", setup=r.setup, reports=[report] * 3, stored=[])
        for r in rows
    ]
    return SandboxResult(
        summary=rows, strategy="balanced", samples=samples, complete=True,
        chosen=Setup(memory_mb=1024, architecture="x86_64"),
        words=["Kept.", "Power Tuning's view: https://example.com/#x"], trusted=True, bundle="x",
        sandbox=SandboxFacts(kind="none", init="on demand", s3="embedded AWS"),
        self_check=[], cold_check=[],
        settings=MeasuredSettings(stack=None, renditions=(), quality=Quality.FAST),
    )  # fmt: skip
