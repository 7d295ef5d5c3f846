"""Rows of a sweep's table: percentiles of the runs, and what 1,000 images cost."""

from collections.abc import Iterable
from dataclasses import replace
from statistics import fmean
from typing import Final

from bench.cost import bill
from bench.cost.prices import Prices
from bench.stats import percentile
from bench.sweep.results import Place, Row, Samples

DECIDED: Final = ("compute", "compute_first_views", "lambda_requests", "sqs_requests")
"""Lines of the bill that memory, architecture and batch size decide."""

COUNTED: Final = (*DECIDED, "s3_puts", "s3_gets", "s3_gb_month")
"""Lines of the bill that an image causes, or a first view. Cold starts, logs and standing costs are
left out."""

_IMAGES: Final = 1000
_PERCENTILES: Final = (50, 90, 95, 99)


def summarise(case: Samples, prices: Prices, measured_on: Place) -> Row:
    """Return a case's row; its costs are those of a region, before any free tier."""
    cold, *warm = case.reports
    runs = warm or case.reports
    times = [report.duration_ms for report in runs]
    lines = costs(case, prices)
    # A case that was interrupted before its first warm run is never chosen, nor one cut short.
    outcome = "cold only" if cold.outcome == "ok" and not warm else case.reports[-1].outcome
    if case.is_cut_short:
        outcome = "failed"
    return Row(
        measured_on=measured_on,
        architecture=case.setup.architecture,
        memory_mb=case.setup.memory_mb,
        batch_size=case.setup.batch_size,
        workload=case.workload,
        first_view=case.first_view,
        **{f"p{percent}_ms": round(percentile(times, percent), 1) for percent in _PERCENTILES},
        peak_mb=max(report.max_memory_mb for report in case.reports),
        init_ms=None if cold.init_ms is None else round(cold.init_ms, 1),
        cold_ms=round(cold.duration_ms + (cold.init_ms or 0), 1),
        usd_per_1000=round(sum(lines[name] for name in DECIDED), 6),
        total_usd_per_1000=round(sum(lines.values()), 6),
        costs={name: round(usd, 6) for name, usd in lines.items()},
        outcome=outcome,
        samples=len(warm),
    )


def costs(case: Samples, prices: Prices) -> dict[str, float]:
    """Return what 1,000 images cost in USD, by line of the bill, with warm starts alone."""
    setup, runs = case.setup, case.reports[1:] or case.reports
    images = max(1, sum(stored.images for stored in case.stored))
    usage = bill.Usage(
        memory_mb=setup.memory_mb,
        billed_ms=fmean(report.billed_ms for report in runs) / setup.batch_size,
        cold_share=0,
        batch=setup.batch_size,
        puts=sum(stored.objects for stored in case.stored) / images,
        upload_mb=sum(stored.uploaded_bytes for stored in case.stored) / images / 1e6,
        output_mb=sum(stored.made_bytes for stored in case.stored) / images / 1e6,
    )
    settings = replace(bill.DEFAULTS, architecture=setup.architecture)

    def lines(usage: bill.Usage) -> dict[str, float]:
        return bill.bill(_IMAGES, usage, prices, settings).lines

    if case.first_view:
        # The upload is paid for already: count what the views add to its bill.
        uploads = replace(usage, billed_ms=0, output_mb=0, viewed=0)
        views = replace(usage, billed_ms=0, lazy=1, viewed=1, first_view_ms=usage.billed_ms)
        without, found = lines(uploads), lines(views)
        return {name: found[name] - without[name] for name in COUNTED}
    found = lines(usage)
    return {name: found[name] for name in COUNTED}


def spent(cases: Iterable[Samples], prices: Prices) -> float:
    """Return what the runs themselves cost in USD, without storage, which they have for minutes."""
    return sum(
        usd / _IMAGES * sum(stored.images for stored in case.stored)
        for case in cases
        for name, usd in costs(case, prices).items()
        if name != "s3_gb_month"
    )
