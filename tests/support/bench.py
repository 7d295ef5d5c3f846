"""Rows of a measurement, as ``bench tune`` makes them."""

from bench.tune.advice import Row


def row(memory_mb, p50_ms, usd, peak_mb=60.0, outcome="ok"):
    return Row(
        memory_mb=memory_mb, workload="w", p50_ms=p50_ms, p90_ms=p50_ms, p95_ms=p50_ms,
        p99_ms=p50_ms, peak_mb=peak_mb, init_ms=1, cold_ms=1, usd_per_1000=usd, outcome=outcome,
        samples=3,
    )  # fmt: skip


ROWS = [row(128, 4000, 0.009), row(512, 1100, 0.0095), row(1024, 600, 0.011), row(3008, 400, 0.02)]
