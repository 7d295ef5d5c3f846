"""``python -m bench capacity``: compute what a month's uploads and a burst need of AWS."""

from dataclasses import dataclass, replace
from typing import Annotated, Final

from cyclopts import Parameter, validators
from cyclopts.types import PositiveInt

from bench.capacity import limits, report
from bench.capacity.drain import Load, reserved
from bench.capacity.plan import plan
from bench.cost.bill import Stack, Usage
from bench.cost.prices import load as load_prices
from bench.cost.stacks import UNNAMED, read
from bench.memory_sizes import MemorySize
from bench.ranges import Images, Milliseconds, Views
from bench.reports import NO_FILES, Files, publish
from terminal import Misuse

_SECONDS: Final = Parameter(validator=validators.Number(gte=1, lte=1e9))
_FACTOR: Final = Parameter(validator=validators.Number(gte=1, lte=1e6))
"""Beyond these no plan makes sense, and figures would overflow to ``inf`` or ``nan``."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Options:
    """Options of ``capacity``.

    Attributes:
        stack: The stack whose settings count; otherwise the default settings.
        images: Images a month.
        burst: Uploads that come at once, on top of them.
        over: Seconds in which the burst arrives.
        within: Seconds from its last upload until the burst must be processed.
        peak: Uploads of the busiest hour over those of a mean one (assumed).
        ms: Milliseconds that one image takes (see bench tune).
        memory: Lambda memory in MB, in place of the settings'.
        views: CDN fetches of each image.
        account: Concurrency of the account.
        region: The region whose prices and quotas count, in place of the stack's.
    """

    stack: str | None = None
    images: Images = 1e8
    burst: Images = 1e6
    over: Annotated[float, _SECONDS] = 600
    within: Annotated[float, _SECONDS] = 3600
    peak: Annotated[float, _FACTOR] = 3
    ms: Milliseconds = 700
    memory: MemorySize | None = None
    views: Views = 0
    account: PositiveInt = 1000
    region: str | None = None


_DEFAULTS: Final = Options()


def capacity(*, options: Options = _DEFAULTS, files: Files = NO_FILES) -> None:
    """Print the plan; write the files that were asked for.

    Raises:
        Misuse: the stack could not be deployed in such an account.
    """
    region, settings = read(options.stack, options.region)
    usage = Usage(billed_ms=options.ms, views=options.views).of(settings)
    if options.memory:
        usage = replace(usage, memory_mb=options.memory)
    stack = Stack(prices=load_prices(region), usage=usage, settings=settings)
    least = reserved(settings) + limits.UNRESERVED
    if reserved(settings) and options.account < least:
        raise Misuse(
            f"--account must be at least {least}, because the stack reserves {reserved(settings)} "
            "(for the signer of uploads: presigned, and batchOperationsConcurrency) and Lambda "
            f"keeps {limits.UNRESERVED} unreserved; got {options.account}."
        )
    load = Load(
        images=options.images,
        burst=options.burst,
        over_s=options.over,
        within_s=options.within,
        peak=options.peak,
        image_s=options.ms / 1000,
        init_s=usage.init_ms / 1000,
        account=options.account,
    )
    result = plan(options.stack or UNNAMED, stack, load)
    publish(result, report.tables(result), result.words, lambda: report.page(result), files)
