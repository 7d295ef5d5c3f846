"""The index of a JPEG's pictures: read as Pillow reads it, written as Pillow reads it."""

import io

import pytest
from PIL import Image

from function.engine.formats.jpeg_index import further_pictures, has_index, index_of_two
from tests.support.pictures import encoded, gradient
from tests.support.ultra_hdr import with_map

JPEG = encoded(gradient((96, 64)), "JPEG")
SECOND = encoded(gradient((40, 24)), "JPEG")


@pytest.mark.parametrize("order", ["<", ">"])
def test_the_pictures_but_the_first_and_where_they_lie(order):
    data = with_map(JPEG, SECOND, before=2, order=order)
    first, second, last = further_pictures(data, len(data))
    assert first == second
    assert (first.kind, first.length) == (0, 4)
    assert data[last.start : last.start + last.length] == SECOND


def test_an_index_of_pillow():
    data = encoded(gradient((96, 64)), "MPO", save_all=True, append_images=[gradient((40, 24))])
    (listed,) = further_pictures(data, len(data))
    second = data[listed.start : listed.start + listed.length]
    assert Image.open(io.BytesIO(second)).size == (40, 24)


def test_without_an_index_within_the_header_there_is_none():
    data = with_map(JPEG, SECOND)
    assert has_index(data, len(data))
    assert not has_index(data, data.index(b"MPF"))
    assert list(further_pictures(data, data.index(b"MPF"))) == []
    assert list(further_pictures(JPEG, len(JPEG))) == []


@pytest.mark.parametrize("end", [4, 6, 12, 20, 50, 60, 70])
def test_an_index_that_is_cut_short_raises_nothing(end):
    data = with_map(JPEG, SECOND)
    assert len(list(further_pictures(data[: data.index(b"MPF\0") + end], len(data)))) <= 1


def test_what_is_written_pillow_opens():
    index = index_of_two(20, len(JPEG), len(SECOND))
    data = JPEG[:20] + index + JPEG[20:] + SECOND
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.n_frames) == ("MPO", 2)
    image.seek(1)
    assert image.convert("RGB").tobytes() == Image.open(io.BytesIO(SECOND)).tobytes()
    (listed,) = further_pictures(data, len(data))
    assert data[listed.start :] == SECOND
    assert listed.length == len(SECOND)
    entries = image.mpinfo[0xB002]
    assert [entry["Attribute"]["MPType"] for entry in entries] == [
        "Baseline MP Primary Image",
        "Undefined",
    ]
    assert entries[0]["Size"] == len(JPEG) + len(index)
