"""The sample of a picture: its size, and where its tiles lie."""

import pytest
from PIL import Image

from function.engine.pixels import Bitmap, Planes, to_ycbcr
from function.engine.sample import take_sample
from function.engine.vectors import split
from tests.support.pictures import gradient


@pytest.mark.parametrize(
    ("size", "side"),
    [((1080, 1080), 96), ((1080, 720), 96), ((640, 427), 80), ((320, 213), 32), ((150, 150), 32)],
)
def test_nine_tiles_whose_side_is_at_most_a_fifth_of_the_shorter_one(size, side):
    sample = take_sample(Bitmap(Image.new("RGB", size)))
    assert sample is not None
    assert sample.size == (3 * side, 3 * side)


@pytest.mark.parametrize("size", [(1, 1), (95, 4000), (4000, 95)])
def test_a_narrow_picture_has_none(size):
    assert take_sample(Bitmap(Image.new("RGB", size))) is None
    assert take_sample(Bitmap(Image.new("RGB", (96, 96)))) is not None


def test_tiles_are_spread_evenly_and_start_where_blocks_do():
    """A picture whose pixels are their own coordinates tells where each tile is from."""
    places = Image.new("RGB", (1000, 600))
    places.putdata([(x // 4, y // 4, 0) for y in range(600) for x in range(1000)])
    sample = take_sample(Bitmap(places))
    assert isinstance(sample, Bitmap)
    corners = [sample.pixels.getpixel((96 * i, 96 * j))[:2] for j in range(3) for i in range(3)]
    across, down = (112, 448, 784), (48, 240, 448)
    assert corners == [(x // 4, y // 4) for y in down for x in across]
    assert all(x % 16 == y % 16 == 0 for x in across for y in down)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_bitmap_keeps_its_mode(mode):
    sample = take_sample(Bitmap(gradient((200, 150), mode=mode)))
    assert isinstance(sample, Bitmap)
    assert sample.pixels.mode == mode


def test_planes_are_cut_at_the_same_places():
    picture = gradient((500, 400))
    bitmap, planes = Bitmap(picture), Planes(*split(to_ycbcr(picture)))
    whole, halved = take_sample(bitmap), take_sample(planes)
    assert isinstance(whole, Bitmap)
    assert isinstance(halved, Planes)
    assert halved.size == whole.size
    assert halved.blue.size == (whole.size[0] // 2, whole.size[1] // 2)
    wanted = Planes(*split(to_ycbcr(whole.pixels)))
    assert [plane.tobytes() for plane in halved.values()] == [
        plane.tobytes() for plane in wanted.values()
    ]
