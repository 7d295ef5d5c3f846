"""The engine's resize beside Pillow's own, which is the oracle: every byte is the same."""

import logging
import random
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bench.photos import photo
from function.engine import vectors
from function.engine.encoder_options import quantisation_table
from function.engine.vectors import encode_planes, encode_rgb, merge, resize, split
from tests.native.encodings import Samples, by_pillow, encodings
from tests.native.resizes import FILTERS, SIDES, as_floats
from tests.support.pictures import encoded, opened

MODES = ("L", "LA", "La", "RGB", "RGBX", "RGBA", "RGBa", "CMYK", "YCbCr")
BANDS = {mode: len(Image.new(mode, (1, 1)).getbands()) for mode in MODES}

sides = st.one_of(st.sampled_from(SIDES), st.integers(1, 150))


@pytest.fixture
def native():
    """The C module, without which these tests would prove nothing."""
    module = vectors.load_module()
    assert module
    return module


def noise(mode: str, size: tuple[int, int], seed: int = 1) -> Image.Image:
    data = random.Random(seed).randbytes(size[0] * size[1] * BANDS[mode])
    if seed % 2:  # black and white overshoot most
        data = bytes(255 * (byte >> 7) for byte in data)
    return Image.frombytes(mode, size, data)


@st.composite
def boxes(draw: st.DrawFn, length: int) -> tuple[float, float]:
    """Two edges within a length, whole or between pixels."""
    edges = st.floats(0, length, width=32) | st.integers(0, length)
    start, end = sorted((draw(edges), draw(edges)))
    if end - start <= 1e-3:
        return 0, length
    return (start, end) if draw(st.booleans()) else (int(start), max(int(start) + 1, int(end)))


@st.composite
def resizes(draw: st.DrawFn):
    source, target = draw(st.tuples(sides, sides)), draw(st.tuples(sides, sides))
    left, right = draw(boxes(source[0]))
    top, bottom = draw(boxes(source[1]))
    image = noise(draw(st.sampled_from(MODES)), source, draw(st.integers(0, 1 << 20)))
    return image, target, draw(st.sampled_from(FILTERS)), as_floats((left, top, right, bottom))


@given(resizes())
@settings(max_examples=400, deadline=None)
def test_every_pixel_is_pillows(case):
    image, size, kernel, box = case
    ours, pillows = resize(image, size, kernel, box), image.resize(size, kernel, box=box)
    assert (ours.mode, ours.size) == (pillows.mode, pillows.size)
    assert ours.tobytes() == pillows.tobytes()


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ((1, 1), (300, 200)),
        ((5000, 1), (3, 1)),
        ((1, 5000), (1, 3)),
        ((4000, 3), (1, 400)),
        ((3, 4000), (400, 1)),
        ((2000, 1500), (1080, 810)),
        ((1500, 2000), (810, 1080)),
    ],
)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_extreme_ratios_and_a_photos_sizes_too(source, target, mode):
    image, box = noise(mode, source), (0, 0, *source)
    for kernel in FILTERS:
        ours = resize(image, target, kernel, box)
        assert ours.tobytes() == image.resize(target, kernel, box=box).tobytes()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kernel", FILTERS)
def test_what_keeps_its_size_is_cropped(mode, kernel):
    image = noise(mode, (20, 10))
    for size, box in (
        ((8, 4), (3, 2, 11, 6)),
        ((20, 10), (0, 0, 20, 10)),
        ((8, 5), (3, 0, 11, 10)),
    ):
        expected = image.resize(size, kernel, box=box).tobytes()
        assert resize(image, size, kernel, box).tobytes() == expected


@pytest.mark.parametrize("mode", MODES)
def test_the_module_does_the_work(mode, native, monkeypatch):
    calls = []
    monkeypatch.setattr(native, "resample", lambda *arguments: calls.append(arguments))
    resize(noise(mode, (40, 30)), (20, 15), Image.Resampling.LANCZOS, (0, 0, 40, 30))
    assert len(calls) == 1


def test_an_image_larger_than_a_block_of_pillows_is_read_in_place_too(native, monkeypatch):
    calls = []
    monkeypatch.setattr(native, "resample", lambda *arguments: calls.append(arguments))
    resize(Image.new("RGB", (5000, 4000)), (8, 8), Image.Resampling.BOX, (0, 0, 5000, 4000))
    assert len(calls) == 1


