"""Gain maps from the upload to the rendition; renditions are made even if one is damaged."""

import random

import pytest
from PIL import Image

from function.engine import hdr, limits
from function.engine.budget import ENCODE, MARGIN
from function.engine.decode import decode
from function.engine.formats import by_name
from function.engine.losses import Loss
from function.engine.renditions import Fit, Hdr
from function.engine.results import Measured, Rendered, Task
from function.engine.work import work
from tests.support.engine import one
from tests.support.pictures import camera_exif, display_p3, encoded, gradient, opened
from tests.support.probing_worker import isolated
from tests.support.ultra_hdr import (
    GAINS,
    HDRGM,
    gains_xmp,
    iso,
    iso_of,
    quarters,
    spot,
    taken_apart,
    ultra_hdr,
)

PHOTO = gradient((96, 64))
JPEG = encoded(PHOTO, "JPEG")
UPLOAD = ultra_hdr(JPEG, spot())
FORMATS = ("jpeg", "webp", "avif", "png")


def task(*renditions, **fields):
    return Task(renditions or (one(formats=FORMATS),), 20_000_000, 1024, **fields)


def made(data, *renditions, **fields):
    """Return the losses, and what was rendered by name and format."""
    results = list(work(data, task(*renditions, **fields)))
    rendered = [result for result in results if isinstance(result, Rendered)]
    (measured,) = (result for result in results if isinstance(result, Measured))
    return measured.losses, {(r.name, r.format): r for r in rendered}


def map_of(data, **fields):
    """Return the gain map of the upload's JPEG of so many pixels, decoded."""
    rendered = made(data, one(formats=("jpeg",), **fields))[1]["one", "jpeg"]
    assert rendered.hdr
    return opened(taken_apart(rendered.body)[1])


def is_dropped(data, *renditions, **fields):
    losses, rendered = made(data, *renditions, **fields)
    assert rendered
    assert not any(r.hdr or b"hdrgm" in r.body or b"MPF" in r.body for r in rendered.values())
    return losses == (Loss.HDR,)


def test_jpeg_renditions_alone_have_the_gain_map():
    losses, rendered = made(UPLOAD)
    assert losses == ()
    assert {name: r.hdr for (_, name), r in rendered.items()} == {
        "jpeg": True,
        "webp": False,
        "avif": False,
        "png": False,
    }
    plain = made(JPEG)[1]
    for key in plain:
        if key[1] != "jpeg":
            assert rendered[key] == plain[key]


def test_the_picture_of_a_rendition_is_what_it_is_without_a_gain_map():
    body = made(UPLOAD)[1]["one", "jpeg"].body
    plain = made(JPEG)[1]["one", "jpeg"].body
    first, second = taken_apart(body)
    assert opened(first).tobytes() == opened(body).tobytes() == opened(plain).tobytes()
    assert opened(body).format == "JPEG"
    flags, numbers = iso_of(second)
    assert flags == 0x40
    assert numbers == pytest.approx([0, 2.5, -1, 3, 1, 0, 1 / 64], abs=1e-5)


@pytest.mark.parametrize(
    ("fields", "size"),
    [
        ({"width": 48, "height": 48}, (12, 8)),
        ({"width": 96, "height": 64}, (24, 16)),
        ({"width": 200, "height": 200, "enlarge": True}, (24, 16)),  # viewers interpolate
        ({"width": 4, "height": 4}, (1, 1)),
    ],
)
def test_a_gain_map_is_resized_as_the_picture_is(fields, size):
    assert map_of(UPLOAD, **fields).size == size


def test_a_gain_map_in_colour_stays_in_colour():
    image = map_of(ultra_hdr(JPEG, spot((96, 64), "RGB")), width=48, height=48)
    assert (image.mode, image.size) == ("RGB", (24, 16))
    assert image.getpixel((4, 4)) == pytest.approx((230, 200, 170), abs=6)


def test_a_gain_map_is_averaged_not_sampled():
    lines = Image.new("L", (24, 16), 0)
    for x in range(0, 24, 2):
        lines.paste(200, (x, 0, x + 1, 16))
    image = map_of(ultra_hdr(JPEG, lines), width=60, height=60)  # decoded at its own size
    assert image.size == (15, 10)
    assert image.getextrema() == pytest.approx((100, 100), abs=30)


def test_padding_of_a_map_in_colour_with_one_gain_for_all_of_them():
    image = map_of(ultra_hdr(JPEG, spot(mode="RGB")), width=96, height=96, fit=Fit.CONTAIN)
    assert (image.mode, image.size) == ("RGB", (24, 24))
    assert image.getpixel((20, 0)) == pytest.approx((64, 64, 64), abs=12)


