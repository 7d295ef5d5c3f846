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