def test_an_image_in_several_blocks_is_left_to_pillow():
    Image.core.set_use_block_allocator(0)
    try:
        image = Image.new("L", (5000, 4000), 7)
    finally:
        Image.core.set_use_block_allocator(1)
    result = resize(image, (3, 2), Image.Resampling.LANCZOS, (0, 0, 5000, 4000))
    assert result.tobytes() == bytes([7] * 6)


@pytest.mark.parametrize("mode", ["1", "P", "I", "F", "I;16"])
def test_other_modes_are_left_to_pillow(mode):
    image = Image.new(mode, (9, 7), 1)
    ours = resize(image, (4, 3), Image.Resampling.BILINEAR, (0, 0, 9, 7))
    assert ours.tobytes() == image.resize((4, 3), Image.Resampling.BILINEAR).tobytes()


@pytest.mark.parametrize("kernel", [Image.Resampling.NEAREST, Image.Resampling.MKS2021])
def test_other_filters_are_left_to_pillow(kernel):
    image = noise("RGB", (90, 70))
    ours = resize(image, (40, 30), kernel, (0, 0, 90, 70))
    assert ours.tobytes() == image.resize((40, 30), kernel).tobytes()


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((0, 5), (0, 0, 9, 7)),
        ((5, 0), (0, 0, 9, 7)),
        ((5, 5), (0, 0, 9.5, 7)),
        ((5, 5), (-0.5, 0, 9, 7)),
        ((5, 5), (4, 0, 4, 7)),
        ((5, 5), (0, 6, 9, 3)),
        ((5, 5), (float("nan"), 0, 9, 7)),
    ],
)
def test_what_cannot_be_is_refused(size, box):
    with pytest.raises(ValueError, match=r"."):
        resize(noise("RGB", (9, 7)), size, Image.Resampling.LANCZOS, box)


def test_the_module_refuses_arrays_that_are_not_what_the_sizes_say(native):
    _, array = noise("L", (9, 7)).__arrow_c_array__()
    _, pixels = noise("RGB", (9, 7)).__arrow_c_array__()
    whole = (0.0, 0.0, 9.0, 7.0)
    for source, size, channels in (
        (array, (9, 8), 1),
        (array, (9, 7), 4),
        (pixels, (9, 7), 1),
        (pixels, (9, 6), 4),
    ):
        _, target = Image.new("L" if channels == 1 else "RGB", (3, 3)).__arrow_c_array__()
        with pytest.raises(ValueError, match=r"array|box"):
            native.resample(source, size, target, (3, 3), channels, 1, whole)
    with pytest.raises(ValueError, match="filter"):
        native.resample(array, (9, 7), array, (9, 7), 1, 99, whole)
    with pytest.raises(ValueError, match="channels"):
        native.resample(array, (9, 7), array, (9, 7), 3, 1, whole)
    with pytest.raises(ValueError, match="PyCapsule"):
        native.resample("no capsule", (9, 7), array, (9, 7), 1, 1, whole)


def test_threads_resize_at_once_and_alike():
    image = noise("RGB", (800, 600))
    expected = image.resize((333, 222), Image.Resampling.LANCZOS).tobytes()
    results = []

    def work():
        for _ in range(5):
            result = resize(image, (333, 222), Image.Resampling.LANCZOS, (0, 0, 800, 600))
            results.append(result.tobytes() == expected)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 20


def test_without_the_module_pillow_answers_and_the_log_says_so_once(native, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, native.__name__, None)
    monkeypatch.delattr(native.__name__)
    monkeypatch.setattr(logging.getLogger("function"), "propagate", True)
    vectors.load_module.cache_clear()
    image = noise("RGB", (90, 70))
    try:
        for _ in range(3):
            result = resize(image, (40, 30), Image.Resampling.LANCZOS, (0, 0, 90, 70))
            assert result.tobytes() == image.resize((40, 30), Image.Resampling.LANCZOS).tobytes()
    finally:
        vectors.load_module.cache_clear()
    assert [record.message for record in caplog.records] == [
        "Pillow decodes and resizes, which is slower"
    ]


