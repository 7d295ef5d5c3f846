"""A drawing is drawn at the size that a browser gives it, which resvg computes otherwise."""

import pytest

from function.engine.decode import decode
from function.engine.errors import Reason
from function.engine.renditions import Rendition
from function.engine.results import Task
from tests.support.engine import MAX_PIXELS, rejection

TASK = Task((Rendition(name="a", width=300, height=300),), MAX_PIXELS)


def drawing(root: str) -> bytes:
    body = '<rect x="30" y="60" width="30" height="30" fill="#f00"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {root}>{body}</svg>'.encode()


@pytest.mark.parametrize(
    ("root", "size"),
    [
        ("", (300, 150)),
        ('width="100%" height="100%"', (300, 150)),
        ('width="50%"', (300, 150)),
        ('width="auto" height="auto"', (300, 150)),
        ('width="100vw" height="100vh"', (300, 150)),
        ('width="150"', (150, 150)),
        ('height="300"', (300, 300)),
        ('viewBox="0 0 300 150"', (300, 150)),
        ('width="50%" viewBox="0 0 300 150"', (300, 150)),
        ('width="100%" height="40%" viewBox="0 0 150 150"', (150, 150)),
        ('width="300" height="150"', (300, 150)),
    ],
)
def test_what_is_drawn_is_where_it_belongs(root, size):
    source = decode(drawing(root), TASK)
    assert source.size == size
    width, height = source.image.size
    assert max(width, height) == 300
    assert width * size[1] == height * size[0]
    scale = 300 / max(size)
    box = tuple(round(at * scale) for at in (30, 60, 60, 90))
    assert source.image.getchannel("A").getbbox() == box


@pytest.mark.parametrize("side", ["0", "0px", "-5", "-5%"])
def test_a_drawing_without_width_or_height_is_not_drawn(side):
    assert rejection(drawing(f'width="{side}" height="40"')) == Reason.BROKEN_IMAGE


@pytest.mark.parametrize(
    ("languages", "is_shown"),
    [("en", True), ("de, en", True), ("en-GB", True), ("de", False), ("", False)],
)
def test_what_is_in_english_is_drawn(languages, is_shown):
    body = f'<rect width="5" height="9" systemLanguage="{languages}"/>'
    data = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{body}</svg>'.encode()
    assert bool(decode(data, TASK).image.getchannel("A").getbbox()) is is_shown
