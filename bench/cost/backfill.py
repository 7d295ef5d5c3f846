"""The price of rendering existing uploads again: through the queue, or by S3 Batch Operations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bench.cost import storage
from bench.cost.bill import Stack, quantities

_SHARED: Final = ("compute", "compute_init", "lambda_requests", "logs_gb")
"""Lines that cost as much either way, and as when the upload was new."""


@dataclass(frozen=True, kw_only=True)
class Backfill:
    """One backfill of a number of images: USD by line, and in all, before any free tier."""

    way: str  # ``queue`` or ``batch operations``
    images: float
    lines: dict[str, float]
    total_usd: float


def backfills(stack: Stack, images: float) -> list[Backfill]:
    """Return what a backfill of so many images costs a stack, each way."""
    used = quantities(images, stack.usage, stack.settings)
    files = stack.usage.puts - 2
    both = {line: used[line] for line in _SHARED}
    both["s3_puts"] = images * (files + 1)  # no upload is written
    # The upload; the manifest and the key before and after it; and each rendition is looked at, in
    # case another invocation has overwritten it (function/reconcile.py).
    both["s3_gets"] = images * (5 + files)
    # S3 bills reads of a moved upload by its class, and by the byte: its body, and the key twice.
    spent = storage.months_in(stack.settings, stack.usage.months)
    for name, short in storage.RETRIEVED.items():
        if moved := images * spent.get(name, 0.0) / stack.usage.months:
            both["s3_gets"] -= 3 * moved
            both[f"s3_gets_{short}"] = 3 * moved
            both[f"s3_retrieval_{short}"] = moved * stack.usage.upload_mb / 1000
    # Ten messages a request, and each batch is received and deleted.
    queue = {**both, "sqs_requests": images / 10 + 2 * images / stack.usage.batch}
    jobs = {
        **both,
        "batch_operations_jobs": 1.0,
        "batch_operations_objects": images,
        "batch_operations_listed": images,
    }
    return [_of("queue", images, queue, stack), _of("batch operations", images, jobs, stack)]


def _of(way: str, images: float, used: Mapping[str, float], stack: Stack) -> Backfill:
    lines = {
        line: stack.prices.price(stack.price_name(line)).charge(quantity)
        for line, quantity in used.items()
    }
    return Backfill(way=way, images=images, lines=lines, total_usd=sum(lines.values()))
