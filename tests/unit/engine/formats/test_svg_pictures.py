"""Embedded pictures are of four formats by their first bytes; nothing else reaches resvg."""

import base64
import gzip
from urllib.parse import quote

import pytest

from function.engine.errors import Reason, Rejected
from function.engine.formats import svg_markup
from function.engine.formats.svg_pictures import read
from tests.support.pictures import SVG, encoded, gradient

PNG = encoded(gradient((40, 30)), "PNG")


def in_base64(data):
    return base64.b64encode(data).decode()


def drawing(url):
    href = f'<image href="{url}"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg">{href}</svg>'.encode()


@pytest.mark.parametrize("kind", ["PNG", "GIF", "JPEG", "WEBP"])
@pytest.mark.parametrize("stated", ["png", "jpg", "JPEG", "gif", "webp"])
def test_the_first_bytes_decide_what_a_picture_is(kind, stated):
    data = encoded(gradient((40, 30)), kind)
    picture = read(f"data:image/{stated};base64,{in_base64(data)}")
    assert picture.url == f"data:image/{kind.lower()};base64,{in_base64(data)}"
    assert picture.size[0] * picture.size[1] == 40 * 30


@pytest.mark.parametrize(
    "head",
    [
        "data:image/png;BASE64,",
        " data:image/png; base64 ,",
        "data:;base64,",
        "DATA:image/png;charset=utf-8;base64,",
    ],
)
def test_a_picture_is_read_however_its_address_is_written(head):
    text = in_base64(PNG)
    whole = read("data:image/png;base64," + text)
    assert read(head + text) == read(head + f"%{ord(text[0]):02x}" + text[1:]) == whole
    assert read(head + text[:40] + "\n " + text[40:].rstrip("=")) == whole
    assert read("data:image/png," + quote(PNG)) == whole


def test_a_drawing_is_written_with_the_picture_that_was_read():
    url = f"data:image/gif,{quote(PNG)}"
    assert f'"data:image/png;base64,{in_base64(PNG)}"' in svg_markup.read(drawing(url)).markup


HEADS = (
    *("image/png", "image/jpeg", "image/", "image/ x", "image/s vg+xml", "image/s&#10;vg+xml"),
    *("image/svg+xml", "text/plain", "", "image"),
)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("data", [SVG, gzip.compress(SVG)])
def test_a_drawing_in_a_drawing_is_unsafe_whatever_it_is_called(head, data):
    for url in (f"data:{head};base64,{in_base64(data)}", f"data:{head},{quote(data)}"):
        with pytest.raises(Rejected) as rejection:
            svg_markup.read(drawing(url))
        assert rejection.value.code == Reason.UNSAFE_SVG


@pytest.mark.parametrize(
    "url",
    [
        "data:image/png,abc",
        "data:image/png",
        "data:image/png;base64,!",
        "data:image/png;base64,AAAAA",
        f"data:image/png;base32;{in_base64(PNG)}",
        f"data:image/tiff;base64,{in_base64(PNG)}",
        f"data:image/ png;base64,{in_base64(PNG)}",
        f"data:image/png;base64,{in_base64(b' ' + PNG)}",
        f"data:image/png;base64,{in_base64(b'RIFF....WAVE')}",
        f"data:image/png;base64,{in_base64(b'GIF88a')}",
    ],
)
def test_what_is_none_of_the_four_is_unsafe(url):
    with pytest.raises(Rejected) as rejection:
        read(url)
    assert rejection.value.code == Reason.UNSAFE_SVG
