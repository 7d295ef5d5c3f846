import struct

from function.engine.decode import decode
from function.engine.renditions import Rendition
from tests.support.engine import MAX_PIXELS, rejection
from tests.support.pictures import encoded, gradient
from tests.support.uploads import PHOTO


def test_a_tiff_that_claims_more_than_it_holds_is_rejected():
    data = bytearray(encoded(PHOTO, "TIFF"))
    at = data.index(struct.pack("<HHII", 257, 4, 1, 64)) + 8
    data[at : at + 4] = struct.pack("<I", 9000)
    assert rejection(bytes(data)) == "truncated"


def test_a_tiff_whose_strips_start_at_no_number_is_rejected():
    data = bytearray(encoded(PHOTO, "TIFF"))
    at = data.index(struct.pack("<HHI", 273, 4, 1))
    data[at + 2 : at + 4] = struct.pack("<H", 7)
    assert rejection(bytes(data)) == "broken_image"


MOVING = (Rendition(name="a", width=32, height=32, formats=("webp",), animated=True),)


def test_a_damaged_second_page_of_a_tiff_is_not_read():
    data = bytearray(encoded(PHOTO, "TIFF", save_all=True, append_images=[gradient((40, 30))]))
    at = data.rindex(struct.pack("<HHI", 257, 4, 1))
    data[at : at + 2] = struct.pack("<H", 60000)
    source = decode(bytes(data), MOVING, max_pixels=MAX_PIXELS)
    assert (source.size, source.frames) == (PHOTO.size, ())
