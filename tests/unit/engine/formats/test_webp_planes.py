"""Lossy WebP by its planes: the picture that Pillow shows, with much less memory."""

import io
import random
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.WebPImagePlugin import WebPImageFile

from function.engine.decode import decode
from function.engine.errors import Rejected
from function.engine.formats import webp_planes
from function.engine.pixels import Bitmap, Planes
from function.engine.render import render
from function.engine.renditions import Rendition
from function.engine.results import Task
from tests.native.jpegs import picture
from tests.support.pictures import gradient

RENDITIONS = [Rendition(name="a", width=64, height=64, fit="inside", formats=("jpeg",), quality=90)]
TASK = Task(RENDITIONS, 10**6)


def encoded(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", **options)
    return buffer.getvalue()


def opened(data: bytes, factor: int = 1) -> Planes:
    assert webp_planes.stores_planes(data)
    return webp_planes.open_planes(data, WebPImageFile(io.BytesIO(data)).size, factor)


def levels(image: Image.Image) -> Any:
    return np.asarray(image, np.int16)


PHOTO = picture((161, 97), 3)


@pytest.mark.parametrize("factor", [1, 2, 3])
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (160, 96), (161, 97)])
def test_planes_are_the_picture_that_pillow_decodes(size, factor):
    data = encoded(picture(size, 3), quality=90)
    planes = opened(data, factor)
    luma, blue, red = Image.open(io.BytesIO(data)).convert("YCbCr").split()
    assert planes.size == luma.reduce(factor).size
    assert np.abs(levels(planes.luma) - levels(luma.reduce(factor))).max() <= 3
    for ours, pillows in ((planes.blue, blue), (planes.red, red)):
        assert ours.size == pillows.reduce(2 * factor).size
        # Pillow's is enlarged first, smoothly; only its mean is the same
        assert np.abs(levels(ours) - levels(pillows.reduce(2 * factor))).mean() < 4


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#808080", "#ff0000", "#10c040"])
def test_video_levels_become_all_levels(colour):
    planes = opened(encoded(Image.new("RGB", (32, 32), colour), quality=100))
    expected = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
    shown = planes.image().getpixel((16, 16))
    assert isinstance(shown, tuple)
    assert isinstance(expected, tuple)
    assert max(abs(a - b) for a, b in zip(shown, expected, strict=True)) <= 4


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(encoded(PHOTO, lossless=True), id="lossless"),
        pytest.param(encoded(PHOTO.convert("RGBA").rotate(9), quality=80), id="alpha"),
        pytest.param(
            encoded(PHOTO, save_all=True, append_images=[PHOTO.rotate(9)]), id="animation"
        ),
    ],
)
def test_others_are_left_to_pillow(data):
    assert not webp_planes.stores_planes(data)
    assert isinstance(decode(data, TASK).pixels, Bitmap)


def test_metadata_in_front_of_the_picture_is_passed_over():
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(PHOTO, quality=90, exif=exif, icc_profile=b"\0" * 131)
    assert webp_planes.stores_planes(data)
    assert decode(data, TASK).size == (97, 161)


def test_a_profile_is_applied():
    """As on the way through Pillow: by the time a rendition is encoded, it is sRGB."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    flat = Image.new("RGB", (200, 100), "#3060c0")
    plain, tagged = (
        next(render(decode(data, TASK), TASK)).body
        for data in (encoded(flat), encoded(flat, icc_profile=profile))
    )
    first, second = (levels(Image.open(io.BytesIO(body))) for body in (plain, tagged))
    assert np.abs(first - second).max() <= 4


def test_without_libwebps_function_pillow_decodes(monkeypatch):
    data = encoded(PHOTO, quality=90)
    monkeypatch.setattr(webp_planes, "find", lambda _name, _planes: None)
    assert not webp_planes.stores_planes(data)
    assert isinstance(decode(data, TASK).pixels, Bitmap)


def test_a_library_without_the_function_is_none(monkeypatch):
    monkeypatch.setattr("ctypes.CDLL", lambda path: object())
    webp_planes.find.cache_clear()
    try:
        assert webp_planes.find("WebPDecodeYUVInto", 3) is None
    finally:
        webp_planes.find.cache_clear()


def test_here_it_is_found():
    assert webp_planes.find("WebPDecodeYUVInto", 3)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.99])
def test_what_is_cut_short_is_rejected(share):
    data = encoded(PHOTO, quality=90)
    with pytest.raises(Rejected) as caught:
        decode(data[: int(len(data) * share)], TASK)
    assert caught.value.code in {"truncated", "broken_image"}


def test_damage_gives_a_picture_or_a_rejection():
    draw = random.Random(1)
    whole = encoded(PHOTO, quality=90)
    ends = {"picture": 0, "rejected": 0}
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(12, len(data))] = draw.randrange(256)
        try:
            source = decode(bytes(data), TASK)
        except Rejected:
            ends["rejected"] += 1
        else:
            assert list(render(source, TASK))
            ends["picture"] += 1
    assert min(ends.values()) > 0


def test_planes_bear_more_pixels_than_canvases():
    """Of a function with 128 MB: where RGBA needs 9 bytes a pixel, planes need 3.6."""
    size = (3000, 2500)
    lossy, lossless = (
        encoded(Image.new("RGB", size), lossless=lossless, method=0) for lossless in (False, True)
    )
    assert decode(lossy, Task(RENDITIONS, 10**8, memory_mb=128)).size == size
    with pytest.raises(Rejected, match="the limit is 6 megapixels"):
        decode(lossless, Task(RENDITIONS, 10**8, memory_mb=128))


def test_a_container_of_nothing_is_not_searched_to_its_end():
    """Looking costs time, and files of millions of empty chunks cost their senders nothing."""
    data = encoded(PHOTO)
    stuffed = data[:12] + b"JUNK\0\0\0\0" * 100 + data[12:]
    assert webp_planes.stores_planes(data)
    assert not webp_planes.stores_planes(stuffed)
    assert not webp_planes.stores_planes(data[:12])


def test_a_size_that_libwebp_does_not_find_is_damage():
    with pytest.raises(ValueError, match="libwebp cannot decode"):
        webp_planes.open_planes(encoded(PHOTO), (20, 20), 1)


@pytest.mark.parametrize("lossless", [False, True], ids=["to planes", "to pixels"])
def test_what_pillow_holds_of_an_opened_file_is_freed_first(lossless):
    """Its canvases count towards the limit on a worker's memory, though nothing was written."""
    stream = io.BytesIO()
    gradient((64, 48)).save(stream, "WEBP", lossless=lossless)
    data = stream.getvalue()
    image = WebPImageFile(io.BytesIO(data))
    assert "_decoder" in vars(image)
    loaded = webp_planes.load_scaled(image, data, 1.0, *(True, True))
    assert loaded or webp_planes.load(image, data)
    assert "_decoder" not in vars(image)