def test_a_gain_map_that_its_picture_does_not_announce_is_kept_or_told():
    silent = UPLOAD.replace(HDRGM.encode(), b"x" * len(HDRGM), 1)
    losses, rendered = made(silent)
    assert (losses, rendered["one", "jpeg"].hdr) == ((), True)
    assert is_dropped(silent, hdr=Hdr.DROP)


def test_a_gain_map_is_cropped_as_the_picture_is():
    """Of 96 x 64, the 64 x 64 in the middle are kept: the spot then ends half way across."""
    upload = ultra_hdr(JPEG, spot((96, 64)))
    image = map_of(upload, width=32, height=32, fit=Fit.COVER)
    assert image.size == (16, 16)
    bright = [image.getpixel((x, 2)) > 150 for x in (0, 6, 9, 15)]
    assert bright == [True, True, False, False]
    box = {"width": 32, "height": 32, "fit": Fit.COVER}
    side = Image.new("L", (96, 64), 64)
    side.paste(230, (0, 0, 20, 64))
    across = map_of(ultra_hdr(JPEG, side), **box)
    assert [across.getpixel((x, 4)) > 150 for x in (0, 2, 5)] == [True, False, False]
    tall = encoded(gradient((64, 96)), "JPEG")
    down = map_of(ultra_hdr(tall, side.transpose(Image.Transpose.TRANSPOSE)), **box)
    assert [down.getpixel((4, y)) > 150 for y in (0, 2, 5)] == [True, False, False]
    for image, size in ((side, (96, 64)), (side.transpose(Image.Transpose.TRANSPOSE), (64, 96))):
        mirrored = image.transpose(Image.Transpose.ROTATE_180)
        far = map_of(ultra_hdr(encoded(gradient(size), "JPEG"), mirrored), **box)
        assert far.transpose(Image.Transpose.ROTATE_180).getpixel((0, 0)) > 150
        assert far.getpixel((12, 12)) < 120


def test_a_gain_map_is_cropped_where_the_most_detail_is():
    picture = Image.new("RGB", (96, 32), (90, 90, 90))
    picture.paste(gradient((16, 32)).resize((32, 32), Image.Resampling.NEAREST), (64, 0))
    gain_map = Image.new("L", (96, 32), 64)
    gain_map.paste(230, (64, 0, 96, 32))
    upload = ultra_hdr(encoded(picture, "JPEG"), gain_map)
    image = map_of(upload, width=32, height=32, fit=Fit.COVER, position="attention")
    assert image.resize((1, 1)).getpixel((0, 0)) > 200


@pytest.mark.parametrize(
    ("gains", "neutral"),
    [
        (GAINS, 64),  # a quarter of the way from -1 to 3
        (GAINS | {"Gamma": "0.5"}, 128),
        (GAINS | {"GainMapMin": "1"}, 0),
        (GAINS | {"GainMapMin": "-3", "GainMapMax": "-1"}, 255),
        (GAINS | {"GainMapMin": "2", "GainMapMax": "2"}, 0),
    ],
)
def test_padding_has_no_gain(gains, neutral):
    bright = Image.new("L", (24, 16), 200)
    upload = ultra_hdr(JPEG, bright, gains_xmp(**gains))
    image = map_of(upload, width=96, height=96, fit=Fit.CONTAIN)
    assert image.size == (24, 24)
    assert image.getpixel((12, 12)) == pytest.approx(200, abs=3)
    assert [image.getpixel((12, y)) for y in (0, 23)] == pytest.approx([neutral] * 2, abs=4)