@given(st.tuples(sides, sides), st.integers(0, 1 << 20))
@settings(max_examples=100, deadline=None)
def test_split_is_pillows_split_and_reduce(size, seed):
    image = noise("YCbCr", size, seed)
    luma, blue, red = image.split()
    expected = [plane.tobytes() for plane in (luma, blue.reduce(2), red.reduce(2))]
    assert [plane.tobytes() for plane in split(image)] == expected


@given(st.tuples(sides, sides), st.integers(0, 1 << 20))
@settings(max_examples=100, deadline=None)
def test_merge_repeats_each_chroma_pixel(size, seed):
    half = ((size[0] + 1) // 2, (size[1] + 1) // 2)
    luma, blue, red = noise("L", size, seed), noise("L", half, seed + 1), noise("L", half, seed + 2)
    merged = merge(luma, blue, red).split()
    assert merged[0].tobytes() == luma.tobytes()
    for x in {0, size[0] // 3, size[0] - 1}:
        for y in {0, size[1] // 2, size[1] - 1}:
            for band, plane in zip(merged[1:], (blue, red), strict=True):
                assert band.getpixel((x, y)) == plane.getpixel((x // 2, y // 2))


def test_pillow_splits_and_merges_alike(monkeypatch):
    image = noise("YCbCr", (101, 67))
    planes = split(image)
    whole = merge(*planes).tobytes()
    monkeypatch.setattr(vectors, "load_module", lambda: None)
    assert [plane.tobytes() for plane in split(image)] == [plane.tobytes() for plane in planes]
    assert merge(*planes).tobytes() == whole


def test_planes_that_do_not_fit_are_refused(native):
    _, packed = noise("YCbCr", (9, 7)).__arrow_c_array__()
    _, luma = noise("L", (9, 7)).__arrow_c_array__()
    _, half = noise("L", (5, 4)).__arrow_c_array__()
    _, small = noise("L", (4, 4)).__arrow_c_array__()
    for call in (native.split, native.merge):
        call(packed, (9, 7), luma, half, half)
        for wrong in ((luma, (9, 7), luma, half, half), (packed, (9, 7), luma, half, small)):
            with pytest.raises(ValueError, match="array"):
                call(*wrong)
        with pytest.raises(ValueError, match="size"):
            call(packed, (0, 7), luma, half, half)


@pytest.mark.parametrize("encoding", list(encodings(300, seed=7)), ids=str)
def test_a_jpeg_has_pillows_bytes(encoding):
    if encoding.samples is Samples.PLANES:
        made = encode_planes(encoding.planes(), encoding.steps())
    else:
        is_halved = encoding.samples is Samples.HALVED_RGB
        made = encode_rgb(encoding.image(), encoding.steps(), is_halved=is_halved)
    assert made == encoding.expected()


@pytest.mark.parametrize("is_halved", [True, False])
@pytest.mark.parametrize("quality", [1, 40, 80, 100])
def test_a_large_jpeg_has_pillows_bytes_too(quality, is_halved):
    steps = quantisation_table(quality)
    for image in (photo((1080, 811)), noise("RGB", (701, 500), seed=2)):
        expected = by_pillow(image, steps, is_halved=is_halved)
        assert encode_rgb(image, steps, is_halved=is_halved) == expected


def test_codes_of_a_jpeg_are_cut_to_sixteen_bits():
    """The symbols of a photo occur once to 70,000 times, and the tree of such counts is deeper."""
    image, steps = photo((1400, 1000)), quantisation_table(80)
    made = encode_rgb(image, steps, is_halved=True)
    assert made == by_pillow(image, steps, is_halved=True)
    at = made.index(b"\xff\xc4", made.index(b"\xff\xc4") + 1)  # the luma's AC table
    assert made[at + 4] == 0x10
    assert made[at + 5 + 15] > 0  # codes of sixteen bits


def test_the_module_refuses_what_no_jpeg_has(native):
    _, pixels = noise("RGB", (9, 7)).__arrow_c_array__()
    _, luma = noise("L", (9, 7)).__arrow_c_array__()
    _, half = noise("L", (5, 4)).__arrow_c_array__()
    steps, is_halved = bytes([1] * 64), True
    assert native.encode_rgb(pixels, (9, 7), steps, is_halved)
    assert native.encode_planes(luma, half, half, (9, 7), steps)
    for wrong in (steps[1:], steps + b"\1", b"\0" + steps[1:], steps[1:] + b"\0"):
        with pytest.raises(ValueError, match="steps"):
            native.encode_rgb(pixels, (9, 7), wrong, is_halved)
        with pytest.raises(ValueError, match="steps"):
            native.encode_planes(luma, half, half, (9, 7), wrong)
    for size in ((0, 7), (9, 0), (-9, -7), (65_501, 1), (1, 65_501)):
        with pytest.raises(ValueError, match="size"):
            native.encode_rgb(pixels, size, steps, is_halved)
    with pytest.raises(ValueError, match="array"):
        native.encode_rgb(pixels, (9, 8), steps, is_halved)
    with pytest.raises(ValueError, match="array"):
        native.encode_planes(luma, half, luma, (9, 7), steps)


def test_without_the_module_no_jpeg_is_encoded(monkeypatch):
    monkeypatch.setattr(vectors, "load_module", lambda: None)
    image = noise("RGB", (9, 7))
    assert encode_rgb(image, [1] * 64, is_halved=True) is None
    assert encode_planes(split(image.convert("YCbCr")), [1] * 64) is None


class TestFaultyJpeg:
    """Files that libjpeg refuses, repairs or warns of are left to it (``decode_jpeg`` is None)."""

    WHOLE = encoded(Image.new("YCbCr", (8, 8), (128,) * 3), "JPEG", subsampling=0, quality=90)
    SOS = WHOLE.index(b"\xff\xda")
    HEAD = WHOLE[: SOS + 14]  # up to the entropy-coded data
    CHROMA = "00" * 4  # twice category 0 and EOB, by the tables of T.81, annex K.3

    @classmethod
    def scan(cls, luma: str, head: bytes = HEAD) -> bytes:
        """A JPEG of one MCU whose luma block has these bits."""
        bits = luma + cls.CHROMA
        bits += "1" * (-len(bits) % 8)
        data = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
        return head + data + b"\xff\xd9"

    @staticmethod
    def decodes(data: bytes) -> bool:
        return vectors.decode_jpeg(data, 1, (8, 8)) is not None

    @classmethod
    def with_segment(cls, marker: bytes, change) -> bytes:
        """The whole JPEG with another body of its first segment of this kind."""
        at = cls.WHOLE.index(marker)
        length = int.from_bytes(cls.WHOLE[at + 2 : at + 4], "big")
        body = change(cls.WHOLE[at + 4 : at + 2 + length])
        head = marker + (len(body) + 2).to_bytes(2, "big")
        return cls.WHOLE[:at] + head + body + cls.WHOLE[at + 2 + length :]

    def test_a_whole_one_is_decoded(self):
        assert self.decodes(self.WHOLE)
        assert self.decodes(self.with_segment(b"\xff\xc4", bytes))

    @pytest.mark.parametrize(
        ("pairs", "decodes"), [(25, True), (26, True), (27, False), (28, False)]
    )
    def test_a_run_of_zeros_past_the_end_is_declined_though_an_end_of_block_follows(
        self, pairs, decodes
    ):
        """By table K.5: 111011 skips four zeros, 1100 one, each before a value; 1010 is EOB."""
        bits = "00" + 2 * "1110111" + pairs * "11001" + "1010"  # the last at 10 + 2 * pairs
        assert self.decodes(self.scan(bits)) is decodes

    def test_a_table_with_a_code_of_all_ones_is_declined(self):
        """Annex K's tables leave just that code free."""

        def add_code(body: bytes) -> bytes:
            counts = bytearray(body[1:17])
            counts[max(index for index, count in enumerate(counts) if count)] += 1
            return body[:1] + bytes(counts) + body[17 : 17 + sum(body[1:17])] + b"\x01"

        data = self.with_segment(b"\xff\xc4", add_code)
        with pytest.raises(OSError, match="broken data stream"):
            opened(data).load()
        assert not self.decodes(data)

    @pytest.mark.parametrize("marker", [b"\xff\xc0", b"\xff\xda"])
    @pytest.mark.parametrize("change", [lambda body: body + b"\0", lambda body: body[:-1]])
    def test_a_segment_of_another_length_than_its_components_need_is_declined(self, marker, change):
        data = self.with_segment(marker, change)
        with pytest.raises((OSError, SyntaxError), match=r"broken|identify|must"):
            opened(data).load()
        assert not self.decodes(data)
