from function.engine.decode import decode
from function.engine.renditions import Rendition
from tests.support.engine import MAX_PIXELS
from tests.support.pictures import SVG


def test_an_svg_is_drawn_at_the_size_needed():
    renditions = (Rendition(name="a", width=640, height=640),)
    source = decode(SVG, renditions, max_pixels=MAX_PIXELS)
    assert source.size == (64, 48)
    assert source.image.size == (640, 480)
    assert source.image.getpixel((320, 240)) == (255, 208, 0)
