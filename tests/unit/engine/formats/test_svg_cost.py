"""A drawing's cost follows from its markup, with all that its elements refer to."""

import base64
from functools import partial

import pytest

from function.engine.errors import Reason, Rejected
from function.engine.formats.svg_cost import (
    CANVAS_BYTES,
    IMAGE_BYTES,
    LETTER_BYTES,
    MAX_DEPTH,
    MAX_ELEMENTS,
    MAX_LAYERS,
    REGION_CANVASES,
)
from function.engine.formats.svg_drawing import TEXT_BYTES, bytes_held, read_size
from tests.support.pictures import encoded, gradient

ICON = '<path d="M0 0h9v9z" fill="#333"/>'


def svg(body: str) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90">{body}</svg>'.encode()


def canvases(body: str) -> int:
    """Canvases that a drawing holds at once."""
    data = svg(body)
    return round((bytes_held(data, (10, 10)) - bytes_held(data, (0, 0))) / (CANVAS_BYTES * 100))


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (ICON, 0),
        (f"<g>{ICON}</g>", 0),
        (f'<g opacity="1">{ICON}</g>', 0),
        (f'<g opacity=".5">{ICON}</g>', 1),
        (f'<g style="opacity:.5">{ICON}</g>', 1),
        (f'<g opacity=".5"><g opacity=".5">{ICON}</g></g>', 2),
        (f'<g opacity=".5">{ICON}</g>' * 9, 1),  # one after the other
        (f"<style>g{{opacity:.5}}</style><g>{ICON}</g>", 2),  # and it may mean the root
        (f'<mask id="m">{ICON}</mask><rect mask="url(#m)"/>', 2),
        ('<filter id="f"><feFlood/><feFlood/></filter><rect filter="url(#f)"/>', 5),
        (
            '<filter id="f" width="20000"><feFlood/></filter><rect filter="url(#f)"/>',
            4 + REGION_CANVASES,
        ),
    ],
)
def test_canvases_that_are_held_at_once_are_counted(body, count):
    assert canvases(body) == count


def chain(count: int) -> str:
    """Patterns of which each is filled with the one before."""
    links = (
        f'<pattern id="p{i}" width="9" height="9"><rect fill="url(#p{i - 1})"/></pattern>'
        for i in range(1, count)
    )
    return "".join(links) + f'<rect fill="url(#p{count - 1})"/>'


def chain_of_inherited(kind: str, paint: str, body: str, count: int) -> str:
    """Patterns or markers within a group whose paint or marker, the one before, they inherit."""
    links = (
        f'<g {paint.format(f"url(#p{i - 1})")}><{kind} id="p{i}">{body}</{kind}></g>'
        for i in range(1, count)
    )
    return "".join(links) + f"<rect {paint.format(f'url(#p{count - 1})')}/>"


def chain_of_images(count: int) -> str:
    """Groups of which each is drawn through a filter that loads the one before."""
    links = (
        f'<filter id="f{i}"><feImage href="#g{i - 1}"/></filter>'
        f'<g id="g{i}"><rect filter="url(#f{i})"/></g>'
        for i in range(1, count)
    )
    return f'<g id="g0">{ICON}</g>' + "".join(links)


def chain_of_groups(count: int) -> str:
    """Ten nests of groups, each of which uses the one before: all in all ``count`` levels."""
    depth = count // 10 - 1
    nests = (
        f'<g id="g{i}">{"<g>" * (depth - 1)}<use href="#g{i - 1}"/>{"</g>" * (depth - 1)}</g>'
        for i in range(1, 11)
    )
    return f'<g id="g0">{ICON}</g>' + "".join(nests)


def doubling(count: int) -> str:
    """Groups of which each uses the one before twice."""
    links = (
        f'<g id="g{i}"><use href="#g{i - 1}"/><use href="#g{i - 1}"/></g>' for i in range(1, count)
    )
    return f'<g id="g0">{ICON}</g>' + "".join(links)


