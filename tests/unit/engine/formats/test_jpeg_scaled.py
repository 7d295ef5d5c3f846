"""The engine's own JPEG decoder. Oracles: Pillow, bit for bit, and a DCT in floating point."""

import io
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from function.engine import vectors
from function.engine.decode import decode
from function.engine.errors import Rejected
from function.engine.formats import pillow_planes
from function.engine.formats.jpeg_scaled import load_scaled, open_image
from function.engine.render import render
from function.engine.renditions import Rendition
from function.engine.results import Task
from function.engine.vectors import decode_jpeg
from tests.native.jpegs import SUBSAMPLINGS, damage, jpeg, picture
from tests.support.pictures import camera_exif, display_p3
from tests.support.uploads import UPLOADS

Floats = NDArray[np.float64]
Planes = tuple[Image.Image, Image.Image, Image.Image]

sides = st.one_of(st.sampled_from((1, 7, 8, 9, 15, 16, 17, 127, 128, 129)), st.integers(1, 300))


@pytest.fixture(autouse=True)
def _room_for_noise(monkeypatch):
    """Pillow gives an optimising encoder no more bytes than a picture usually needs."""
    monkeypatch.setattr(ImageFile, "MAXBLOCK", 1 << 20)


def encoded(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def divided(size: tuple[int, int], divisor: int) -> tuple[int, int]:
    return -(-size[0] // divisor), -(-size[1] // divisor)


def ours(data: bytes, divisor: int) -> Planes | None:
    return decode_jpeg(data, divisor, divided(Image.open(io.BytesIO(data)).size, divisor))


def pillows(data: bytes, divisor: int) -> Planes:
    """Return libjpeg's planes; its chroma is as large as luma."""
    image = Image.open(io.BytesIO(data))
    image.draft("YCbCr", (image.width // divisor, image.height // divisor))
    assert image.size == divided(Image.open(io.BytesIO(data)).size, divisor)
    luma, blue, red = image.split()
    return luma, blue, red


def same(first: Image.Image, second: Image.Image) -> bool:
    return first.size == second.size and first.tobytes() == second.tobytes()


@given(sides, sides, st.integers(0, 1 << 20), st.sampled_from(sorted(SUBSAMPLINGS)))
@settings(max_examples=150, deadline=None)
def test_full_size_luma_is_pillows(width, height, seed, sampling):
    data = encoded(
        picture((width, height), seed),
        quality=60 + seed % 40,
        subsampling=SUBSAMPLINGS[sampling],
        restart_marker_blocks=seed % 5,
        optimize=seed % 2 == 0,
    )
    planes = ours(data, 1)
    assert planes
    assert same(planes[0], pillows(data, 1)[0])


@given(st.integers(16, 300), st.integers(16, 300), st.integers(0, 1 << 20))
@settings(max_examples=60, deadline=None)
def test_full_size_chroma_is_pillows_before_it_is_enlarged(width, height, seed):
    """At half size, libjpeg decodes half-size chroma whole, and enlarges nothing."""
    data = encoded(picture((width, height), seed), quality=90, subsampling=SUBSAMPLINGS["4:2:0"])
    planes = ours(data, 1)
    assert planes
    for plane, pillow in zip(planes[1:], pillows(data, 2)[1:], strict=True):
        assert same(plane, pillow)


@given(st.integers(8, 300), st.integers(8, 300), st.integers(0, 1 << 20))
@settings(max_examples=60, deadline=None)
def test_an_eighth_is_pillows_means_of_blocks(width, height, seed):
    data = encoded(picture((width, height), seed), quality=90, subsampling=SUBSAMPLINGS["4:2:0"])
    planes = ours(data, 8)
    assert planes
    assert same(planes[0], pillows(data, 8)[0])


def basis(size: int) -> Floats:
    """Rows of an orthonormal DCT."""
    places, waves = np.arange(size) + 0.5, np.arange(size)
    rows = np.sqrt(2 / size) * np.cos(np.pi / size * np.outer(waves, places))
    rows[0] /= np.sqrt(2)
    return rows


def lowest_frequencies(plane: Image.Image, columns: int, rows: int) -> Floats:
    """Blocks of 8 x 8 pixels, each made of its lowest coefficients alone."""
    pixels = np.asarray(plane, np.float64)
    height, width = pixels.shape
    blocks = pixels.reshape(height // 8, 8, width // 8, 8).transpose(0, 2, 1, 3)
    coefficients = basis(8) @ blocks @ basis(8).T
    small = basis(rows).T @ coefficients[:, :, :rows, :columns] @ basis(columns)
    small *= np.sqrt(rows * columns) / 8
    return small.transpose(0, 2, 1, 3).reshape(height // 8 * rows, width // 8 * columns)


@pytest.mark.parametrize("sampling", sorted(SUBSAMPLINGS))
@pytest.mark.parametrize("divisor", [1, 2, 4])
def test_smaller_planes_are_the_lowest_frequencies(sampling, divisor):
    """Of what Pillow decodes in full: levels that are never cut, so that its DCT can be undone."""
    image = picture((160, 96), 1, lowest=90, highest=170)
    data = encoded(image, quality=97, subsampling=SUBSAMPLINGS[sampling])
    planes = ours(data, divisor)
    assert planes
    side = 8 // divisor
    expected = [lowest_frequencies(pillows(data, 1)[0], side, side)]
    if sampling == "4:4:4":
        expected += [
            lowest_frequencies(plane, side // 2, side // 2) for plane in pillows(data, 1)[1:]
        ]
    if sampling == "4:2:0":  # libjpeg's half size has whole chroma
        expected += [lowest_frequencies(plane, side, side) for plane in pillows(data, 2)[1:]]
    for plane, floats in zip(planes, expected, strict=False):
        off = np.abs(np.asarray(plane, np.float64) - floats)
        assert off.max() <= 1.6, (sampling, divisor)  # both have rounded
        assert off.mean() < 0.5
    assert planes[1].size == planes[2].size == divided(planes[0].size, 2)


@pytest.mark.parametrize("sampling", sorted(SUBSAMPLINGS))
@pytest.mark.parametrize("divisor", [1, 2, 4])
def test_all_planes_show_the_picture(sampling, divisor):
    """Colours of wide areas, where every way to halve chroma gives the same."""
    image = Image.new("RGB", (320, 192), "#c04020")
    image.paste("#2040c0", (0, 0, 160, 192))
    data = encoded(image, quality=95, subsampling=SUBSAMPLINGS[sampling])
    planes = ours(data, divisor)
    assert planes
    for plane, pillow in zip(planes, image.convert("YCbCr").split(), strict=True):
        small = np.asarray(pillow.resize(plane.size, Image.Resampling.BOX), np.int16)
        off = np.abs(np.asarray(plane, np.int16) - small)
        middle = plane.width // 2
        assert off[:, : middle - 4].max() <= 3
        assert off[:, middle + 4 :].max() <= 3


GRAY = encoded(picture((40, 30), 1).convert("L"))
PLAIN = encoded(picture((40, 30), 1), quality=90)


def test_the_plain_one_is_decoded():
    assert ours(PLAIN, 1)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(GRAY, id="gray"),
        pytest.param(encoded(picture((40, 30), 1).convert("CMYK")), id="cmyk"),
        pytest.param(encoded(picture((40, 30), 1), progressive=True), id="progressive"),
        pytest.param(PLAIN.replace(b"\x01\x22\x00", b"\x01\x41\x00"), id="4:1:1"),
        pytest.param(PLAIN.replace(b"\x01\x22\x00", b"\x01\x12\x00"), id="4:4:0"),
        pytest.param(PLAIN[:-2], id="no end"),
        pytest.param(PLAIN[:-3] + b"\x00\x00\xff\xd9", id="bytes left over"),
        pytest.param(PLAIN.replace(b"\xff\xc0", b"\xff\xc9"), id="arithmetic"),
        pytest.param(PLAIN.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c"), id="12 bits"),
        pytest.param(PLAIN.replace(b"\xff\xdb\x00\x43\x00", b"\xff\xdb\x00\x43\x10"), id="16 bits"),
        pytest.param(PLAIN[:2] + b"\xff\xd9", id="nothing"),
        pytest.param(b"", id="empty"),
    ],
)
def test_what_is_unusual_or_damaged_is_left_to_libjpeg(data):
    assert decode_jpeg(data, 1, (40, 30)) is None


def marked(marker: int, body: bytes, data: bytes) -> bytes:
    return data[:2] + bytes((0xFF, marker, 0, 2 + len(body))) + body + data[2:]


HEADER = PLAIN[2:20]  # JFIF's segment
BARE = PLAIN[:2] + PLAIN[20:]
RGB_IDS = BARE.replace(b"\3\1\x22\0\2\x11\1\3", b"\3R\x22\0G\x11\1B").replace(
    b"\3\1\0\2\x11\3", b"\3R\0G\x11B"
)
WITH_MARKERS = {
    "plain": UPLOADS["jpeg"][1],
    "cmyk": UPLOADS["jpeg-cmyk"][1],
    "progressive": UPLOADS["jpeg-progressive"][1],
    "camera": encoded(picture((64, 48), 1), exif=camera_exif(6), icc_profile=display_p3()),
    "RGB by Adobe's marker": marked(0xEE, b"Adobe\0d\0\0\0\0\0", BARE),
    "RGB by its ids": RGB_IDS,
    "YCbCr by JFIF's marker": RGB_IDS[:2] + HEADER + RGB_IDS[2:],
}


@pytest.mark.parametrize(
    ("marker", "body"),
    [
        (0xEE, b"Adobe"),
        (0xEE, b"Adobe\0"),
        (0xE0, b"JFIF\0"),
        (0xE2, b"ICC_PROFILE\0\1"),
        (0xED, b"Photoshop 3.0\0" + b"8BIM\0\1"),
    ],
)
@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("name", WITH_MARKERS)
def test_a_marker_that_is_too_short_changes_nothing(name, native, marker, body):
    data = WITH_MARKERS[name]
    odd = marked(marker, body, data)
    with pytest.raises(SyntaxError):
        JpegImageFile(io.BytesIO(odd))
    assert as_rendered(odd, native=native) == as_rendered(data, native=native)


def test_a_jfif_marker_that_libjpeg_ignores_is_ignored():
    odd = marked(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0", marked(0xEE, b"Adobe", RGB_IDS))
    assert as_rendered(odd, native=True) == as_rendered(RGB_IDS, native=True)
    assert as_rendered(RGB_IDS, native=True) != as_rendered(
        WITH_MARKERS["YCbCr by JFIF's marker"], native=True
    )


def as_rendered(data: bytes, *, native: bool) -> tuple[object, ...]:
    renditions = (Rendition(name="r", width=32, height=32, formats=("jpeg",)),)
    task = Task(renditions, 1_000_000, native_decoder=native)
    source = decode(data, task)
    return source.size, source.losses, [found.body for found in render(source, task)]


def test_a_wrong_restart_marker_is_damage():
    data = encoded(picture((160, 96), 1), restart_marker_blocks=3)
    at = data.index(b"\xff\xd1")
    assert ours(data, 2)
    assert ours(data[:at] + b"\xff\xd2" + data[at + 2 :], 2) is None


def test_what_follows_the_end_does_not_matter():
    """Phones put more pictures there."""
    assert ours(PLAIN + PLAIN, 1)


def test_cut_anywhere_it_is_never_decoded():
    for end in range(len(PLAIN)):
        assert decode_jpeg(PLAIN[:end], 2, (20, 15)) is None


def test_what_is_accepted_in_spite_of_damage_is_what_pillow_sees():
    """Seeds are fixed: a coefficient that no encoder makes may overflow otherwise in libjpeg."""
    accepted = 0
    for seed in range(600):
        draw = random.Random(seed)
        size = (draw.randint(1, 120), draw.randint(1, 90))
        data = damage(jpeg(picture(size, seed), draw), draw)
        planes = decode_jpeg(data, 1, size)
        divisor = draw.choice((2, 4))
        scaled = decode_jpeg(data, divisor, divided(size, divisor))
        assert (planes is None) == (scaled is None), seed
        if planes:
            accepted += 1
            assert same(planes[0], pillows(data, 1)[0]), seed
    assert accepted > 50


def test_a_size_that_is_not_the_files_is_declined():
    assert decode_jpeg(PLAIN, 1, (41, 30)) is None
    assert decode_jpeg(PLAIN, 2, (20, 16)) is None


def test_arguments_that_do_not_fit_are_refused():
    luma, half = Image.new("L", (40, 30)), Image.new("L", (20, 15))
    arrays = [image.__arrow_c_array__()[1] for image in (luma, half, half)]
    native = vectors.load_module()
    assert native
    with pytest.raises(ValueError, match="no such divisor"):
        native.decode_jpeg(PLAIN, 3, (40, 30), *arrays)
    with pytest.raises(ValueError, match="the array does not have the size"):
        native.decode_jpeg(PLAIN, 1, (40, 31), *arrays)
    with pytest.raises(TypeError):
        native.decode_jpeg("text", 1, (40, 30), *arrays)


RENDITIONS = [Rendition(name="a", width=90, height=90, fit="inside", formats=("jpeg",), quality=90)]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(803, 601), (601, 803), (180, 90), (70, 80)])
def test_the_engine_gives_the_same_picture_with_and_without_it(size, orientation, monkeypatch):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = picture(size, 7).resize(size)
    data = encoded(image, quality=92, exif=exif)
    with_module = decode(data, Task(RENDITIONS, 10**7))
    monkeypatch.setattr(vectors, "load_module", lambda: None)
    without = decode(data, Task(RENDITIONS, 10**7))
    assert (with_module.size, with_module.box) == (without.size, without.box)
    assert with_module.pixels.size == without.pixels.size
    first, second = (
        np.asarray(source.pixels.image().reduce(4), np.int16) for source in (with_module, without)
    )
    assert np.abs(first - second).mean() < 2


SCALES = [
    (2.0, 1),
    (1.0, 1),
    (0.6, 1),
    (0.5, 2),
    (0.499, 2),
    (0.26, 2),
    (0.25, 4),
    (0.13, 4),
    (0.125, 8),
    (0.06, 8),
    (0.001, 8),
]
"""A scale, and by how much a picture of 800 x 600 is divided: the most that leaves no less of it.

libjpeg scales by 1/2, 1/4 and 1/8 (``Image.draft``)."""

PHOTO = encoded(picture((200, 150), 3).resize((800, 600)), quality=90)


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize(("scale", "divisor"), SCALES)
def test_the_smallest_scale_that_is_large_enough_is_decoded(scale, divisor, native):
    planes, box = load_scaled(open_image(PHOTO), PHOTO, scale, True, native)  # noqa: FBT003
    assert planes.size == (800 // divisor, 600 // divisor)
    assert box == (0, 0, 800 / divisor, 600 / divisor)
    image, box = load_scaled(open_image(PHOTO), PHOTO, scale, False, native)  # noqa: FBT003
    assert (image.mode, image.size) == ("RGB", planes.size)
    assert box == (0, 0, 800 / divisor, 600 / divisor)


@pytest.mark.parametrize(
    ("size", "scale", "divisor"),
    [
        ((803, 601), 0.5, 2),  # 401 x 300 pixels are asked for, and 402 x 301 decoded
        ((803, 601), 0.25, 4),
        ((801, 300), 0.125, 8),
        ((900, 31), 0.25, 4),
        ((900, 31), 0.12, 8),  # of 31 rows 3 are asked for
        ((31, 900), 0.12, 8),
        ((8, 8), 0.01, 8),  # one pixel at least is asked for, and no more
        ((900, 15), 0.26, 2),  # 234 x 3 are asked for: 900 // 234 is 3
        ((15, 900), 0.26, 2),
    ],
)
@pytest.mark.parametrize("native", [True, False])
def test_an_uneven_size_is_rounded_up_and_its_picture_ends_within_the_last_pixel(
    size, scale, divisor, native
):
    data = encoded(picture(size, 5), quality=90)
    planes, box = load_scaled(open_image(data), data, scale, True, native)  # noqa: FBT003
    assert planes.size == divided(size, divisor)
    assert box == (0, 0, size[0] / divisor, size[1] / divisor)


@pytest.mark.parametrize(
    ("options", "by_planes"),
    [
        ({"subsampling": 0}, True),  # 4:4:4
        ({"subsampling": 1}, True),  # 4:2:2
        ({"subsampling": 2}, True),  # 4:2:0
        ({"progressive": True}, False),
    ],
)
def test_without_the_module_pillow_decodes_planes_of_a_baseline_jpeg(
    options, by_planes, monkeypatch
):
    data = encoded(picture((64, 48), 1), **options)
    asked = []
    decode_planes = pillow_planes.decode_jpeg

    def ask(data: bytes, divisor: int) -> object:
        asked.append(divisor)
        return decode_planes(data, divisor)

    monkeypatch.setattr(pillow_planes, "decode_jpeg", ask)
    for native, divisors in ((True, []), (False, [2] * by_planes)):
        asked.clear()
        planes, box = load_scaled(open_image(data), data, 0.5, True, native)  # noqa: FBT003
        assert (planes.size, box) == ((32, 24), (0, 0, 32, 24))
        assert asked == divisors


@pytest.mark.parametrize(
    "factors",
    [b"\x41\x11\x11", b"\x12\x11\x11", b"\x22\x12\x12"],
    ids=["4:1:1", "4:4:0", "4:2:2 as ffmpeg states it"],
)
def test_other_samplings_are_left_to_libjpegs_own_scaling(factors, monkeypatch):
    """In place of 4:2:0: what they show is damaged, how they are decoded is not."""
    data = bytearray(encoded(picture((64, 64), 1)))
    at = data.index(b"\1\x22\0\2\x11\1\3\x11\1") + 1
    data[at : at + 9 : 3] = factors
    data = bytes(data)
    assert decode_jpeg(data, 1, (64, 64)) is None
    monkeypatch.setattr(pillow_planes, "decode_jpeg", None)
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    planes, _box = load_scaled(open_image(data), data, 1.0, True, False)  # noqa: FBT003
    assert planes.size == (64, 64)


@pytest.mark.parametrize(
    ("name", "has_planes"),
    [
        ("plain", True),
        ("progressive", True),
        ("cmyk", False),
        ("RGB by Adobe's marker", False),
        ("RGB by its ids", False),
        ("YCbCr by JFIF's marker", True),
    ],
)
def test_only_luma_and_chroma_come_as_planes(name, has_planes):
    data = WITH_MARKERS[name]
    for native in (True, False):
        found, _box = load_scaled(open_image(data), data, 1.0, True, native)  # noqa: FBT003
        assert isinstance(found, Image.Image) != has_planes


def test_a_medical_jpeg_of_12_bits_is_named():
    odd = PLAIN.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc0\x00\x11\x0c")
    with pytest.raises(Rejected, match="more than 8 bits a channel") as caught:
        open_image(odd)
    assert caught.value.code == "unsupported_codec"


def test_threads_decode_side_by_side():
    """The interpreter's lock is let go of; planes must not be mixed up."""
    files = [encoded(picture((400, 300), seed), quality=90) for seed in range(8)]
    alone = [[plane.tobytes() for plane in ours(data, 2) or ()] for data in files]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda data: ours(data, 2), files * 4))
    for index, planes in enumerate(together):
        assert [plane.tobytes() for plane in planes or ()] == alone[index % 8]
