"""A month's bill by line, as pure arithmetic over dated price files and the stacks' settings."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench.cost import storage
from bench.cost.prices import Prices
from function.contract import RARE_METRICS, DuplicateSearch, HeldMetric, Metric
from function.engine.renditions import made_at_upload, made_at_view, made_in_background
from pipeline.alarm_definitions import definitions
from pipeline.settings import Settings

POLLERS: Final = 5
"""Pollers of an idle queue whose event source mapping has a maximum concurrency (AWS Lambda
Developer Guide, "Configuring scaling behavior for SQS event source mappings", read 2026-11-27)."""

FREE_POLLERS: Final = 2
"""Pollers of an idle queue without one: "Lambda ... can optimize to as few as 2 concurrent invokes
to reduce the Amazon SQS calls and corresponding costs. However, this optimization is not available
when you enable the maximum concurrency setting" (the same page)."""

POLL_S: Final = 20
"""Seconds that an empty receive takes: the queue's long polling."""

MONTH_S: Final = 30 * 24 * 3600

FIRST_VIEW_GETS: Final = 5
"""S3 reads of one first view: CloudFront finds no rendition, nor does the function, which reads the
manifest, the upload and, once it has stored the rendition, the manifest again."""

FORMAT_GETS: Final = 9
"""S3 reads of a lazy format that is asked for: CloudFront's; the view's of the manifest, of the
format, of what stands in for it and of the manifest once more; and four by what makes it, as a
first view (docs/first-view.md, "Lazy formats")."""

FORMAT_PUTS: Final = 2
"""The manifest, with the time when the format was asked for, and the format."""

FORMAT_MESSAGES: Final = 3
"""Requests to SQS: the message is sent, received and deleted."""

SIGNER_GB: Final = 0.5
"""Memory of the signer."""

DEFAULTS: Final = Settings()

INDEX: Final[Mapping[DuplicateSearch, tuple[float, float, float]]] = {
    DuplicateSearch.OFF: (0, 0, 0),
    DuplicateSearch.EXACT: (0.5, 1, 0.24),
    DuplicateSearch.NEAR: (20.5, 4, 0.96),
}
"""Read units, write units and kB in DynamoDB of one upload: docs/duplicates.md, "Calls and cost".
Those of ``near`` are at 100 million images; fewer need half as many read units."""

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "processing": (
        *("compute", "compute_init", "compute_signer", "compute_first_views", "compute_formats"),
        *("lambda_requests", "sqs_requests", "eventbridge_events"),
        *("sqs_idle_polling", "poller_hours", "s3_puts", "s3_gets"),
        *("duplicates_reads", "duplicates_writes", "quota_writes"),
    ),
    "storage": (
        *("s3_gb_month", "s3_standard_ia_gb_month", "s3_glacier_ir_gb_month"),
        *("s3_tiering_frequent_gb_month", "s3_tiering_infrequent_gb_month"),
        *("s3_tiering_archive_gb_month", "s3_tiering_objects"),
        *("s3_moves_to_standard_ia", "s3_moves_to_glacier_ir", "s3_moves_to_tiering"),
        *("access_log_gb_month", "duplicates_gb_month", "kms_keys"),
    ),
    "monitoring": ("logs_gb", "metrics", "alarms", "dashboards", "traces"),
    "delivery": (
        *("cdn_gb", "cdn_requests", "cdn_requests_for_forms"),
        *("waf_acls", "waf_rules", "waf_requests"),
    ),
}
"""Lines of a bill by what they are for; each line is in one group."""

STANDING: Final = frozenset({"sqs_idle_polling", "poller_hours"})
"""Lines of processing that cost the same without any image."""

_PRICED_AS: Final = {
    "compute": "lambda_gb_s_{}",
    "compute_init": "lambda_gb_s_{}",
    "compute_signer": "lambda_gb_s_{}",
    "compute_first_views": "lambda_gb_s_{}",
    "compute_formats": "lambda_gb_s_{}",
    "sqs_idle_polling": "sqs_requests",
    "access_log_gb_month": "s3_gb_month",
    "quota_writes": "duplicates_writes",  # both are DynamoDB's write units on demand
}
"""Line -> name of its price where that is another; {} is the architecture."""

PROMISED_USD: Final = 1.00
"""A month of 1,000 images costs less: in all on a stack with lean monitoring, processing and
storage on any other."""


