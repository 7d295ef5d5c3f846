import io

import pytest
from PIL import Image

from function.engine.layout import lay_out
from function.engine.renditions import Fit
from tests.support.engine import one, rendered
from tests.support.pictures import encoded, opened

MOTION = [Image.new("RGB", (60, 40), colour) for colour in ("red", "lime", "blue")]


@pytest.mark.parametrize("blend", [0, 1])
def test_the_picture_for_programs_without_animations_is_not_in_them(blend):
    """APNG 1.0: only if the control of a frame comes before its pixels is it the first frame."""
    poster, half, whole = (Image.new("RGBA", (60, 40), name) for name in ("red", "lime", "blue"))
    half.paste((0, 0, 0, 0), (30, 0, 60, 40))
    options = {"append_images": [half, whole], "default_image": True, "blend": blend}
    data = encoded(poster, "PNG", save_all=True, duration=200, **options)
    still, moving = rendered(data, one(), one(formats=("webp",), animated=True))
    assert opened(still.body).convert("RGB").getpixel((8, 10)) == (255, 0, 0)
    picture = Image.open(io.BytesIO(moving.body))
    assert picture.n_frames == 2
    left, right = (picture.convert("RGBA").getpixel((x, 10)) for x in (8, 24))
    assert left[0] < 40
    assert left[1] > 200
    assert (left[3], right[3]) == (255, 0)
    picture.seek(1)
    assert picture.convert("RGB").getpixel((8, 10))[2] > 200
    assert picture.info["duration"] == 200


@pytest.mark.parametrize("format_name", ["GIF", "WEBP", "PNG"])
@pytest.mark.parametrize("fit", Fit)
def test_animations_stay_animated_when_asked(format_name, fit):
    data = encoded(
        MOTION[0],
        format_name,
        save_all=True,
        append_images=MOTION[1:],
        duration=[100, 200, 300],
        loop=3,
    )
    rendition = one(formats=("webp", "jpeg"), animated=True, fit=fit)
    moving, still = rendered(data, rendition)
    picture = Image.open(io.BytesIO(moving.body))
    assert picture.n_frames == 3
    assert picture.size == lay_out((60, 40), rendition).canvas
    assert picture.info["loop"] == 3
    durations = []
    for index in range(3):
        picture.seek(index)
        picture.load()
        durations.append(picture.info["duration"])
    assert durations == [100, 200, 300]
    assert picture.convert("RGB").getpixel((16, 16))[2] > 200
    assert getattr(opened(still.body), "n_frames", 1) == 1


def test_animations_are_stills_when_motion_is_not_asked_for():
    data = encoded(MOTION[0], "GIF", save_all=True, append_images=MOTION[1:], duration=50)
    (result,) = rendered(data, one(formats=("webp",)))
    assert opened(result.body).n_frames == 1
