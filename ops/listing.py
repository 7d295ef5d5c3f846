"""A bucket's listing, read by several workers in parallel and returned in S3's order.

First, the keys directly under the prefix are listed, with the delimiter ``/``. These keys cut the
listing into spans, and workers list the spans ahead of the reader. Cuts only divide the work:
wherever they are, the spans together are the whole listing.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

Item = TypeVar("Item")
Page = tuple[list[tuple[str, Item]], str | None]
"""A page of a listing: items with their keys, and the key to go on after; None at the end."""

LISTERS: Final = 8
"""Workers that list at one time; boto3 keeps ten connections (botocore, ``Config``)."""

PAGES: Final = 5
"""Pages of up to 1,000 keys that a worker reads ahead, which bounds the memory in use."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Keys after one, up to and including another; ``until`` None: to the end."""

    after: str
    until: str | None

    def holds(self, key: str) -> bool:
        """Return True if the key is in the span."""
        return key > self.after and (self.until is None or key <= self.until)


@dataclass(frozen=True, kw_only=True)
class Listing(Generic[Item]):
    """The keys of a bucket that have a prefix.

    ``page`` asks S3 for a page, given its client, the bucket, the prefix and the key to go on
    after.
    """

    s3: "S3Client"
    bucket: str
    prefix: str
    page: Callable[["S3Client", str, str, str], Page[Item]]

    def find(self, after: str = "") -> Iterator[Item]:
        """Return the items after a key, in S3's order."""
        upcoming = spans(self.s3, self.bucket, self.prefix, after)
        with workers(LISTERS) as pool:
            read: deque[Future[tuple[list[Item], Span | None]]] = deque()
            while True:
                new = islice(upcoming, LISTERS - len(read))
                read.extend(pool.submit(self._read, span) for span in new)
                if not read:
                    return
                items, rest = read.popleft().result()
                if rest:
                    read.appendleft(pool.submit(self._read, rest))
                yield from items

    def count(self, after: str = "") -> int:
        """Return how many items there are after a key; faster than ``find``, which keeps order."""
        upcoming, count = spans(self.s3, self.bucket, self.prefix, after), 0
        with workers(LISTERS) as pool:
            counting: deque[Future[int]] = deque()
            while True:
                new = islice(upcoming, 2 * LISTERS - len(counting))
                counting.extend(pool.submit(self._count, span) for span in new)
                if not counting:
                    return count
                count += counting.popleft().result()

    def _read(self, span: Span) -> tuple[list[Item], Span | None]:
        """Return the first items of a span, and the rest of the span."""
        found: list[Item] = []
        after: str | None = span.after
        for _page in range(PAGES):
            pairs, after = self.page(self.s3, self.bucket, self.prefix, after)
            found += [item for key, item in pairs if span.holds(key)]
            if after is None or (span.until is not None and after >= span.until):
                return found, None
        return found, Span(after=after, until=span.until)

    def _count(self, span: Span) -> int:
        count, rest = 0, span
        while rest is not None:
            items, rest = self._read(rest)
            count += len(items)
        return count


def spans(s3: "S3Client", bucket: str, prefix: str, after: str = "") -> Iterator[Span]:
    """Cut a listing into spans, in order, a few for each page of keys directly under the prefix.

    A prefix that has one prefix under it and nothing else is cut there.
    """
    begin = after
    pages = s3.get_paginator("list_objects_v2")
    listed = pages.paginate(Bucket=bucket, Prefix=prefix, Delimiter="/", StartAfter=after)
    for number, page in enumerate(listed):
        below = [found["Prefix"] for found in page.get("CommonPrefixes", [])]
        keys = [found["Key"] for found in page.get("Contents", [])]
        if number == 0 and len(below) == 1 and not keys and not page["IsTruncated"]:
            yield from spans(s3, bucket, below[0], after)
            return
        for cut in (*_picked(below), max([*below, *keys], default="")):
            if cut > begin:
                yield Span(after=begin, until=cut)
                begin = cut
    yield Span(after=begin, until=None)


def _picked(cuts: list[str]) -> list[str]:
    """Return evenly spaced cuts, as many as there are workers to list between them."""
    return sorted(cuts)[:: max(1, len(cuts) // LISTERS)]


@contextmanager
def workers(count: int) -> Generator[ThreadPoolExecutor]:
    """Return a pool of threads; calls that have not begun when the block ends are dropped."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
