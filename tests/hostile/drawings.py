"""Hostile SVG: layers, references, filters, patterns, paths, styles and embedded pictures."""

import base64
from collections.abc import Callable, Mapping
from typing import Final

from tests.hostile.rasters import gif, jpeg_empty, png_noise, png_zeros, webp_still

_HEAD: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'viewBox="0 0 1000 1000">'
)
_RECT: Final = '<rect width="1000" height="1000" fill="red"/>'


def svg(body: str, defs: str = "", head: str = _HEAD) -> bytes:
    return f"{head}<defs>{defs}</defs>{body}</svg>".encode()


def nested(attributes: str, depth: int = 190, defs: str = "") -> bytes:
    """Groups within groups, each of which is drawn on a separate canvas."""
    return svg(f"<g {attributes}>" * depth + _RECT + "</g>" * depth, defs)


def uses(levels: int = 20, copies: int = 10) -> bytes:
    """A billion laughs: each level uses the one below several times."""
    defs = f'<g id="l0">{_RECT}</g>'
    for level in range(1, levels):
        inner = f'<use href="#l{level - 1}"/>' * copies
        defs += f'<g id="l{level}">{inner}</g>'
    return svg(f'<use href="#l{levels - 1}"/>', defs)


def use_levels(nests: int = 25, depth: int = 11) -> bytes:
    """Nests of groups, none of them deep, each of which uses the one before it."""
    body = f'<g id="l0">{_RECT}</g>'
    for nest in range(1, nests + 1):
        inner = "<g>" * depth + f'<use href="#l{nest - 1}"/>' + "</g>" * depth
        body += f'<g id="l{nest}">{inner}</g>'
    return svg(body)


def use_layers(levels: int = 150) -> bytes:
    """Layers that are nested through references, not in the markup."""
    defs = f'<g id="l0">{_RECT}</g>'
    for level in range(1, levels):
        defs += f'<g id="l{level}" opacity=".9"><use href="#l{level - 1}"/></g>'
    return svg(f'<use href="#l{levels - 1}"/>', defs)


def chain(element: str, attribute: str, levels: int = 150) -> bytes:
    """Masks, clip paths or patterns that refer to one another."""
    shape = f'<{element} id="c0">{_RECT}</{element}>'
    for level in range(1, levels):
        reference = f'{attribute}="url(#c{level - 1})"'
        fill = "" if attribute == "fill" else 'fill="white"'
        inner = f'<rect width="1000" height="1000" {fill} {reference}/>'
        shape += f'<{element} id="c{level}" {reference if element != "pattern" else ""}>{inner}'
        shape += f"</{element}>"
    return svg(f'<rect width="1000" height="1000" {attribute}="url(#c{levels - 1})"/>', shape)


def patterns(levels: int = 8) -> bytes:
    """Patterns of tiny tiles within patterns."""
    defs = ""
    for level in range(levels):
        fill = f"url(#p{level - 1})" if level else "red"
        defs += (
            f'<pattern id="p{level}" width="0.01" height="0.01"><rect width="1000" '
            f'height="1000" fill="{fill}"/></pattern>'
        )
    return svg(f'<rect width="1000" height="1000" fill="url(#p{levels - 1})"/>' * 20, defs)


def pattern(width: float, height: float, *, scale: float = 1, units: str = "user") -> bytes:
    """One pattern, whose tile is drawn as large as the drawing shows it."""
    system = "userSpaceOnUse" if units == "user" else "objectBoundingBox"
    tile = f'width="{width}" height="{height}" patternUnits="{system}"'
    defs = f'<pattern id="p" {tile}>{_RECT}</pattern>'
    side = 1000 / scale
    shape = f'<rect width="{side}" height="{side}" fill="url(#p)" transform="scale({scale})"/>'
    return svg(shape, defs)


def filtered(primitives: str, count: int = 50, region: str = "") -> bytes:
    region = region or 'x="0" y="0" width="1" height="1"'
    defs = f'<filter id="f" {region}>{primitives}</filter>'
    return svg(f'<g filter="url(#f)">{_RECT}</g>' * count, defs)


def dashes(scale: float, dash: float) -> bytes:
    """A short line of very many dashes, drawn large."""
    line = f'<path d="M0 0L1 1" stroke="red" stroke-width=".3" stroke-dasharray="{dash}"'
    return svg(f'<g transform="scale({scale})">{line} stroke-linecap="round"/></g>')


