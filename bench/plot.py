"""Small inline SVG plots on logarithmic axes, and a page around them; no script, no request."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

Series = Mapping[str, Sequence[tuple[float, float]]]

COLOURS: Final = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#111827")
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 860, 400, 80, 190, 20, 50
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
    ys = [b for points in kept.values() for _, b in points]
    low, high = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)) + 1e-9)
    high = max(high, low + 1)
    span = math.log10(xs[-1] / xs[0]) or 1.0

    def at_x(value: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * math.log10(value / xs[0]) / span

    def at_y(value: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (high - math.log10(value)) / (high - low)

    parts = [
        f'<path d="M{_LEFT} {at_y(10**n):.1f}H{_WIDTH - _RIGHT}" stroke="#e5e7eb"/>'
        f'<text x="{_LEFT - 8}" y="{at_y(10**n) + 4:.1f}" text-anchor="end">{10.0**n:,g}</text>'
        for n in range(low, high + 1)
    ]
    parts += [
        f'<text x="{at_x(value):.1f}" y="{_HEIGHT - 30}" text-anchor="middle">{value:,.0f}</text>'
        for value in xs
    ]
    for number, (name, points) in enumerate(kept.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = "L".join(f"{at_x(a):.1f} {at_y(b):.1f}" for a, b in points)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{at_x(a):.1f}" cy="{at_y(b):.1f}" r="3" fill="{colour}"/>'
            for a, b in points
        ]
        top = _TOP + 14 + 20 * number
        parts.append(
            f'<text x="{_WIDTH - _RIGHT + 16}" y="{top}" fill="{colour}">{escape(name)}</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(x)}</text>')
    return (
        f"<h2>{escape(y)}</h2>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" font-size="12" role="img" '
        f'aria-label="{escape(y)} over {escape(x)}">{"".join(parts)}</svg>'
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A plain table."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def page(title: str, verdict: str, *parts: str) -> str:
    """A self-contained page; the last part is text: how it was measured."""
    *blocks, how = parts
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1><p>{escape(verdict)}</p>"
        f'{"".join(blocks)}<h2>How this was made</h2><pre class="how">{escape(how)}</pre></html>\n'
    )
