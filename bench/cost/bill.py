"""A month's bill by line, as pure arithmetic over a dated price file."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import yaml

from function.contract import RARE_METRICS, Metric
from pipeline.alarm_definitions import definitions
from pipeline.settings import Settings
from terminal import Misuse

PRICES: Final = Path(__file__).parent / "prices"
IDLE_RECEIVES: Final = 648_000
"""A month's empty receives: 5 pollers that wait 20 s each, whether or not there are uploads
(AWS Lambda Developer Guide, Using Lambda with Amazon SQS: five concurrent batches at the start)."""


MONTH_S: Final = 30 * 24 * 3600

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "processing": (
        *("compute", "compute_init", "lambda_requests", "sqs_requests", "sqs_idle_polling"),
        *("s3_puts", "s3_gets"),
    ),
    "storage": ("s3_gb_month",),
    "monitoring": ("logs_gb", "metrics", "alarms", "dashboards", "traces"),
    "delivery": ("cdn_gb", "cdn_requests"),
}
"""Lines of a bill by what they are for; each line is in one group."""

PROMISED_USD: Final = 1.00
"""Of the first README: a month of 1,000 images costs less. It meant processing."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What one image costs in work; the defaults are the stack's defaults, measured or assumed.

    Attributes:
        memory_mb: Lambda memory size.
        billed_ms: per image, warm (measured by ``tune``).
        init_ms: billed initialisation of one cold start.
        cold_share: cold starts per invocation (assumed).
        batch: images in one invocation (assumed: no batching).
        puts: objects written: the upload, eight renditions, the manifest.
        gets: objects read by the function, and asked after.
        upload_mb: stored size of the upload.
        output_mb: stored size of what is made from it.
        log_kb: log and embedded metrics of one image.
        views: times that a reader fetches one rendition through the CDN.
        view_kb: size of what a reader fetches.
    """

    memory_mb: int = 1024
    billed_ms: float = 700
    init_ms: float = 230
    cold_share: float = 0.01
    batch: float = 1
    puts: float = 10
    gets: float = 2
    upload_mb: float = 4.2
    output_mb: float = 0.9
    log_kb: float = 1.5
    views: float = 0
    view_kb: float = 120


def load(region: str) -> dict[str, Any]:
    """Read a region's price file.

    Raises:
        Misuse: there is none.
    """
    path = PRICES / f"{region}.yaml"
    if not path.exists():
        known = ", ".join(sorted(path.stem for path in PRICES.glob("*.yaml")))
        raise Misuse(f"There is no price file for {region}; there is {known}.")
    return cast("dict[str, Any]", yaml.safe_load(path.read_text(encoding="utf-8")))


def charge(line: Mapping[str, Any], quantity: float, *, free_tier: bool) -> float:
    """USD for a quantity of one line.

    ``usd`` is a price, or a list of tiers, each with the quantity it ends at; the last has no end.
    """
    left = max(0.0, quantity - (line["free"] if free_tier else 0))
    tiers = cast("list[dict[str, float]] | float", line["usd"])
    usd, start = 0.0, 0.0
    for tier in tiers if isinstance(tiers, list) else [{"usd": tiers}]:
        end = tier.get("up_to", math.inf)
        usd += max(0.0, min(left, end) - start) * tier["usd"]
        start = end
    return usd


def quantities(images: float, usage: Usage, architecture: str = "arm64") -> dict[str, list[float]]:
    """Name of a price -> what the month uses of it; compute has two parts: running and INIT."""
    invocations = images / usage.batch
    gb = usage.memory_mb / 1024
    running = images * usage.billed_ms / 1000 * gb
    starting = invocations * usage.cold_share * usage.init_ms / 1000 * gb
    return {
        f"lambda_gb_s_{architecture}": [running, starting],
        "lambda_requests": [invocations],
        "sqs_requests": [images + 2 * invocations, IDLE_RECEIVES],
        "s3_puts": [images * usage.puts],
        "s3_gets": [images * usage.gets],
        "s3_gb_month": [images * (usage.upload_mb + usage.output_mb) / 1000],
        "logs_gb": [images * usage.log_kb / 1_000_000],
        "metrics": [len(set(Metric) - RARE_METRICS) - 1],  # duplicates are off
        "alarms": [_alarm_metrics()],
        "dashboards": [1],
        "traces": [_traces(invocations)],
        "cdn_gb": [images * usage.views * usage.view_kb / 1_000_000],
        "cdn_requests": [images * usage.views],
    }


def _traces(invocations: float) -> float:
    """Traces that X-Ray's default rule records: the first of each second and 5 % of the others.

    (AWS X-Ray Developer Guide, "Configuring sampling rules".) Arrivals are taken as even.
    """
    return min(invocations, MONTH_S + 0.05 * max(0.0, invocations - MONTH_S))


def _alarm_metrics() -> int:
    """Metrics that the stack's alarms look at, which is what CloudWatch bills."""
    alarms = definitions(Settings())
    return sum(not query.expression for alarm in alarms for query in alarm.queries)


def bill(
    images: float,
    usage: Usage,
    prices: Mapping[str, Any],
    *,
    architecture: str = "arm64",
    free_tier: bool = False,
) -> dict[str, float]:
    """USD by line for one month. INIT and idle polling are lines of their own.

    Where a price has two parts they share its free amount in proportion.
    """
    total: dict[str, float] = {}
    for name, parts in quantities(images, usage, architecture).items():
        usd = charge(prices["lines"][name], sum(parts), free_tier=free_tier)
        label = "compute" if name.startswith("lambda_gb") else name
        total[label] = usd * parts[0] / sum(parts) if sum(parts) else 0.0
        if len(parts) > 1:
            second = "compute_init" if label == "compute" else "sqs_idle_polling"
            total[second] = usd - total[label]
    return total


def subtotals(lines: Mapping[str, float]) -> dict[str, float]:
    """USD by group of ``GROUPS``."""
    return {group: sum(lines[name] for name in names) for group, names in GROUPS.items()}


def dominant(lines: Mapping[str, float]) -> str:
    """The line that costs most."""
    return max(lines, key=lambda name: lines[name])
