"""AWS's prices by region, and the free tier: dated files, with a source for each price."""

import datetime as dt
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import yaml

from terminal import Misuse

PRICES: Final = Path(__file__).parent / "prices"
FREE_TIER: Final = Path(__file__).parent / "free_tier.yaml"


@dataclass(frozen=True, kw_only=True)
class Price:
    """The price of one unit.

    ``usd`` is of a unit, or a list of tiers, each with the quantity it ends at; the last has no
    end. ``free`` units a month are free for an account, whose prices of one ``pool`` share them.
    ``source`` is the page, or the product of AWS's price list, that states it.
    """

    usd: float | list[dict[str, float]]
    source: str
    free: float = 0
    pool: str = ""

    def charge(self, quantity: float, *, free: float = 0) -> float:
        """Return what a month's quantity costs in USD, of which so much is free."""
        left = max(0.0, quantity - free)
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

    def price(self, name: str) -> Price:
        """Return a price.

        Raises:
            Misuse: the file has none of this name.
        """
        if name not in self.lines:
            raise Misuse(
                f"bench/cost/prices/{self.region}.yaml has no price of {name}; add it with its "
                f"source, or run `bench cost --refresh` with credentials."
            )
        return self.lines[name]


def path_of(region: str) -> Path:
    """Return the path of a region's price file, whether or not there is one."""
    return PRICES / f"{region}.yaml"


def load(region: str) -> Prices:
    """Read a region's price file, and the free tier beside it.

    Raises:
        Misuse: there is none.
    """
    path = path_of(region)
    if not path.exists():
        raise Misuse(
            f"There are no prices for {region}; run `python -m bench cost --refresh --region "
            f"{region}` with AWS credentials."
        )
    raw, free = _read(path), _read(FREE_TIER)["lines"]
    lines: dict[str, Price] = {}
    for name, line in raw["lines"].items():
        pool = next((pool for pool in free if name.startswith(pool)), name)
        lines[name] = Price(**line, free=free.get(pool, {}).get("free", 0), pool=pool)
    return Prices(region=raw["region"], date=raw["date"], lines=lines)


def free_tier_source() -> str:
    """Return the day on which the free tier was looked up, and where, as one line of text."""
    raw = _read(FREE_TIER)
    pages = sorted({line["source"].split()[0] for line in raw["lines"].values()})
    return f"Free tier of {raw['date']}: {', '.join(pages)}"


def _read(path: Path) -> dict[str, Any]:
    return cast("dict[str, Any]", yaml.safe_load(path.read_text(encoding="utf-8")))
