"""Drawings to measure SVG with: a logo, a chart, a map and an illustration."""

import math
import random
from typing import Final

_HEAD: Final = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1200 900">'


def logo() -> str:
    """A dozen large shapes under gradients."""
    stops = '<stop stop-color="#0a4"/><stop offset="1" stop-color="#04a" stop-opacity=".6"/>'
    body = f'<defs><linearGradient id="a">{stops}</linearGradient>'
    body += f'<radialGradient id="b">{stops}</radialGradient></defs>'
    for index in range(12):
        x, y = 80 * index, 60 * index
        body += f'<path fill="url(#{"ab"[index % 2]})" d="M{x} 0C900 {y} {x} 900 40 {900 - y}z"/>'
    return f"{_HEAD}{body}</svg>"


def chart() -> str:
    """Axes, 300 bars, four lines of 500 points, and labels."""
    chance = random.Random(1)  # noqa: S311 - the same picture each time
    body = "".join(f'<path stroke="#ccc" d="M0 {y}H1200"/>' for y in range(0, 900, 45))
    for x in range(300):
        height = chance.randrange(50, 800)
        body += f'<rect x="{4 * x}" y="{900 - height}" width="3" height="{height}" fill="#48c"/>'
        body += f'<text x="{4 * x}" y="895" font-size="6">{height}</text>'
    for line in range(4):
        points = " ".join(f"{2.4 * x:.1f},{chance.gauss(200 * line, 40):.1f}" for x in range(500))
        body += f'<polyline points="{points}" fill="none" stroke="#c40" stroke-width="2"/>'
    return f"{_HEAD}{body}</svg>"


def world_map() -> str:
    """Two thousand outlined regions of 40 points each: 1 MB of markup."""
    chance = random.Random(2)  # noqa: S311 - the same picture each time
    body = ""
    for _ in range(2000):
        x, y, r = chance.uniform(0, 1200), chance.uniform(0, 900), chance.uniform(8, 40)
        turns = (math.tau * step / 40 for step in range(40))
        points = (
            (x + r * chance.uniform(0.6, 1) * math.cos(t), y + r * math.sin(t)) for t in turns
        )
        outline = "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
        body += f'<path d="M{outline}z" fill="#{chance.randrange(4096):03x}" stroke="#fff"/>'
    return f"{_HEAD}{body}</svg>"


def illustration() -> str:
    """Shadows, a blurred background, masks, clips, patterns and half-transparent groups."""
    body = (
        '<defs><filter id="s"><feDropShadow dx="6" dy="6" stdDeviation="8"/></filter>'
        '<filter id="b"><feGaussianBlur stdDeviation="20"/></filter>'
        '<mask id="m"><circle cx="600" cy="450" r="400" fill="#fff"/></mask>'
        '<clipPath id="c"><circle cx="600" cy="450" r="420"/></clipPath>'
        '<pattern id="p" width="20" height="20" patternUnits="userSpaceOnUse">'
        '<circle cx="10" cy="10" r="6" fill="#fa0"/></pattern></defs>'
        '<rect width="1200" height="900" fill="#8cf" filter="url(#b)"/>'
        '<g mask="url(#m)"><rect width="1200" height="900" fill="url(#p)"/></g>'
    )
    for index in range(8):
        shape = f'<circle cx="{140 * index}" cy="{90 * index}" r="120" fill="#e44"/>'
        body += f'<g filter="url(#s)">{shape}</g><g opacity=".5" clip-path="url(#c)">{shape}</g>'
    return f"{_HEAD}{body}</svg>"


DRAWINGS: Final = {"logo": logo, "chart": chart, "map": world_map, "illustration": illustration}
