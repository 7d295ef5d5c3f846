"""Pages of TIFFs that Pillow wrote, and of directories made to exhaust a reader."""

import struct
import time

import pytest

from function.engine.formats.tiff_directories import directories, is_preview, losses
from function.engine.losses import Loss
from tests.support.pictures import encoded, gradient

PHOTO = gradient((96, 64))
NEW_SUBFILE_TYPE, SUBFILE_TYPE = 254, 255
LONG, SHORT = 4, 3


def tiff(*pages: dict[int, tuple[int, int]], order: str = "<", big: bool = False) -> bytes:
    """Directories of tags, each with a type and a value, and nothing else."""
    count, offset = ("Q", "Q") if big else ("H", "L")
    head = struct.pack(order + "HHHQ", 43, 8, 0, 16) if big else struct.pack(order + "HL", 42, 8)
    data = (b"II" if order == "<" else b"MM") + head
    for page in pages:
        body = struct.pack(order + count, len(page))
        for tag, (kind, value) in sorted(page.items()):
            field = struct.pack(order + ("H" if kind == SHORT else "L"), value)
            body += struct.pack(order + "HH" + offset, tag, kind, 1)
            body += field.ljust(struct.calcsize(order + offset), b"\0")
        after = len(data) + len(body) + struct.calcsize(order + offset)
        data += body + struct.pack(order + offset, 0 if page is pages[-1] else after)
    return data


def page(**tags: tuple[int, int]) -> dict[int, tuple[int, int]]:
    return {256: (SHORT, 96), 257: (SHORT, 64), **{int(tag[1:]): of for tag, of in tags.items()}}


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(("more", "expected"), [([], ()), ([PHOTO], (Loss.PAGES,))])
def test_pages_are_told(more, expected, big):
    data = encoded(PHOTO, "TIFF", save_all=True, append_images=more, big_tiff=big)
    assert losses(data) == expected


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (page(), (Loss.PAGES,)),
        (page(_254=(LONG, 2)), (Loss.PAGES,)),  # a page of several
        (page(_254=(LONG, 1)), ()),  # a smaller copy
        (page(_254=(SHORT, 1)), ()),
        (page(_254=(LONG, 4)), ()),  # a mask
        (page(_255=(SHORT, 3)), (Loss.PAGES,)),
        (page(_255=(SHORT, 2)), ()),  # a smaller copy, as old files have it
        ({257: (SHORT, 64)}, ()),  # no picture
    ],
)
def test_copies_and_masks_are_no_pages(order, big, second, expected):
    assert losses(tiff(page(), second, order=order, big=big)) == expected


def test_a_page_after_a_copy():
    assert losses(tiff(page(), page(_254=(LONG, 1)), page())) == (Loss.PAGES,)


def test_the_first_picture_is_no_page_whatever_it_is():
    assert losses(tiff(page(_254=(LONG, 2)))) == ()


def test_directories_that_go_round_end():
    data = bytearray(tiff(page()))
    data[-4:] = (8).to_bytes(4, "little")
    assert len([*directories(bytes(data))]) == 1


def test_no_more_are_read_than_the_most():
    pages = [page(_254=(LONG, 1))] * 1000
    assert len([*directories(tiff(*pages, page()))]) == 1000


def test_tags_after_the_most_are_not_read_and_the_next_directory_is_found():
    many = dict.fromkeys(range(1000, 1100), (LONG, 0))
    first, second = directories(tiff(many, page()))
    assert len(first) == 64
    assert second == {256: (1, 96), 257: (1, 64)}


@pytest.mark.parametrize("length", range(0, 40, 3))
def test_a_file_cut_short_has_no_pages(length):
    assert losses(tiff(page(), page())[:length]) == ()


def test_the_most_directories_take_no_time():
    data = tiff(*[dict.fromkeys(range(1000, 1200), (LONG, 0))] * 1000)
    started = time.process_time()
    assert losses(data) == ()
    assert time.process_time() - started < 1


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("kind", "width", "expected"),
    [(1, 97, True), (1, 96, False), (1, 0, False), (0, 97, False), (2, 97, False)],
)
def test_a_copy_that_is_smaller_than_its_photo_is_a_preview(kind, width, expected, order, big):
    child = 112 if big else 62  # after the four tags of the first
    first = page(_254=(LONG, kind), _330=(LONG, child))
    assert is_preview(tiff(first, {256: (LONG, width)}, order=order, big=big)) is expected


def test_one_of_several_photos_may_be_larger_than_the_copy():
    first = page(_254=(LONG, 1), _330=(LONG, 0))
    data = bytearray(tiff(first, {256: (LONG, 3000)}))
    at = data.index(struct.pack("<HHLL", 330, LONG, 1, 0)) + 4
    data[at : at + 8] = struct.pack("<LL", 2, len(data))
    data += struct.pack("<LL", 8, 62)
    assert is_preview(bytes(data))
    data[-4:] = struct.pack("<L", 1 << 31)
    assert not is_preview(bytes(data))


def test_a_million_photos_of_a_copy_are_not_all_looked_at():
    first = page(_254=(LONG, 1), _330=(LONG, 0))
    data = bytearray(tiff(first))
    at = data.index(struct.pack("<HHLL", 330, LONG, 1, 0)) + 4
    data[at : at + 8] = struct.pack("<LL", 1_000_000, 8)
    started = time.process_time()
    assert not is_preview(bytes(data))
    assert time.process_time() - started < 0.1