@dataclass(frozen=True, kw_only=True)
class Usage:
    """The work that one image costs; the defaults are the stack's, measured or assumed."""

    memory_mb: int = 1024  # Lambda memory size
    billed_ms: float = 700  # per image, warm: within the promise, and more than is measured
    # Billed initialisation of one cold start, on demand alike at every memory size: rounded up from
    # 174, the median of 42 starts in the sandbox (docs/tune.md, "Cold starts", 2026-11-27).
    init_ms: float = 180
    cold_share: float = 0.01  # cold starts per invocation (assumed)
    batch: float = 1  # images in one invocation (assumed: no batching)
    # Objects written at upload: the upload, five renditions, the manifest.
    puts: float = 7
    lazy: float = 0  # objects of lazy renditions, each written on its first view
    viewed: float = 1  # share of the lazy objects that are ever viewed
    # Billed, of one first view: the mean p50 of the five default files at 1024 MB
    # (docs/first-view.md, "Latency and cost").
    first_view_ms: float = 340
    lazy_formats: float = 0  # objects of lazy formats, each made once a reader asks for it
    stand_in_ms: float = 100  # billed, of a view that answers with another format (assumed)
    format_ms: float = 2600  # billed, of one file of a lazy format (docs/first-view.md)
    gets: float = 2  # objects read by the function, and asked after
    upload_mb: float = 4.2  # stored size of the upload
    output_mb: float = 0.51  # stored size of what is made from it (docs/engine.md, "Defaults")
    months: float = 1  # months of images that are stored; 1 counts this month's alone
    log_kb: float = 1.5  # log and embedded metrics of one image
    sign_ms: float = 10  # billed, of one form of the signer, where there is one (assumed)
    views: float = 0  # times that a reader fetches one rendition through the CDN
    view_kb: float = 120  # size of what a reader fetches

    def of(self, settings: Settings) -> "Usage":
        """Return the work at a stack's memory size and for its renditions."""
        made, lazy, formats = (
            sum(len(each.formats) for each in files(settings.renditions))
            for files in (made_at_upload, made_at_view, made_in_background)
        )
        work = replace(self, puts=made + 2, lazy=lazy, lazy_formats=formats)
        return replace(work, memory_mb=settings.memory)


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

    @classmethod
    def of(cls, images: float, lines: dict[str, float]) -> "Bill":
        """Return the bill of these lines."""
        subtotals = {group: sum(lines[line] for line in names) for group, names in GROUPS.items()}
        return cls(images=images, lines=lines, subtotals=subtotals, total_usd=sum(lines.values()))


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack to bill: its settings, its region's prices, and the work of an image."""

    prices: Prices
    usage: Usage
    settings: Settings

    def price_name(self, line: str) -> str:
        """Return the name of a line's price in the price file."""
        return _PRICED_AS.get(line, line).format(self.settings.architecture)