def embedded(data: bytes, kind: str, copies: int = 1) -> bytes:
    url = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    first = f'<image id="i" width="1000" height="1000" href="{url}"/>'
    return svg(first + '<use href="#i" opacity=".9"/>' * (copies - 1))


def path(points: int) -> bytes:
    line = "".join(f"L{n * 7919 % 1000} {n * 104729 % 1000}" for n in range(points))
    return svg(f'<path d="M0 0{line}" stroke="red" stroke-width="3" stroke-linejoin="round"/>')


def styles(selectors: int = 3000, elements: int = 30_000) -> bytes:
    sheet = "".join(f".a{n} .b{n} > .c{n}{{fill:red}}" for n in range(selectors))
    body = '<g class="a1"><g class="b1">' + '<path class="c1" d="M0 0h9v9z"/>' * elements
    return svg(f"<style>{sheet}</style>{body}</g></g>")


def gradient_stops(stops: int = 90_000) -> bytes:
    inner = '<stop offset=".5" stop-color="red"/>' * stops
    defs = f'<linearGradient id="g">{inner}</linearGradient>'
    return svg('<rect width="1000" height="1000" fill="url(#g)"/>', defs)


def markers(points: int = 20_000) -> bytes:
    defs = f'<marker id="m" markerWidth="50" markerHeight="50"><g opacity=".5">{_RECT}</g></marker>'
    line = "".join(f"L{n % 1000} {n * 7 % 1000}" for n in range(points))
    return svg(f'<path d="M0 0{line}" fill="none" stroke="red" marker-mid="url(#m)"/>', defs)


_BLUR: Final = '<feGaussianBlur stdDeviation="300"/>'
_MORPHOLOGY: Final = '<feMorphology operator="dilate" radius="400"/>'
_TURBULENCE: Final = '<feTurbulence baseFrequency=".9" numOctaves="200"/>'
_LIGHT: Final = '<feSpecularLighting><fePointLight x="1" y="2" z="3"/></feSpecularLighting>'
_MATRIX: Final = '<feConvolveMatrix order="30" kernelMatrix="' + "1 " * 900 + '"/>'
_RESULTS: Final = (
    "".join(f'<feFlood flood-color="red" result="r{n}"/>' for n in range(300))
    + "<feMerge>"
    + "".join(f'<feMergeNode in="r{n}"/>' for n in range(300))
    + "</feMerge>"
)

