"""Small inline SVG plots on logarithmic axes, and a page around them; no script, no request."""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Final

from bench.stats import percentile

Series = Mapping[str, Sequence[tuple[float, float]]]

COLOURS: Final = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#111827")
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 860, 380, 80, 170, 20, 50
_LABEL: Final = 15.0
_FEW: Final = 6
_WIDE: Final = 10_000
"""From this ratio on, an axis has grid lines at powers of ten alone."""
_STYLE: Final = """body{font:16px/1.5 system-ui,sans-serif;max-width:900px;margin:2rem auto;
padding:0 1rem;color:#111827}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:.3rem .5rem;
font-size:.9rem;white-space:nowrap;border-bottom:1px solid #e5e7eb;text-align:right}
td:first-child,th:first-child{text-align:left}svg{max-width:100%}.how{color:#4b5563;
font-size:.9rem;overflow-wrap:anywhere;white-space:pre-wrap}"""


def lines(series: Series, *, x: str, y: str) -> str:
    """One line a series, both axes logarithmic; values of 0 are left out."""
    kept = {name: [(a, b) for a, b in points if a > 0 and b > 0] for name, points in series.items()}
    kept = {name: points for name, points in kept.items() if points}
    xs = sorted({a for points in kept.values() for a, _ in points})
    axis = _Log([b for points in kept.values() for _, b in points])
    span = math.log10(xs[-1] / xs[0]) or 1.0

    def at_x(value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * math.log10(value / xs[0]) / span

    parts = [*axis.grid(), *(_tick(at_x(value), f"{value:,.0f}") for value in xs)]
    parts += _named_lines(kept, at_x, axis.at)
    for number, (name, points) in enumerate(kept.items()):
        colour = COLOURS[number % len(COLOURS)]
        parts += [_dot(at_x(a), axis.at(b), colour, f"{name}: {b:,.6g}") for a, b in points]
    return _figure(parts, x, y)


def course(series: Series, *, x: str, y: str) -> str:
    """Values over time, both axes linear and from 0."""
    kept = {name: points for name, points in series.items() if points}
    if not kept:
        return ""
    axis = _Linear([b for points in kept.values() for _, b in points])
    end = max(a for points in kept.values() for a, _ in points) or 1.0

    def at_x(value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * value / end

    ticks = [tick for tick in _Linear([end]).ticks if tick <= end]
    parts = [*axis.grid(), *(_tick(at_x(tick), _number(tick)) for tick in ticks)]
    return _figure([*parts, *_named_lines(kept, at_x, axis.at)], x, y)


def decline(series: Series, *, x: str, y: str) -> str:
    """Values over time, both axes logarithmic and from 1: for courses of very unlike length."""
    kept = {name: [p for p in points if min(p) >= 1] for name, points in series.items()}
    kept = {name: points for name, points in kept.items() if points}
    if not kept:
        return ""
    axis = _Log([b for points in kept.values() for _, b in points])
    end = max(10.0, *(a for points in kept.values() for a, _ in points))

    def at_x(value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * math.log10(value) / math.log10(end)

    ticks = [10.0**power for power in range(math.floor(math.log10(end)) + 1)]
    parts = [*axis.grid(), *(_tick(at_x(tick), _number(tick)) for tick in ticks)]
    return _figure([*parts, *_named_lines(kept, at_x, axis.at)], x, y)


def _named_lines(
    kept: Series, at_x: Callable[[float], float], at_y: Callable[[float], float]
) -> list[str]:
    """Each series as a line with its name at the end."""
    ends = _apart({name: at_y(points[-1][1]) for name, points in kept.items()})
    parts: list[str] = []
    for number, (name, points) in enumerate(kept.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = "L".join(f"{at_x(a):.1f} {at_y(b):.1f}" for a, b in points)
        parts.append(
            f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
            f'<text x="{at_x(points[-1][0]) + 10:.1f}" y="{ends[name] + 4:.1f}" fill="{colour}">'
            f"{escape(name)}</text>"
        )
    return parts


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def strips(samples: Mapping[str, Sequence[float]], *, x: str, y: str) -> str:
    """Every sample of each column as a dot, side by side, with a bar at the median."""
    kept = {name: values for name, values in samples.items() if values}
    if not kept:
        return ""
    axis = _Log([value for values in kept.values() for value in values])
    width = (_WIDTH - _LEFT - _RIGHT) / len(kept)
    parts = axis.grid()
    for number, (name, values) in enumerate(kept.items()):
        middle, half = _LEFT + width * (number + 0.5), width * 0.3
        step = 2 * half / max(1, len(values) - 1)
        start = middle - (half if len(values) > 1 else 0)
        parts += [
            _dot(start + step * place, axis.at(value), COLOURS[0], f"{value:,.0f}")
            for place, value in enumerate(values)
        ]
        bar = axis.at(percentile(values, 50))
        parts.append(
            f'<path d="M{middle - half - 8:.1f} {bar:.1f}h{2 * half + 16:.1f}" '
            f'stroke="{COLOURS[1]}" stroke-width="2"/>'
            f'<text x="{middle:.1f}" y="{axis.at(max(values)) - 10:.1f}" text-anchor="middle" '
            f'fill="{COLOURS[1]}">'
            f"{percentile(values, 50):,.0f}</text>"
        )
        parts.append(_tick(middle, name))
    return _figure(parts, x, y)


class _Log:
    """A vertical logarithmic axis that begins and ends at a grid line."""

    def __init__(self, values: Sequence[float]) -> None:
        low, high = min(values), max(values) * (1 + 1e-9)
        steps = (1,) if high / low > _WIDE else (1, 2, 5)
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks = [step * 10.0**power for power in powers for step in steps]
        self._low = max(tick for tick in ticks if tick <= low)
        self._high = min(tick for tick in ticks if tick >= high)
        self.ticks = [tick for tick in ticks if self._low <= tick <= self._high]

    def at(self, value: float) -> float:
        """Where a value is, in pixels from the top."""
        whole = math.log10(self._high / self._low)
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * math.log10(self._high / value) / whole

    def grid(self) -> list[str]:
        """Grid lines with their values."""
        return [_line(self.at(tick), tick) for tick in self.ticks]


class _Linear:
    """A vertical axis from 0, with about five grid lines at round values."""

    def __init__(self, values: Sequence[float]) -> None:
        high = max(*values, 1e-9)
        power = 10.0 ** math.floor(math.log10(high / 4))
        step = next(n * power for n in (1, 2, 5, 10) if high / (n * power) <= _FEW)
        self.ticks = [number * step for number in range(math.ceil(high / step) + 1)]

    def at(self, value: float) -> float:
        """Where a value is, in pixels from the top."""
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - value / self.ticks[-1])

    def grid(self) -> list[str]:
        """Grid lines with their values."""
        return [_line(self.at(tick), tick) for tick in self.ticks]


def _line(y: float, value: float) -> str:
    return (
        f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#e5e7eb"/>'
        f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_number(value)}</text>'
    )


def _apart(places: dict[str, float]) -> dict[str, float]:
    """The same places, moved down where labels would cover each other."""
    moved: dict[str, float] = {}
    lowest = -_LABEL
    for name, place in sorted(places.items(), key=lambda item: item[1]):
        lowest = moved[name] = max(place, lowest + _LABEL)
    return moved


def _dot(x: float, y: float, colour: str, title: str) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}">'
        f"<title>{escape(title)}</title></circle>"
    )


def _tick(x: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{_HEIGHT - 30}" text-anchor="middle">{escape(text)}</text>'


def _figure(parts: Sequence[str], x: str, y: str) -> str:
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    label = f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(x)}</text>'
    return (
        f"<h2>{escape(y)}</h2>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" font-size="12" role="img" '
        f'aria-label="{escape(y)} over {escape(x)}">{"".join(parts)}{label}</svg>'
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A plain table."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def page(title: str, verdict: Sequence[str], *parts: str) -> str:
    """A self-contained page; the last part is text: how it was measured."""
    *blocks, how = parts
    lines = "".join(f"<p>{escape(line)}</p>" for line in verdict)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>{lines}"
        f'{"".join(blocks)}<h2>How this was made</h2><pre class="how">{escape(how)}</pre></html>\n'
    )