def quantities(images: float, usage: Usage, settings: Settings = DEFAULTS) -> dict[str, float]:
    """Return what a month uses of each line of the bill."""
    invocations = images / usage.batch
    first_views = images * usage.lazy * usage.viewed
    formats = images * usage.lazy_formats * usage.viewed
    starts = invocations + first_views + 2 * formats  # each format is viewed, and then made
    forms = images if settings.uploads == "presigned" else 0.0
    by_cdn = forms * settings.signer_behind_cdn
    gb, is_full = usage.memory_mb / 1024, settings.monitoring == "full"
    has_waf = settings.waf_requests_per_minute > 0
    has_duplicates = settings.duplicates != DuplicateSearch.OFF
    reads, writes, kb = INDEX[settings.duplicates]
    new = storage.months_in(settings, usage.months)[storage.STANDARD]
    return {
        "compute": images * usage.billed_ms / 1000 * gb,
        "compute_init": starts * usage.cold_share * usage.init_ms / 1000 * gb,
        "compute_signer": forms * usage.sign_ms / 1000 * SIGNER_GB,
        "compute_first_views": first_views * usage.first_view_ms / 1000 * gb,
        "compute_formats": formats * (usage.stand_in_ms + usage.format_ms) / 1000 * gb,
        "lambda_requests": starts + forms,
        "sqs_requests": images + 2 * invocations + formats * FORMAT_MESSAGES,
        # All that happens in the bucket is sent; counted is one event of each upload.
        "eventbridge_events": images * (settings.source_bucket != ""),
        "sqs_idle_polling": idle_pollers(settings) * MONTH_S / POLL_S,
        "poller_hours": settings.pollers.min * MONTH_S / 3600 if settings.pollers else 0,
        "s3_puts": images * usage.puts + first_views + formats * FORMAT_PUTS,
        "s3_gets": images * (usage.gets + has_duplicates)
        + first_views * FIRST_VIEW_GETS
        + formats * FORMAT_GETS,
        "duplicates_reads": images * reads,
        "duplicates_writes": images * writes,
        "quota_writes": forms * settings.has_quotas,  # an item of far less than 1 kB
        "s3_gb_month": images * (usage.upload_mb * new + usage.output_mb * usage.months) / 1000,
        **storage.quantities(images, usage.upload_mb, usage.months, settings),
        "access_log_gb_month": storage.access_log_gb(
            images, 1 + usage.gets, usage.months, settings
        ),
        "duplicates_gb_month": images * kb / 1_000_000,
        "kms_keys": float(settings.encryption == "kms"),
        "logs_gb": (images + first_views + 2 * formats) * usage.log_kb / 1_000_000,
        "metrics": is_full * (len(set(Metric) - RARE_METRICS) - (not has_duplicates))
        + settings.measures_held * len(HeldMetric),
        "alarms": _alarm_metrics(settings),
        "dashboards": float(is_full),
        "traces": _traces(starts) if settings.tracing else 0,
        "cdn_gb": images * usage.views * usage.view_kb / 1_000_000,
        "cdn_requests": images * usage.views,
        "cdn_requests_for_forms": by_cdn,
        "waf_acls": float(has_waf),
        "waf_rules": float(has_waf),
        "waf_requests": images * usage.views * has_waf + by_cdn,
    }


def idle_pollers(settings: Settings) -> int:
    """Return how many pollers wait all month: at the queue, and at that of lazy formats."""
    formats = POLLERS * settings.has_lazy_formats
    if settings.pollers:
        return settings.pollers.min + formats
    return (POLLERS if settings.max_concurrency else FREE_POLLERS) + formats


def _traces(invocations: float) -> float:
    """Return the traces that are recorded: the first of each second and 5 % of the others.

    That is X-Ray's default rule (AWS X-Ray Developer Guide, "Configuring sampling rules"). Arrivals
    are taken as even.
    """
    return min(invocations, MONTH_S + 0.05 * max(0.0, invocations - MONTH_S))


def _alarm_metrics(settings: Settings) -> int:
    """Return how many metrics the stack's alarms look at, which is what CloudWatch bills."""
    return sum(not query.expression for alarm in definitions(settings) for query in alarm.queries)


def bill(
    images: float,
    usage: Usage,
    prices: Prices,
    settings: Settings = DEFAULTS,
    *,
    free_tier: bool = False,
) -> Bill:
    """Return the bill of one stack for one month."""
    stack = Stack(prices=prices, usage=usage, settings=settings)
    return bills([stack], images, free_tier=free_tier)[0]


def bills(stacks: Sequence[Stack], images: float, *, free_tier: bool = False) -> list[Bill]:
    """Return each stack's bill for one month of so many images in each.

    The stacks are of one account: its free tier is counted once, and the quantities of stacks in
    one region fill the same tiers. Quantities that share a price, or a free amount, get their part
    of it in proportion.
    """
    used = [quantities(images, stack.usage, stack.settings) for stack in stacks]
    pools, wholes = defaultdict[str, float](float), defaultdict[tuple[str, str], float](float)
    for stack, lines in zip(stacks, used, strict=True):
        for line, quantity in lines.items():
            if quantity:
                name = stack.price_name(line)
                pools[stack.prices.price(name).pool] += quantity
                wholes[stack.prices.region, name] += quantity

    def charge(stack: Stack, line: str, quantity: float) -> float:
        if not quantity:
            return 0.0
        name = stack.price_name(line)
        price, whole = stack.prices.price(name), wholes[stack.prices.region, name]
        free = price.free * whole / pools[price.pool] if free_tier else 0
        return price.charge(whole, free=free) * quantity / whole

    return [
        Bill.of(images, {line: charge(stack, line, n) for line, n in lines.items()})
        for stack, lines in zip(stacks, used, strict=True)
    ]


def total(parts: Sequence[Bill]) -> Bill:
    """Return the bill of several stacks together."""
    lines = {line: sum(part.lines[line] for part in parts) for part in parts for line in part.lines}
    return Bill.of(sum(part.images for part in parts), lines)
