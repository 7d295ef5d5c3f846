import pytest

from function.engine.decode import decode
from function.engine.errors import Reason, Rejected
from function.engine.formats.svg import recognises
from function.engine.formats.svg_drawing import rasterise, read_size
from function.engine.renditions import Rendition
from tests.support.engine import MAX_PIXELS
from tests.support.pictures import SVG


def test_an_svg_is_drawn_at_the_size_needed():
    renditions = (Rendition(name="a", width=640, height=640),)
    source = decode(SVG, renditions, max_pixels=MAX_PIXELS)
    assert source.size == (64, 48)
    assert source.image.size == (640, 480)
    assert source.image.getpixel((320, 240)) == (255, 208, 0)


@pytest.mark.parametrize(
    "root",
    [
        b'width="9e300" viewBox="0 0 1e-300 1e300"',  # its height is infinite
        b'height="9e300" viewBox="0 0 1e300 1e-300"',
        b'width="1e300" height="1e300"',
        b'viewBox="0 0 1e300 1e300"',
    ],
)
def test_a_drawing_of_any_size_is_rejected_with_a_short_message(root):
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" ' + root + b"/>"
    with pytest.raises(Rejected) as rejection:
        decode(drawing, (Rendition(name="a", width=64, height=64),), max_pixels=MAX_PIXELS)
    assert rejection.value.code == Reason.TOO_MANY_PIXELS
    assert len(rejection.value.message) < 100


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "utf-7", "big5", "unknown"])
def test_a_declared_encoding_changes_nothing(encoding):
    declared = f'<?xml version="1.0" encoding="{encoding}"?>'.encode()
    assert recognises(declared + SVG)
    assert read_size(declared + SVG) == read_size(SVG) == (64, 48)
    assert read_size(b"\xef\xbb\xbf" + declared + SVG) == (64, 48)
    with pytest.raises(Rejected, match=Reason.BROKEN_IMAGE):
        read_size(declared + b"<svg>\xe4</svg>")


@pytest.mark.parametrize("unit", ["mm", "cm", "in", "pt", "pc"])
def test_a_drawing_may_be_in_units_of_paper(unit):
    markup = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="6{unit}" height="6{unit}">'
        f'<rect width="3{unit}" height="6{unit}" fill="red"/></svg>'
    )
    drawn = rasterise(markup.encode(), (40, 40))
    assert drawn.getpixel((10, 20)) == (255, 0, 0, 255)
    assert drawn.getpixel((30, 20))[3] == 0
