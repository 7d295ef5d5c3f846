"""Charts as SVG, drawn by matplotlib: equal figures give equal bytes."""

# matplotlib leaves the types of its keyword arguments open.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

import base64
import io
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

Series = Mapping[str, Sequence[tuple[float, float]]]
"""Name of a line -> its points."""

COLOURS: Final = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#111827")
_INCHES: Final = (9.0, 4.0)
_WIDE: Final = 10_000
"""Largest value over smallest, above which an axis is marked at powers of ten alone."""

_HEADROOM: Final = 1.08
"""Height of an axis of shares over the largest, whose mark is not cut off then."""

_HALF: Final = 0.3
"""Half of the width in which a column's samples are spread, where columns are 1 apart."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart of a page: the name of its values, that of their x axis, and the picture."""

    title: str
    x: str
    svg: bytes

    @property
    def uri(self) -> str:
        """The picture as the address of an image."""
        return f"data:image/svg+xml;base64,{base64.b64encode(self.svg).decode()}"


def lines(series: Series, *, x: str, y: str) -> Chart | None:
    """Draw marked points and lines on logarithmic axes; values of 0 are left out."""
    return _plot(series, x, y, above=0, marker="o")


def course(series: Series, *, x: str, y: str) -> Chart | None:
    """Draw values over time, on linear axes from 0."""
    return _plot(series, x, y)


def decline(series: Series, *, x: str, y: str) -> Chart | None:
    """Draw values over time on logarithmic axes from 1, for courses of very different length."""
    return _plot(series, x, y, above=0.999)


def shares(series: Series, *, x: str, y: str) -> Chart | None:
    """Draw marked points and lines: a logarithmic x axis with round marks, y from 0."""
    return _plot(series, x, y, above=0, marker="o", is_share=True)


def strips(samples: Mapping[str, Sequence[float]], *, x: str, y: str) -> Chart | None:
    """Draw every sample of each column as a dot, in order, with a bar at the median."""
    kept = {name: values for name, values in samples.items() if values}
    if not kept:
        return None
    figure, axes = _axes()
    for place, values in enumerate(kept.values()):
        spread = np.linspace(-_HALF, _HALF, len(values)) if len(values) > 1 else np.zeros(1)
        axes.plot(place + spread, values, "o", color=COLOURS[0], markersize=4)
        median = statistics.median(values)
        axes.hlines(median, place - _HALF - 0.1, place + _HALF + 0.1, color=COLOURS[1])
        top = (place, max(values))
        axes.annotate(
            number(median), top, (0, 8), textcoords="offset points", ha="center", color=COLOURS[1]
        )
    axes.set_xticks(range(len(kept)), list(kept))
    _scale(axes, axes.yaxis, [value for values in kept.values() for value in values], "log")
    return _chart(figure, axes, x, y)


def histogram(
    samples: Mapping[str, Sequence[float]], *, x: str, y: str, within: float
) -> Chart | None:
    """Draw how many samples lie in each half unit, stacked by name, with bars at ±``within``."""
    kept = {name: values for name, values in samples.items() if values}
    if not kept:
        return None
    figure, axes = _axes()
    every = [value for values in kept.values() for value in values]
    edges = np.arange(math.floor(min(every)), math.ceil(max(every)) + 0.25, 0.5)
    axes.hist(list(kept.values()), bins=list(edges), stacked=True, label=list(kept))
    for edge in (-within, within):
        axes.axvline(edge, color=COLOURS[-1], linestyle="--", linewidth=1)
    axes.legend(loc="upper right", frameon=False)
    axes.set_ylabel(y)
    return _chart(figure, axes, x, y)


def number(value: float) -> str:
    """Return a figure as an axis shows it: 12,000, 12, 1.2 or 0.0012."""
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.3g}"  # noqa: PLR2004 - two digits


def _plot(
    series: Series,
    x: str,
    y: str,
    *,
    above: float = -math.inf,
    marker: str = "",
    is_share: bool = False,
) -> Chart | None:
    """Draw a line through each series; with a limit on logarithmic axes, the points above it.

    The x axis is marked at the points' own values, unless y ``is_share``, whose axis is linear.
    """
    scale = "linear" if above == -math.inf else "log"
    some = {name: [p for p in points if min(p) > above] for name, points in series.items()}
    kept = {name: points for name, points in some.items() if points}
    if not kept:
        return None
    figure, axes = _axes()
    drawn = {
        name: axes.plot(*zip(*points, strict=True), marker=marker, label=name)[0]
        for name, points in kept.items()
    }
    across = [a for points in kept.values() for a, _ in points]
    if is_share:
        _scale(axes, axes.xaxis, across, scale)
    else:
        axes.set_xscale(scale)
        axes.xaxis.set_major_formatter(lambda value, _place: number(value))
        if marker:
            axes.set_xticks(sorted(set(across)))
    upward = [b for points in kept.values() for _, b in points]
    _scale(axes, axes.yaxis, upward, "linear" if is_share else scale)
    if scale == "linear":
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
    if is_share:
        axes.set_ylim(0, _HEADROOM * max(upward))
    axes.legend(
        handles=[drawn[name] for name in sorted(kept, key=lambda name: -kept[name][-1][1])],
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        frameon=False,
        labelcolor="linecolor",
    )
    return _chart(figure, axes, x, y)


def _scale(axes: "Axes", axis: "Axis", values: list[float], scale: str) -> None:
    """Scale an axis; a logarithmic one begins and ends just past a marked value."""
    from matplotlib.ticker import LogLocator  # noqa: PLC0415 - see _axes

    is_across = axis is axes.xaxis
    (axes.set_xscale if is_across else axes.set_yscale)(scale)
    if scale == "log":
        low, high = min(values), max(values)
        steps = (1,) if high / low > _WIDE else (1, 2, 5)
        locator = LogLocator(subs=steps, numticks=20)
        marked = locator.tick_values(low / 10, high * 10)
        bottom, top = max(m for m in marked if m <= low), min(m for m in marked if m >= high)
        (axes.set_xlim if is_across else axes.set_ylim)(0.95 * bottom, 1.05 * top)
        axis.set_major_locator(locator)
    axis.set_major_formatter(lambda value, _place: number(value))
    axes.minorticks_off()


def _axes() -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure  # noqa: PLC0415 - takes half a second to import

    figure = Figure(figsize=_INCHES, layout="constrained")
    axes = figure.subplots()
    axes.set_prop_cycle(color=COLOURS)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e5e7eb")
    axes.set_axisbelow(True)
    return figure, axes


def _chart(figure: "Figure", axes: "Axes", x: str, y: str) -> Chart:
    from matplotlib import rc_context  # noqa: PLC0415 - see _axes

    axes.set_xlabel(x)
    file = io.BytesIO()
    with rc_context({"svg.hashsalt": "bench", "svg.fonttype": "none"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return Chart(title=y, x=x, svg=file.getvalue())