STILLS: Final[Mapping[str, Callable[[], bytes]]] = {
    "svg elements": lambda: svg('<path d="M0 0h9v9z"/>' * 100_001),
    "svg levels": lambda: svg("<g>" * 201 + "</g>" * 201),
    "svg levels by use": use_levels,
    "svg 99,000 elements": lambda: svg('<path d="M0 0h999v999z" stroke="red"/>' * 99_000),
    "svg 99,000 layers": lambda: svg(f'<g opacity=".9">{_RECT}</g>' * 49_000),
    "svg opacity": lambda: nested('opacity=".99"'),
    "svg blend": lambda: nested('style="mix-blend-mode:multiply;isolation:isolate"'),
    "svg nested masks": lambda: nested(
        'mask="url(#m)"', defs=f'<mask id="m"><g opacity=".9">{_RECT}</g></mask>'
    ),
    "svg nested filters": lambda: nested(
        'filter="url(#f)"', defs=f'<filter id="f">{_BLUR}</filter>'
    ),
    "svg nested clips": lambda: nested(
        'clip-path="url(#c)"', defs='<clipPath id="c"><circle r="400"/></clipPath>'
    ),
    "svg uses": uses,
    "svg uses of 2": lambda: uses(levels=30, copies=2),
    "svg layers by use": use_layers,
    "svg chain of masks": lambda: chain("mask", "mask"),
    "svg chain of clips": lambda: chain("clipPath", "clip-path"),
    "svg chain of patterns": lambda: chain("pattern", "fill"),
    "svg patterns": patterns,
    "svg pattern under a scale": lambda: pattern(9, 9, scale=1500),
    "svg pattern of 144 MP": lambda: pattern(12_000, 12_000),
    "svg pattern of 10,000 MP": lambda: pattern(99_999, 99_999),
    "svg pattern of 40 boxes": lambda: pattern(40, 40, units="box"),
    "svg blur": lambda: filtered(_BLUR * 10),
    "svg morphology": lambda: filtered(_MORPHOLOGY * 10),
    "svg turbulence": lambda: filtered(_TURBULENCE),
    "svg lighting": lambda: filtered(_LIGHT * 10),
    "svg convolution": lambda: filtered(_MATRIX * 10),
    "svg filter results": lambda: filtered(_RESULTS),
    "svg filter region": lambda: filtered(
        _BLUR, region='filterUnits="userSpaceOnUse" x="-9e6" y="-9e6" width="2e7" height="2e7"'
    ),
    "svg tiles": lambda: filtered("<feFlood/><feTile/>" * 100),
    "svg gradient stops": gradient_stops,
    "svg dashes": lambda: svg(
        '<path d="M0 0H1000V1000H0z" stroke="red" stroke-dasharray=".0001 .0001"/>' * 50
    ),
    "svg long dashes": lambda: svg(
        '<path d="M-1e9 5H1e9" stroke="red" stroke-width="9" stroke-dasharray=".01"/>' * 20
    ),
    "svg dashes under a scale": lambda: dashes(1000, 0.0000015),
    "svg points": lambda: path(1_500_000),
    "svg arcs": lambda: svg(
        '<path stroke="red" stroke-width="9" stroke-linejoin="round" d="M0 0'
        + "A1e-3 9e2 45 1 1 999 999A9e2 1e-3 5 1 0 1 1" * 300_000
        + '"/>'
    ),
    "svg markers": markers,
    "svg styles": styles,
    "svg attribute": lambda: svg(f'<g data-a="{"a" * 20_000_000}"/>'),
    "svg size": lambda: b'<svg xmlns="http://www.w3.org/2000/svg" width="9e9" height="9e9"/>',
    "svg ratio": lambda: b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="5000"/>',
    "svg png of 400 MP": lambda: embedded(png_zeros((20_000, 20_000)), "png"),
    "svg png of 49 MP": lambda: embedded(png_zeros(), "png", copies=50),
    "svg jpeg of 49 MP": lambda: embedded(jpeg_empty(), "jpeg", copies=50),
    "svg gif of 49 MP": lambda: embedded(gif(1, (7000, 7000)), "gif"),
    "svg webp of 49 MP": lambda: embedded(webp_still(), "webp"),
    "svg png used 600 times": lambda: embedded(png_noise(), "png", copies=600),
    "svg images": lambda: svg(
        '<image width="9" height="9" href="data:image/png;base64,'
        + base64.b64encode(png_zeros((3000, 3000), colour_type=0, bits=1)).decode()
        + '"/>'
    ),
    "svg 2,000 pngs": lambda: svg(
        (
            '<image width="900" height="900" href="data:image/png;base64,'
            + base64.b64encode(png_zeros((4000, 4000), colour_type=0, bits=1)).decode()
            + '"/>'
        )
        * 2000
    ),
    "svg text": lambda: svg('<text y="500" font-size="900">aaaaaaaa</text>' * 11_000),
    "svg texts": lambda: svg('<text y="500" stroke="red" opacity=".9">@</text>' * 49_000),
    "svg letters": lambda: svg('<text y="500" font-size="9">' + "@" * 99_000 + "</text>"),
    "svg letters of 1,100 points": lambda: svg('<text y="500">' + chr(0xF8FF) * 99_000 + "</text>"),
    "svg letters used": lambda: svg(
        '<use href="#t"/>' * 900, defs=f'<text id="t" y="99">{"@" * 100}</text>'
    ),
    "svg tspans": lambda: svg("<text>" + '<tspan fill="red">@</tspan>' * 49_000 + "</text>"),
    "svg letters dashed": lambda: svg(
        '<text y="800" font-size="900" stroke="red" stroke-dasharray="1">@@@@</text>' * 9000
    ),
    "svg letters on a path": lambda: svg(
        '<text><textPath href="#p">' + "@" * 90_000 + "</textPath></text>",
        defs='<path id="p" d="M0 0' + "q5 5 10 0" * 9000 + '"/>',
    ),
    "svg entities": lambda: svg(
        "<g d='" + "&a;" * 6_000_000 + "'/>",
        head=f'<!DOCTYPE svg [<!ENTITY a "{"a" * 200}">]>{_HEAD}',
    ),
    "svg paint": lambda: svg(
        '<path d="M0 0H1000V1000H0z" stroke="red" stroke-width="1e9"/>' * 20_000
    ),
}
