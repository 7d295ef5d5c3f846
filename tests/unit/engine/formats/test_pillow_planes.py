"""The setting ``nativeDecoder: false``: other decoders, nearly the same renditions.

Compared are the pixels of every rendition before it is encoded.
"""

import functools
import io
import shutil
import subprocess

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from function.engine import vectors
from function.engine.decode import decode
from function.engine.encode import HALF_CHROMA
from function.engine.isolate import Isolation
from function.engine.pixels import Bitmap, Planes
from function.engine.render import render
from function.engine.renditions import DEFAULT_RENDITIONS, Rendition
from function.engine.results import Rendered, Task
from function.engine.work import work
from local.photos import scenes
from tests.support.pictures import display_p3, encoded, opened

MEAN, HIGH = 1.0, 4.0
"""Most levels, of 256 a channel, that renditions may differ by: on average, and at the 99.9th
percentile."""

HIGH_OF_A_PROFILE = 6.0
"""The same, once a wide profile was converted to sRGB: that stretches differences in dark and
saturated colours."""

LOSSLESS = tuple(
    rendition.replace(formats=("png",)) for rendition in DEFAULT_RENDITIONS if rendition.width > 320
)
"""The larger ones: in the others, which are made of these, differences are averaged away."""

MAX_PIXELS = 50_000_000

SCENES = {
    "12 MP": lambda: scenes.lake(np.random.default_rng(7)),
    "odd sides, at half size": lambda: scene("12 MP").crop((200, 400, 3203, 2601)),
    "odd sides, whole": lambda: scene("12 MP").crop((600, 700, 2303, 2001)),
    "small": lambda: scene("12 MP").crop((700, 1500, 1101, 1801)),
    "smaller than the largest rendition": lambda: scene("12 MP").crop((0, 1500, 801, 2103)),
}

JPEGS = {
    "4:2:0": {"subsampling": 2},
    "4:2:2": {"subsampling": 1},
    "4:4:4": {"subsampling": 0},
    "grey": {"mode": "L"},
    "progressive": {"progressive": True},
    "restart intervals": {"restart_marker_blocks": 5},
    "Huffman tables of its own": {"optimize": True, "quality": 97, "subsampling": 0},
    "coarse": {"quality": 40},
    "Display P3": {"icc_profile": display_p3()},
    "turned": {"orientation": 6, "subsampling": 1},
}
SAMPLINGS = ("4:2:0", "4:2:2", "4:4:4")
CASES = [
    *(("odd sides, at half size", kind) for kind in JPEGS),
    *((name, kind) for name in SCENES for kind in SAMPLINGS),
]


@functools.cache
def scene(name: str) -> Image.Image:
    return SCENES[name]()


def jpeg(image: Image.Image, **options: object) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = options.pop("orientation", 1)
    image = image.convert(str(options.pop("mode", "RGB")))
    return encoded(image, "JPEG", **({"quality": 90, "exif": exif} | options))


def planes_of(data: bytes, *, native: bool) -> Planes:
    planes = decode(data, Task(DEFAULT_RENDITIONS, MAX_PIXELS, native_decoder=native)).pixels
    assert isinstance(planes, Planes)
    return planes


def pictures(data: bytes, *, native: bool) -> list[Image.Image]:
    """The pixels of renditions, before JPEG and WebP lose some."""
    source = decode(data, Task(DEFAULT_RENDITIONS, MAX_PIXELS, native_decoder=native))
    stored = render(source, Task(LOSSLESS, MAX_PIXELS))
    return [opened(rendered.body).convert("RGB") for rendered in stored]


def differences(one: Image.Image, other: Image.Image) -> NDArray[np.int64]:
    assert one.size == other.size
    return np.abs(np.asarray(one, np.int64) - np.asarray(other, np.int64)).reshape(-1, 3)


def assert_close(data: bytes, high: float = HIGH) -> None:
    ours, pillows = (pictures(data, native=native) for native in (True, False))
    assert len(ours) == len(LOSSLESS)
    for one, other in zip(ours, pillows, strict=True):
        off = differences(one, other)
        assert off.mean(axis=0).max() <= MEAN
        assert np.percentile(off, 99.9, axis=0).max() <= high


@pytest.mark.skipif(not shutil.which("jpegtran"), reason="jpegtran is not installed")
@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("progressive", [(), ("-progressive",)])
def test_an_arithmetic_coded_jpeg_of_another_encoder_is_the_same_picture(progressive, native):
    """Of more than the 64 KB that Pillow reads at once."""
    data = jpeg(scene("odd sides, whole"))
    command = ["jpegtran", "-arithmetic", *progressive]
    coded = subprocess.run(command, input=data, capture_output=True, check=True).stdout
    assert len(coded) > 1 << 16
    for one, other in zip(
        pictures(coded, native=native), pictures(data, native=native), strict=True
    ):
        off = differences(one, other)
        assert off.mean(axis=0).max() <= MEAN
        assert np.percentile(off, 99.9, axis=0).max() <= HIGH


