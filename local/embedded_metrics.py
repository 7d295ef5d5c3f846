"""Metrics in lines of a log, as CloudWatch Logs extracts them: the embedded metric format.

"Specification: Embedded metric format" (CloudWatch user guide, read 2026-11-27). A document that
breaks it yields no metrics at all: AWS does not document which parts it would keep.
"""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

MAX_METRICS: Final = 100
"""Metrics of one directive, and values of one metric (the specification)."""

MAX_DIMENSIONS: Final = 30
"""Dimensions of one set (the specification)."""

MAX_NAME: Final = 255
"""Characters of a namespace, and of a metric's or a dimension's name (its JSON schema)."""

MAX_VALUE: Final = 1_024
"""Characters of a dimension's value, all of them ASCII ("Dimension", CloudWatch API reference)."""

OLDEST_SECONDS: Final = 14 * 86_400
NEWEST_SECONDS: Final = 2 * 3_600
"""Age of a metric, and how far it may be ahead ("MetricDatum", CloudWatch API reference)."""

RATES: Final = (
    *("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes"),
    *("Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Count"),
)
UNITS: Final = frozenset(
    {
        *RATES,
        *(f"{unit}/Second" for unit in RATES),
        *("Seconds", "Microseconds", "Milliseconds", "Percent", "None"),
    }
)
"""Units of a metric ("MetricDatum")."""


class Invalid(ValueError):
    """A document that breaks the specification; the message says how."""


@dataclass(frozen=True, kw_only=True)
class Datum:
    """The values of one metric at one time.

    Attributes:
        timestamp: seconds since 1970.
    """

    namespace: str
    name: str
    unit: str
    dimensions: Mapping[str, str]
    values: tuple[float, ...]
    timestamp: float


def extract(line: str, now: float) -> list[Datum]:
    """Return the metrics in a line of a log; none of a line that is no such document.

    Args:
        line: one event of the log.
        now: seconds since 1970.

    Raises:
        Invalid: the line is such a document, but breaks the specification.
    """
    try:
        root: Any = json.loads(line, parse_constant=_refuse_constant)
    except ValueError:  # NaN and Infinity are no JSON
        return []
    if not isinstance(root, dict) or "_aws" not in root:
        return []
    try:
        return list(_data(cast("Mapping[str, Any]", root), now))
    except (KeyError, TypeError) as error:
        raise Invalid(f"a member is missing or of another type: {error}") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _data(root: Mapping[str, Any], now: float) -> Iterator[Datum]:
    timestamp = root["_aws"]["Timestamp"] / 1000
    _check(-OLDEST_SECONDS <= timestamp - now <= NEWEST_SECONDS, "Timestamp", timestamp)
    for directive in root["_aws"]["CloudWatchMetrics"]:
        namespace, sets = _name(directive["Namespace"]), _list(directive["Dimensions"])
        _check(sets, "Dimensions", sets)
        metrics = _list(directive["Metrics"], MAX_METRICS)
        for dimensions in [_dimensions(root, keys) for keys in sets]:
            for metric in metrics:
                name, unit = _name(metric["Name"]), metric.get("Unit", "None")
                _check(unit in UNITS, "Unit", unit)
                yield Datum(
                    namespace=namespace,
                    name=name,
                    unit=unit,
                    dimensions=dimensions,
                    values=_values(root[name]),
                    timestamp=timestamp,
                )


def _dimensions(root: Mapping[str, Any], keys: Any) -> dict[str, str]:
    """Return a set's dimensions with their values; a set may be empty."""
    dimensions = {_name(key): root[key] for key in _list(keys, MAX_DIMENSIONS)}
    for value in dimensions.values():
        is_text = isinstance(value, str) and value.isascii() and value.strip() != ""
        _check(is_text and len(value) <= MAX_VALUE, "a dimension's value", value)
    return dimensions


def _values(target: Any) -> tuple[float, ...]:
    """Return the values of a metric, of which there may be one or an array."""
    values = _list(target if isinstance(target, list) else [target], MAX_METRICS)
    for value in values:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        _check(is_number and math.isfinite(value), "a metric's value", value)
    return tuple(values)


def _list(value: Any, most: float = math.inf) -> list[Any]:
    _check(isinstance(value, list), "an array", value)
    _check(len(value) <= most, f"an array of more than {most}", len(value))
    return value


def _name(text: Any) -> str:
    _check(isinstance(text, str) and 0 < len(text) <= MAX_NAME, "a name", text)
    return str(text)


def _check(is_right: Any, what: str, found: Any) -> None:
    if not is_right:
        raise Invalid(f"{what} may not be {found!r}")
