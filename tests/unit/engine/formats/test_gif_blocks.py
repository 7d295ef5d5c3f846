import struct

import pytest
from PIL import Image

from function.engine.decode import decode
from function.engine.errors import Rejected
from function.engine.formats.gif_blocks import MAX_BLOCKS, drop_extensions
from function.engine.limits import MAX_FRAMES
from function.engine.results import Task
from tests.support.bombs import GIF, GIF_HEAD, gif_with
from tests.support.engine import one, picture_of, rejection
from tests.support.pictures import encoded, gradient, opened

CONTROL = b"\x21\xf9\x04\x05\x0a\0\x03\0"
LOOP = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x05\0\0"


def test_a_gif_keeps_its_last_control_and_its_loop_alone():
    other = CONTROL.replace(b"\x0a", b"\x0b")
    noise = b"\x21\xfe\x02hi\x01x\0\x21\xff\x08XMP Data\x03abc\0\x21\x01\x01t\0\x07\x08"
    messy = gif_with(noise + LOOP + CONTROL + noise + LOOP + other + noise)
    assert drop_extensions(messy) == gif_with(LOOP + other)


def test_a_plain_gif_stays_as_it_is():
    moving = encoded(
        gradient((32, 24)), "GIF", save_all=True, append_images=[gradient((32, 24)).rotate(9)]
    )
    assert drop_extensions(moving) == moving
    assert opened(drop_extensions(moving)).n_frames == 2


@pytest.mark.parametrize("end", range(GIF_HEAD, len(GIF), 7))
def test_a_cut_gif_stays_cut(end):
    assert drop_extensions(GIF[:end]) == GIF[:end]


def test_images_beyond_the_frames_that_count_are_left_out():
    image = GIF[GIF_HEAD:-1]
    kept = drop_extensions(GIF[:GIF_HEAD] + image * (MAX_FRAMES + 50) + b";")
    assert kept == GIF[:GIF_HEAD] + image * (MAX_FRAMES + 1)


def test_a_gif_may_have_some_blocks():
    comment = b"\x21\xfe\x01a\0"
    assert opened(drop_extensions(gif_with(comment * (MAX_BLOCKS - 10)))).size == (32, 24)
    with pytest.raises(Rejected, match="blocks"):
        drop_extensions(gif_with(comment * MAX_BLOCKS))


def test_a_frame_without_width_is_damage():
    data = bytearray(encoded(gradient((40, 30)), "GIF"))
    at = data.index(b"\x2c" + struct.pack("<HHHH", 0, 0, 40, 30))
    data[at + 5 : at + 7] = bytes(2)
    assert rejection(bytes(data)) == "broken_image"


def small_frame(frame: Image.Image, **options: object) -> bytes:
    """A GIF of 60 by 40 pixels whose first frame is at 20, 10."""
    data = encoded(frame, "GIF", **options)
    found = struct.pack("<c4H", b",", 0, 0, *frame.size)
    assert data.count(found) == 1
    moved = data.replace(found, struct.pack("<c4H", b",", 20, 10, *frame.size))
    return moved[:6] + struct.pack("<2H", 60, 40) + moved[10:]


@pytest.mark.parametrize("colours", [[(255, 0, 0)], [(0, 0, 255), (255, 0, 0)]])
def test_nothing_is_outside_of_the_first_frame(colours):
    frame = Image.new("P", (30, 20), len(colours) - 1)
    frame.putpalette([level for colour in colours for level in colour])
    picture = picture_of(small_frame(frame), width=60, height=40)
    assert picture.size == (60, 40)
    assert picture.getchannel("A").getbbox() == (20, 10, 50, 30)
    assert picture.getpixel((35, 20)) == (255, 0, 0, 255)


def test_a_first_frame_of_256_colours_keeps_what_pillow_has_around_it():
    frame = Image.frombytes("L", (16, 16), bytes(range(256)))
    assert picture_of(small_frame(frame), width=60, height=40).mode == "RGB"


def test_nothing_is_outside_of_the_first_frame_of_an_animation():
    second = encoded(Image.new("RGB", (8, 8), "blue"), "GIF")
    at = second.index(b",\0\0\0\0")
    palette = bytes([0x80 | second[10] & 7]) + second[13:at]
    data = small_frame(Image.new("RGB", (30, 20), "red"))[:-1]
    data += second[at : at + 9] + palette + second[at + 10 :]
    rendition = one(width=60, height=40, formats=("webp",), animated=True)
    first, last = (frame.pixels.image() for frame in decode(data, Task((rendition,), 9999)).frames)
    assert first.getchannel("A").getbbox() == (20, 10, 50, 30)
    assert last.getpixel((55, 35))[3] == last.getpixel((10, 10))[3] == 0
    assert last.getpixel((4, 4)) == (0, 0, 255, 255)
    assert last.getpixel((30, 20))[3] == 255
