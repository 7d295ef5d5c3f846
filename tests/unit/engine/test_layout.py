import pytest

from function.engine.layout import lay_out
from tests.support.engine import one


@pytest.mark.parametrize(
    ("upload", "fields", "expected"),
    [
        ((4000, 3000), {"width": 1080, "height": 1080}, (1080, 810)),
        ((3000, 4000), {"width": 1080, "height": 1080}, (810, 1080)),
        ((2725, 2225), {"width": 720, "height": 588}, (720, 588)),
        ((1000, 333), {"width": 100, "height": 100}, (100, 33)),
        ((1000, 335), {"width": 100, "height": 100}, (100, 34)),
        ((4000, 1), {"width": 100, "height": 100}, (100, 1)),
        ((1, 1), {"width": 100, "height": 100}, (1, 1)),
        ((50, 40), {"width": 100, "height": 100}, (50, 40)),
        ((50, 40), {"width": 100, "height": 100, "enlarge": True}, (100, 80)),
        ((4000, 3000), {"width": 150, "height": 150, "fit": "cover"}, (150, 150)),
        ((50, 40), {"width": 150, "height": 150, "fit": "cover"}, (40, 40)),
        ((100, 400), {"width": 200, "height": 100, "fit": "cover"}, (100, 50)),
        ((50, 40), {"width": 150, "height": 150, "fit": "cover", "enlarge": True}, (150, 150)),
        ((50, 40), {"width": 150, "height": 100, "fit": "contain"}, (150, 100)),
    ],
)
def test_sizes_are_off_by_no_pixel(upload, fields, expected):
    assert lay_out(upload, one(**fields)).canvas == expected


@pytest.mark.parametrize(
    ("upload", "fields", "scaled", "visible", "canvas"),
    [
        # Cover: one side fits, the other is cropped, evenly or not at all.
        ((4000, 3000), {"fit": "cover"}, (133, 100), (100, 100), (100, 100)),
        ((3000, 4000), {"fit": "cover"}, (100, 133), (100, 100), (100, 100)),
        ((300, 300), {"fit": "cover"}, (100, 100), (100, 100), (100, 100)),
        ((100, 300), {"fit": "cover"}, (100, 300), (100, 100), (100, 100)),
        ((300, 100), {"fit": "cover"}, (300, 100), (100, 100), (100, 100)),
        ((99, 300), {"fit": "cover"}, (99, 300), (99, 99), (99, 99)),
        ((300, 99), {"fit": "cover"}, (300, 99), (99, 99), (99, 99)),
        ((50, 40), {"fit": "cover", "enlarge": True}, (125, 100), (100, 100), (100, 100)),
        # Inside: nothing is cropped, and an upload that fits stays as it is.
        ((100, 100), {}, (100, 100), (100, 100), (100, 100)),
        ((101, 100), {}, (100, 99), (100, 99), (100, 99)),
        ((100, 101), {}, (99, 100), (99, 100), (99, 100)),
        ((300, 50), {}, (100, 17), (100, 17), (100, 17)),
        ((50, 300), {}, (17, 100), (17, 100), (17, 100)),
        ((1, 4000), {}, (1, 100), (1, 100), (1, 100)),
        # Contain: the same, on a canvas of the whole box.
        ((4000, 3000), {"fit": "contain"}, (100, 75), (100, 75), (100, 100)),
        ((50, 40), {"fit": "contain"}, (50, 40), (50, 40), (100, 100)),
        ((50, 40), {"fit": "contain", "enlarge": True}, (100, 80), (100, 80), (100, 100)),
    ],
)
def test_a_rendition_is_scaled_then_cropped_or_padded(upload, fields, scaled, visible, canvas):
    layout = lay_out(upload, one(**{"width": 100, "height": 100} | fields))
    assert (layout.scaled, layout.visible, layout.canvas) == (scaled, visible, canvas)
    assert layout.is_whole == (scaled == visible)


def test_a_drawing_fills_its_box_as_if_it_were_to_be_enlarged():
    drawing = lay_out((50, 40), one(width=100, height=100), scalable=True)
    assert (drawing.scaled, drawing.canvas) == ((100, 80), (100, 80))
    cover = lay_out((50, 40), one(width=100, height=100, fit="cover"), scalable=True)
    assert (cover.scaled, cover.visible) == ((125, 100), (100, 100))
