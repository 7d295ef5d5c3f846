"""The bill as ``--json`` writes it."""

from dataclasses import dataclass

from bench.cost import bill
from bench.cost.bill import Usage


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The month's bill of a number of images: USD by line, by group of ``bill.GROUPS``, and all."""

    images: float
    lines: dict[str, float]
    subtotals: dict[str, float]
    total_usd: float

    @property
    def usd_per_1000_images(self) -> float:
        """The total, for each 1,000 images."""
        return self.total_usd / self.images * 1000


def scale(images: float, lines: dict[str, float]) -> Scale:
    """Return the bill of a number of images with its sums."""
    return Scale(
        images=images,
        lines=lines,
        subtotals=bill.subtotals(lines),
        total_usd=sum(lines.values()),
    )


@dataclass(frozen=True, kw_only=True)
class Result(Scale):
    """The bill of the images that were asked for, what it rests on, and other numbers of images.

    ``usage`` is the work of one image, ``sources`` where each price comes from, and ``words`` are
    sentences for people.
    """

    schema: int = 1
    architecture: str
    free_tier: bool
    region: str
    prices_date: str
    usage: Usage
    usd_per_1000: float
    scales: list[Scale]
    sources: dict[str, str]
    words: list[str]