@pytest.mark.parametrize(
    ("photo", "divisor", "box"),
    [
        ((60, 96), 1, (21, 59)),
        ((96, 60), 1, (59, 22)),
        ((96, 60), 2, (59, 22)),
        ((8, 8), 8, (9, 8)),
    ],
)
def test_a_padded_map_lies_where_its_picture_lies_and_is_no_larger(photo, divisor, box):
    """Margins of an odd number of pixels are wider by one on the far side."""
    bright = Image.new("L", photo, 255)
    gain_map = bright.resize((photo[0] // divisor, photo[1] // divisor))
    upload = ultra_hdr(encoded(bright, "JPEG"), gain_map, gains_xmp(**GAINS))
    size = {"width": box[0], "height": box[1], "fit": Fit.CONTAIN}
    rendered = made(upload, one(formats=("jpeg",), quality=100, **size), background="#000000")[1][
        "one", "jpeg"
    ]
    first, second = (opened(part) for part in taken_apart(rendered.body))
    share = min(0.5, 1 / divisor)
    assert second.size == pytest.approx([max(1, side * share) for side in box], abs=1.5)
    if divisor < 3:
        edges = [image.convert("L").point(lambda v: 255 * (v > 150)) for image in (first, second)]
        in_picture, in_map = (edge.getbbox() for edge in edges)
        ratios = [first.width / second.width, first.height / second.height] * 2
        seen = [edge * ratio for edge, ratio in zip(in_map, ratios, strict=True)]
        assert seen == pytest.approx(in_picture, abs=1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_gain_map_is_turned_as_the_picture_is(orientation):
    picture = encoded(spot((96, 64)), "JPEG", exif=camera_exif(orientation))
    rendered = made(ultra_hdr(picture, spot()), one(formats=("jpeg",)))[1]["one", "jpeg"]
    first, second = (opened(data) for data in taken_apart(rendered.body))
    assert (first.width > first.height) == (second.width > second.height) == (orientation < 5)
    bright = [max(range(4), key=quarters(image).__getitem__) for image in (first, second)]
    assert bright[0] == bright[1]
    assert max(quarters(second)) > 3 * min(quarters(second))


def test_a_stack_may_drop_gain_maps():
    assert is_dropped(UPLOAD, hdr=Hdr.DROP)
    plain = made(JPEG)[1]
    assert made(UPLOAD, hdr=Hdr.DROP)[1] == plain


def test_without_a_jpeg_the_gain_map_is_lost():
    assert is_dropped(UPLOAD, one(formats=("webp", "avif", "png")))


def test_one_jpeg_is_enough_to_lose_nothing():
    renditions = one(formats=("webp",)), one(name="other", formats=("jpeg",))
    losses, rendered = made(UPLOAD, *renditions)
    assert losses == ()
    assert [r.hdr for r in rendered.values()] == [False, True]


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_gains_of_colours_hold_in_the_primaries_of_the_upload_alone(mode):
    wide = encoded(PHOTO, "JPEG", icc_profile=display_p3())
    losses, rendered = made(ultra_hdr(wide, spot(mode=mode)))
    is_kept = mode == "L"
    assert losses == ((Loss.WIDE_GAMUT,) if is_kept else (Loss.HDR, Loss.WIDE_GAMUT))
    assert rendered["one", "jpeg"].hdr is is_kept


@pytest.mark.parametrize(("mode", "is_kept"), [("L", True), ("RGB", False)])
def test_gains_in_other_primaries_than_the_picture_s_are_kept_of_grey_maps_alone(mode, is_kept):
    upload = ultra_hdr(JPEG, spot(mode=mode), iso(0, 2, 0, 2, 1, 0, 0, flags=0))
    assert made(upload)[1]["one", "jpeg"].hdr is is_kept


@pytest.mark.parametrize(
    ("size", "is_kept"),
    [
        ((96, 64), True),
        ((48, 32), True),
        ((49, 32), True),
        ((1, 1), True),
        ((97, 64), False),
        ((96, 65), False),
        ((192, 128), False),
        ((64, 64), False),
        ((64, 96), False),
    ],
)
def test_a_gain_map_is_no_larger_than_its_picture_and_of_its_shape(size, is_kept):
    upload = ultra_hdr(JPEG, Image.new("L", size, 99))
    losses, rendered = made(upload)
    assert rendered["one", "jpeg"].hdr is is_kept
    assert losses == (() if is_kept else (Loss.HDR,))


def test_a_gain_map_that_memory_does_not_hold_is_left_out():
    large = Image.new("L", (2200, 2200))
    upload = ultra_hdr(encoded(large, "JPEG"), encoded(large, "JPEG", progressive=True))
    one_jpeg = one(formats=("jpeg",))
    for memory_mb, is_kept in ((1024, True), (128, False)):
        fields = {"renditions": (one_jpeg,), "max_pixels": 10**8, "memory_mb": memory_mb}
        source = decode(upload, Task(**fields))
        assert (source.gain_map is not None) is is_kept
        assert (Loss.HDR in source.losses) is not is_kept


def test_time_for_a_gain_map_is_allowed_and_bounded(monkeypatch):
    allowed = []
    for data in (JPEG, UPLOAD):
        small = task(one(width=16, height=16, formats=("jpeg",)))
        decode(data, small, lambda *figures: allowed.append(figures))
    assert all(more > less for less, more in zip(*allowed, strict=True))
    known, pixels = by_name("jpeg"), 24 * 16
    more = [after - before for before, after in zip(*allowed, strict=True)]
    own = pixels / 1e6 * known.ms_per_megapixel["jpeg"]
    encoding = 16 * 16 / 1e6 * ENCODE["jpeg"]
    assert more[0] == pytest.approx(MARGIN * (own + encoding))
    held = known.bytes_per_pixel["jpeg"] + limits.RENDER_BYTES / 3**2  # decoded smaller
    assert more[1] == pytest.approx(len(known.find_gain_map(UPLOAD).data) + pixels * held)
    assert more[2] == pytest.approx(own)
    monkeypatch.setattr(hdr, "LONG_MS", allowed[1][2] * 0.999)
    assert is_dropped(UPLOAD)


@pytest.mark.parametrize("cut", [3, 40, 200, 400])
def test_a_gain_map_whose_end_is_missing_is_left_out(cut):
    assert is_dropped(UPLOAD[:-cut])


def test_whatever_is_damaged_the_picture_is_rendered():
    """Damage behind the picture changes nothing of it."""
    jpeg = one(formats=("jpeg",))
    expected = opened(made(JPEG, jpeg)[1]["one", "jpeg"].body).tobytes()
    start = len(UPLOAD) - len(taken_apart(UPLOAD)[1])
    chance = random.Random(0)
    kept = 0
    for _ in range(300):
        data = bytearray(UPLOAD)
        for _ in range(chance.randint(1, 12)):
            data[chance.randrange(start, len(data))] = chance.randrange(256)
        losses, rendered = made(bytes(data), jpeg)
        result = rendered["one", "jpeg"]
        assert opened(result.body).tobytes() == expected
        assert losses in ((), (Loss.HDR,))
        assert result.hdr is (losses == ())
        kept += result.hdr
    assert 0 < kept < 300


def test_no_metadata_of_the_upload_comes_along():
    secret = b"SECRET"
    exif = Image.Exif()
    exif[0x010E] = secret.decode()
    fields = {"exif": exif, "comment": secret, "icc_profile": display_p3() + secret}
    upload = ultra_hdr(
        encoded(PHOTO, "JPEG", **fields),
        encoded(spot(), "JPEG", **fields),
        gains_xmp(**GAINS, Secret="SECRET", GainMapVersion="SECRET"),
    )
    assert upload.count(secret) == 8
    for size in ((32, 32), (96, 64)):  # at these sizes, the map is not resized
        rendered = made(upload, one(formats=FORMATS, width=size[0], height=size[1]))[1]
        assert rendered["one", "jpeg"].hdr
        assert not any(secret in r.body for r in rendered.values())


def test_text_that_ends_in_the_mark_of_an_index_is_not_the_index():
    exif = Image.Exif()
    exif[0x010E] = "camera MPF"
    picture = encoded(PHOTO, "JPEG", exif=exif)
    start = picture.index(b"Exif\0\0") - 4
    end = start + 2 + int.from_bytes(picture[start + 2 : start + 4], "big")
    assert b"MPF\0" in picture[start:end]
    # EXIF comes first, as cameras write it.
    upload = ultra_hdr(picture[:start] + picture[end:], spot())
    assert made(upload[:2] + picture[start:end] + upload[2:])[0] == ()


def test_no_memory_and_failures_of_ours_are_not_told_as_a_damaged_map(monkeypatch):
    def failing(error):
        def load(*_arguments):
            raise error

        return load

    for error, expected in ((OSError(5, "Input/output error"), OSError), (KeyError(), KeyError)):
        known = by_name("jpeg").replace(load_gain_map=failing(error))
        found = known.find_gain_map(UPLOAD)
        with pytest.raises(expected):
            hdr.load_map(hdr.Keepable(known, found, 0, 0, 0), 1, 1, (96, 64))
    known = by_name("jpeg").replace(load_gain_map=failing(OSError("refused")))
    keepable = hdr.Keepable(known, found, 0, 0, 0)
    assert hdr.load_map(keepable, 1, 1, (96, 64)) is None
    monkeypatch.setattr(hdr, "was_refused_memory", lambda: True)
    with pytest.raises(MemoryError):
        hdr.load_map(keepable, 1, 1, (96, 64))


def test_cold_and_warm_and_after_a_damaged_one_it_is_the_same():
    expected = list(work(UPLOAD, task()))
    with isolated(task()) as isolation:
        for data in (UPLOAD, JPEG, UPLOAD[:-200], UPLOAD):
            last = list(isolation.run(data))
            if data is UPLOAD:
                assert last == expected