@pytest.mark.parametrize(("name", "kind"), dict.fromkeys(CASES))
def test_a_jpegs_renditions_are_nearly_the_same(name, kind):
    high = HIGH_OF_A_PROFILE if "icc_profile" in JPEGS[kind] else HIGH
    assert_close(jpeg(scene(name), **JPEGS[kind]), high)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("name", ["odd sides, whole", "small"])
def test_a_pngs_pixels_are_the_same(name, mode):
    image = scene(name).convert(mode)
    if mode == "RGBA":
        image.putalpha(scene(name).convert("L"))
    data = encoded(image, "PNG", compress_level=1)
    ours, pillows = (
        decode(data, Task(DEFAULT_RENDITIONS, MAX_PIXELS, native_decoder=native)).pixels
        for native in (True, False)
    )
    assert isinstance(ours, Bitmap)
    assert ours.pixels.tobytes() == pillows.image().tobytes()


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (7, 9), (16, 16), (17, 33), (40, 31)])
@pytest.mark.parametrize("kind", ["4:2:0", "4:2:2", "4:4:4"])
@pytest.mark.parametrize("divisor", [1, 2, 4, 8])
def test_planes_have_the_same_sizes(size, kind, divisor):
    data = jpeg(scene("small").crop((0, 0, *size)), **JPEGS[kind])
    side = max(1, max(size) // (2 * divisor))
    renditions = (Rendition(name="a", width=side, height=side),)
    ours, pillows = (
        decode(data, Task(renditions, MAX_PIXELS, native_decoder=native))
        for native in (True, False)
    )
    assert ours.box == pillows.box
    assert planes_sizes(ours.pixels) == planes_sizes(pillows.pixels)


def planes_sizes(planes: Planes) -> list[tuple[int, int]]:
    return [plane.size for plane in (planes.luma, planes.blue, planes.red)]


def test_stored_luma_and_chroma_are_the_same():
    """A picture that is decoded at its own size: 4:2:0 has nothing to approximate."""
    data = jpeg(scene("smaller than the largest rendition"))
    ours, pillows = (planes_of(data, native=native) for native in (True, False))
    for name in ("luma", "blue", "red"):
        assert getattr(ours, name).tobytes() == getattr(pillows, name).tobytes()


OUR_OWN = {
    "jpeg": (vectors, "decode_jpeg", lambda: jpeg(scene("small"))),
    "png": (vectors, "unfilter", lambda: encoded(scene("small"), "PNG")),
}


class Called(Exception):
    """Raised when one of our decoders is called."""


@pytest.mark.parametrize("kind", OUR_OWN)
def test_none_of_our_decoders_is_called_where_they_are_switched_off(kind, monkeypatch):
    def call(*_arguments):
        raise Called

    module, function, make = OUR_OWN[kind]
    if kind == "jpeg":
        monkeypatch.setattr("function.engine.formats.jpeg_scaled.decode_jpeg", call)
    monkeypatch.setattr(module, function, call)
    on = Task(DEFAULT_RENDITIONS, MAX_PIXELS)
    with pytest.raises(Called):
        list(work(make(), on))
    off = list(work(make(), on.replace(native_decoder=False)))
    assert sum(isinstance(result, Rendered) for result in off) == 5


def test_the_worker_is_told_of_the_switch():
    """Of a picture that the two decode differently, which only a scaled one is."""
    data = jpeg(scene("odd sides, whole"))
    small = Rendition(name="small", width=320, height=320, formats=("jpeg",))
    bodies = []
    for native in (True, False):
        task = Task((small,), MAX_PIXELS, native_decoder=native)
        isolation = Isolation(task, most_bytes=len(data))
        try:
            results = list(isolation.run(data))
        finally:
            isolation.stop()
        assert results == list(work(data, task))
        bodies += [result.body for result in results if isinstance(result, Rendered)]
    ours, pillows = bodies
    assert ours != pillows


def test_the_outputs_of_this_file_halve_the_chroma():
    """Otherwise JPEG would be Pillow's in any case."""
    assert {name for rendition in DEFAULT_RENDITIONS for name in rendition.formats} <= HALF_CHROMA


def test_damage_is_told_as_before():
    data = jpeg(scene("small"))
    with pytest.raises(Exception, match="end of this image is missing"):
        decode(data[: len(data) // 2], Task(DEFAULT_RENDITIONS, MAX_PIXELS, native_decoder=False))


def test_a_picture_is_what_pillow_shows():
    """A separate oracle: the planes are those of the picture, not merely alike."""
    data = jpeg(scene("small"), subsampling=1)
    shown = planes_of(data, native=False).image()
    off = differences(shown, Image.open(io.BytesIO(data)).convert("RGB"))
    assert off.mean() <= 2
