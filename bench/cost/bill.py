"""A month's bill by line, as pure arithmetic over a dated price file."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

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

_PRICED_AS: Final = {
    "compute": "lambda_gb_s_{}",
    "compute_init": "lambda_gb_s_{}",
    "sqs_idle_polling": "sqs_requests",
}
"""Line -> name of its price where that is another; {} is the architecture."""

PROMISED_USD: Final = 1.00
"""Of the first README: a month of 1,000 images costs less. It meant processing."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """The work that one image costs; the defaults are the stack's, measured or assumed."""

    memory_mb: int = 1024  # Lambda memory size
    billed_ms: float = 700  # per image, warm (measured by ``tune``)
    # Billed initialisation of one cold start, on demand alike at every memory size: the median of
    # 42 starts in the sandbox (docs/tune.md, "Cold starts", 2026-11-27).
    init_ms: float = 180
    cold_share: float = 0.01  # cold starts per invocation (assumed)
    batch: float = 1  # images in one invocation (assumed: no batching)
    puts: float = 10  # objects written: the upload, eight renditions, the manifest
    gets: float = 2  # objects read by the function, and asked after
    upload_mb: float = 4.2  # stored size of the upload
    output_mb: float = 0.9  # stored size of what is made from it
    log_kb: float = 1.5  # log and embedded metrics of one image
    views: float = 0  # times that a reader fetches one rendition through the CDN
    view_kb: float = 120  # size of what a reader fetches


@dataclass(frozen=True, kw_only=True)
class Price:
    """A line of a price file.

    ``usd`` is of a unit, or a list of tiers, each with the quantity it ends at; the last has no
    end. ``free`` units a month are always free, and ``source`` is the page that states it.
    """

    usd: float | list[dict[str, float]]
    free: float
    source: str

    def charge(self, quantity: float, *, free_tier: bool = False) -> float:
        """Return what a month's quantity costs in USD."""
        left = max(0.0, quantity - (self.free if free_tier else 0))
        usd = start = 0.0
        for tier in self.usd if isinstance(self.usd, list) else [{"usd": self.usd}]:
            end = tier.get("up_to", math.inf)
            usd += max(0.0, min(left, end) - start) * tier["usd"]
            start = end
        return usd


@dataclass(frozen=True, kw_only=True)
class Prices:
    """A region's price file: its prices by name, and the day on which they were looked up."""

    region: str
    date: dt.date
    lines: dict[str, Price]


@dataclass(frozen=True, kw_only=True)
class Bill:
    """A month's bill of a number of images: USD by line, by group of ``GROUPS``, and in all."""

    images: float
    lines: dict[str, float]
    subtotals: dict[str, float]
    total_usd: float

    @property
    def usd_per_1000_images(self) -> float:
        """The total, for each 1,000 images."""
        return self.total_usd / self.images * 1000

    @property
    def largest(self) -> str:
        """The line that costs most."""
        return max(self.lines, key=lambda name: self.lines[name])


def load(region: str) -> Prices:
    """Read a region's price file.

    Raises:
        Misuse: there is none.
    """
    path = PRICES / f"{region}.yaml"
    if not path.exists():
        known = ", ".join(sorted(path.stem for path in PRICES.glob("*.yaml")))
        raise Misuse(f"There is no price file for {region}; there is {known}.")
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Prices(**raw | {"lines": {name: Price(**line) for name, line in raw["lines"].items()}})


def quantities(images: float, usage: Usage) -> dict[str, float]:
    """Return what a month uses of each line of the bill."""
    invocations = images / usage.batch
    gb = usage.memory_mb / 1024
    return {
        "compute": images * usage.billed_ms / 1000 * gb,
        "compute_init": invocations * usage.cold_share * usage.init_ms / 1000 * gb,
        "lambda_requests": invocations,
        "sqs_requests": images + 2 * invocations,
        "sqs_idle_polling": IDLE_RECEIVES,
        "s3_puts": images * usage.puts,
        "s3_gets": images * usage.gets,
        "s3_gb_month": images * (usage.upload_mb + usage.output_mb) / 1000,
        "logs_gb": images * usage.log_kb / 1_000_000,
        "metrics": len(set(Metric) - RARE_METRICS) - 1,  # duplicates are off
        "alarms": _alarm_metrics(),
        "dashboards": 1,
        "traces": _traces(invocations),
        "cdn_gb": images * usage.views * usage.view_kb / 1_000_000,
        "cdn_requests": images * usage.views,
    }


def _traces(invocations: float) -> float:
    """Return the traces that are recorded: the first of each second and 5 % of the others.

    That is X-Ray's default rule (AWS X-Ray Developer Guide, "Configuring sampling rules"). Arrivals
    are taken as even.
    """
    return min(invocations, MONTH_S + 0.05 * max(0.0, invocations - MONTH_S))


def _alarm_metrics() -> int:
    """Return how many metrics the stack's alarms look at, which is what CloudWatch bills."""
    alarms = definitions(Settings())
    return sum(not query.expression for alarm in alarms for query in alarm.queries)


def bill(
    images: float,
    usage: Usage,
    prices: Prices,
    *,
    architecture: str = "arm64",
    free_tier: bool = False,
) -> Bill:
    """Return the bill of one month; lines of one price share its free amount in proportion."""
    used = quantities(images, usage)
    price_of = {line: _PRICED_AS.get(line, line).format(architecture) for line in used}
    lines: dict[str, float] = {}
    for line, quantity in used.items():
        whole = sum(used[other] for other in used if price_of[other] == price_of[line])
        usd = prices.lines[price_of[line]].charge(whole, free_tier=free_tier)
        lines[line] = usd * quantity / whole if whole else 0.0
    return Bill(
        images=images,
        lines=lines,
        subtotals={group: sum(lines[line] for line in names) for group, names in GROUPS.items()},
        total_usd=sum(lines.values()),
    )