@pytest.mark.parametrize(
    ("least", "most", "make"),
    [
        (MAX_ELEMENTS - 2, MAX_ELEMENTS, lambda count: "<g/>" * count),
        (MAX_DEPTH - 1, MAX_DEPTH, lambda count: "<g>" * count + "</g>" * count),
        (MAX_DEPTH - 10, MAX_DEPTH, chain_of_groups),
        (MAX_LAYERS - 1, MAX_LAYERS + 2, lambda n: '<g opacity=".5">' * n + "</g>" * n),
        (MAX_LAYERS // 2, MAX_LAYERS, chain),
        (
            MAX_LAYERS // 2,
            MAX_LAYERS + 2,
            partial(chain_of_inherited, "pattern", 'fill="{}"', ICON),
        ),
        (
            MAX_LAYERS // 2,
            MAX_LAYERS + 2,
            partial(chain_of_inherited, "marker", 'style="marker:{}"', ICON),
        ),
        (MAX_LAYERS // 4, MAX_LAYERS, chain_of_images),
        (12, 20, doubling),
    ],
    ids=[
        *("elements", "levels", "levels by use", "layers", "references", "inherited paints"),
        *("inherited markers", "images of filters", "doubling"),
    ],
)
def test_what_no_honest_drawing_has_is_too_complex(least, most, make):
    assert read_size(svg(make(least))) == (90, 90)
    with pytest.raises(Rejected) as rejection:
        read_size(svg(make(most)))
    assert rejection.value.code == Reason.TOO_COMPLEX


@pytest.mark.parametrize(
    ("body", "letters"),
    [
        ("<text>abc</text>", 3),
        ("<text>ab<tspan>cd</tspan></text><text>e</text>", 5),
        ('<text id="a">abc</text><use href="#a"/><use href="#a"/>', 9),
        ('<pattern id="p"><text>abc</text></pattern><rect fill="url(#p)"/>', 6),
        ('<marker id="m"><text>a</text></marker><path d="M0 0L9 9" marker-mid="url(#m)"/>', 6),
        (ICON, 0),
    ],
)
def test_letters_count_as_often_as_they_are_drawn(body, letters):
    data = svg(body)
    assert bytes_held(data, (0, 0)) == TEXT_BYTES * len(data) + LETTER_BYTES * letters


def test_a_drawing_has_as_many_letters_as_elements_at_most():
    text = "a" * (MAX_ELEMENTS - 2)
    assert read_size(svg(f"<text>{text}</text>")) == (90, 90)
    with pytest.raises(Rejected) as rejection:
        read_size(svg(f"<text>{text}a</text>"))
    assert rejection.value.code == Reason.TOO_COMPLEX
    assert "letters" in rejection.value.message


def pattern(name: str, *fills: str) -> str:
    rects = "".join(f'<rect fill="url(#{fill})"/>' for fill in fills)
    return f'<pattern id="{name}" width="9" height="9">{rects}</pattern>'


@pytest.mark.parametrize(
    "body",
    [
        '<g id="a"><use href="#a"/></g>',
        pattern("a", "a"),
        pattern("x", "a") + pattern("b", "a") + pattern("a", "b", "c"),
        f"<style>rect{{fill:url(#z)}}</style>{pattern('a', 'b')}{pattern('b', 'a')}{pattern('z')}",
        '<marker id="m"><path d="M0 0" marker-mid="url(#m)"/></marker>',
    ],
)
def test_a_circle_is_too_complex(body):
    """resvg breaks one at some element; entered elsewhere it is long: 40 of them crashed it."""
    with pytest.raises(Rejected) as rejection:
        read_size(svg(body))
    assert rejection.value.code == Reason.TOO_COMPLEX
    assert "circle" in rejection.value.message


@pytest.mark.parametrize(
    "body",
    [
        f'<g fill="url(#p)">{pattern("p")}<rect/></g>',
        '<g mask="url(#m)" fill="url(#p)"><mask id="m"/><pattern id="p"/><rect/></g>',
        f"<style>rect{{fill:url(#p)}}</style>{pattern('p')}<pattern id='q'><rect/></pattern>",
        f"<style>rect{{fill:url(#q)}}</style>{pattern('p', 'q')}{pattern('q', 'z')}",
        f"<style>rect{{mask:url(#q)}}</style>{pattern('p', 'z')}{pattern('q', 'p')}",
        '<linearGradient id="a" href="#a"/><rect fill="url(#a)"/>',
        f'{pattern("p", "z")}<rect fill="url(#p)"/><rect fill="url(#p)"/>',
    ],
)
def test_what_only_may_be_a_circle_is_drawn(body):
    assert read_size(svg(body)) == (90, 90)


@pytest.mark.parametrize("kind", ["png", "gif", "jpeg", "webp"])
def test_the_largest_embedded_picture_counts(kind):
    picture = base64.b64encode(encoded(gradient((40, 30)), kind)).decode()
    data = svg(f'<image href="data:image/{kind};base64,{picture}"/>')
    assert bytes_held(data, (1, 1)) == 40 * 30 * IMAGE_BYTES + TEXT_BYTES * len(data)
