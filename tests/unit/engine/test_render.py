import io
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from bench.photos import photo
from bench.ssim import ssim
from function.engine.decode import decode
from function.engine.errors import Rejected
from function.engine.layout import lay_out
from function.engine.render import render
from function.engine.renditions import FORMATS, Fit, Position, Quality, Rendition
from tests.support.pictures import display_p3, encoded, gradient, opened

MAX_PIXELS = 20_000_000


def one(**fields):
    return Rendition(**({"name": "one", "width": 32, "height": 32, "formats": ("png",)} | fields))


def rendered(data, *renditions, **options):
    quality = options.get("quality", Quality.FAST)
    source = decode(data, renditions, max_pixels=MAX_PIXELS, quality=quality)
    return list(render(source, renditions, **options))


def picture_of(data, **fields):
    return opened(rendered(data, one(**fields))[0].body)


@pytest.mark.parametrize(
    ("upload", "fields", "expected"),
    [
        ((4000, 3000), {"width": 1080, "height": 1080}, (1080, 810)),
        ((3000, 4000), {"width": 1080, "height": 1080}, (810, 1080)),
        ((2725, 2225), {"width": 720, "height": 588}, (720, 588)),
        ((1000, 333), {"width": 100, "height": 100}, (100, 33)),
        ((1000, 335), {"width": 100, "height": 100}, (100, 34)),
        ((4000, 1), {"width": 100, "height": 100}, (100, 1)),
        ((1, 1), {"width": 100, "height": 100}, (1, 1)),
        ((50, 40), {"width": 100, "height": 100}, (50, 40)),
        ((50, 40), {"width": 100, "height": 100, "enlarge": True}, (100, 80)),
        ((4000, 3000), {"width": 150, "height": 150, "fit": "cover"}, (150, 150)),
        ((50, 40), {"width": 150, "height": 150, "fit": "cover"}, (40, 40)),
        ((100, 400), {"width": 200, "height": 100, "fit": "cover"}, (100, 50)),
        ((50, 40), {"width": 150, "height": 150, "fit": "cover", "enlarge": True}, (150, 150)),
        ((50, 40), {"width": 150, "height": 100, "fit": "contain"}, (150, 100)),
    ],
)
def test_sizes_are_off_by_no_pixel(upload, fields, expected):
    assert lay_out(upload, one(**fields)).canvas == expected


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    size=st.tuples(st.integers(1, 260), st.integers(1, 260)),
    mode=st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"]),
    encoder=st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"]),
    box=st.tuples(st.integers(1, 200), st.integers(1, 200)),
    fit=st.sampled_from(Fit),
    position=st.sampled_from(Position),
    enlarge=st.booleans(),
    quality=st.sampled_from(Quality),
    output=st.sampled_from(["jpeg", "png", "webp"]),
)
def test_every_size_mode_and_format_ends_in_the_size_laid_out(
    size, mode, encoder, box, fit, position, enlarge, quality, output
):
    try:
        data = encoded(gradient(size, mode), encoder)
    except (OSError, ValueError):  # the encoder knows no such mode
        return
    rendition = one(
        width=box[0], height=box[1], fit=fit, position=position, enlarge=enlarge, formats=(output,)
    )
    (result,) = rendered(data, rendition, quality=quality)
    expected = lay_out(size, rendition).canvas
    assert (result.width, result.height) == expected
    assert opened(result.body).size == expected


def test_renditions_come_in_the_order_given():
    renditions = [one(name="a", width=8), one(name="c", width=40, formats=("jpeg", "webp"))]
    results = rendered(encoded(gradient(), "JPEG"), *renditions)
    assert [(r.rendition.name, r.format) for r in results] == [
        ("a", "png"),
        ("c", "jpeg"),
        ("c", "webp"),
    ]


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_output_format_is_what_it_says(format_name):
    (result,) = rendered(encoded(gradient(), "PNG"), one(formats=(format_name,)))
    assert opened(result.body).format == format_name.upper()


@pytest.mark.parametrize(
    ("format_name", "mode"),
    [
        ("jpeg", "RGB"),
        ("png", "RGBA"),
        ("webp", "RGBA"),
        ("avif", "RGBA"),
    ],
)
def test_alpha_is_kept_where_the_format_can(format_name, mode):
    data = encoded(gradient(mode="RGBA"), "PNG")
    assert picture_of(data, formats=(format_name,)).mode == mode


def test_alpha_is_flattened_on_the_background_for_jpeg():
    data = encoded(Image.new("RGBA", (32, 32), (255, 0, 0, 0)), "PNG")
    (result,) = rendered(data, one(formats=("jpeg",)), background="#204060")
    for got, want in zip(opened(result.body).getpixel((5, 5)), (32, 64, 96), strict=True):
        assert abs(got - want) <= 3


def test_transparent_pixels_do_not_bleed_into_their_neighbours():
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 32, 64))
    pixel = picture_of(encoded(image, "PNG"), width=16, height=16).getpixel((7, 8))
    assert pixel[0] < 12


@pytest.mark.parametrize(
    ("mode", "corner"), [("RGB", (255, 255, 255)), ("RGBA", (255, 255, 255, 0))]
)
def test_contain_pads_to_the_box_and_centres(mode, corner):
    image = Image.new(mode, (80, 40), (9, 9, 9) if mode == "RGB" else (9, 9, 9, 200))
    picture = picture_of(encoded(image, "PNG"), width=40, height=40, fit="contain")
    assert picture.size == (40, 40)
    assert picture.getpixel((0, 0)) == picture.getpixel((39, 39)) == corner
    for inside in ((20, 10), (20, 29)):
        assert all(8 <= level <= 10 for level in picture.getpixel(inside)[:3])
    assert picture.getpixel((20, 9)) == picture.getpixel((20, 30)) == corner


def test_cover_keeps_the_centre():
    image = Image.new("RGB", (300, 100), "white")
    image.paste("red", (100, 0, 200, 100))
    picture = picture_of(encoded(image, "PNG"), width=50, height=50, fit="cover")
    assert picture.crop((3, 0, 47, 50)).getcolors() == [(44 * 50, (255, 0, 0))]


@pytest.mark.parametrize("left", [0, 90, 200])
def test_attention_keeps_the_most_detailed_region(left):
    image = Image.new("RGB", (300, 100), (120, 120, 120))
    draw = ImageDraw.Draw(image)
    for x in range(left + 8, left + 92, 8):
        draw.line((x, 10, x, 90), "white", 3)
    for encoder in ("PNG", "JPEG"):
        picture = picture_of(
            encoded(image, encoder), width=50, height=50, fit="cover", position="attention"
        )
        assert len(re.findall("1+", _white_columns(picture))) >= 9


def _white_columns(picture):
    row = picture.convert("L").crop((0, 24, 50, 25)).tobytes()
    return "".join("1" if level > 160 else "0" for level in row)


def test_attention_without_detail_keeps_the_centre():
    image = Image.new("RGB", (300, 100), (90, 90, 90))
    image.paste((91, 90, 90), (140, 40, 160, 60))
    flat = Image.new("RGB", (300, 100), (90, 90, 90))
    for upload in (image, flat):
        fields = {"width": 50, "height": 50, "fit": "cover", "position": "attention"}
        assert picture_of(encoded(upload, "PNG"), **fields).size == (50, 50)


SECRETS = b"SECRET-GPS-51.5N"


def with_metadata(format_name):
    exif = Image.Exif()
    exif[0x010E] = SECRETS.decode()
    exif.get_ifd(0x8825)[1] = "N"
    options = {"exif": exif.tobytes(), "icc_profile": display_p3()}
    if format_name in {"JPEG", "PNG", "WEBP", "AVIF"}:
        options["xmp"] = b"<x:xmpmeta>" + SECRETS + b"</x:xmpmeta>"
    if format_name in {"JPEG", "GIF"}:
        options["comment"] = SECRETS
    return encoded(gradient((64, 64)), format_name, **options)


@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize("upload", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "HEIF", "GIF"])
def test_no_metadata_reaches_any_output(upload, format_name):
    data = with_metadata(upload)
    assert SECRETS in data
    (result,) = rendered(data, one(formats=(format_name,)))
    assert SECRETS not in result.body
    info = opened(result.body).info
    assert not {"exif", "xmp", "icc_profile", "comment", "photoshop", "XML:com.adobe.xmp"} & set(
        info
    )
    assert len(opened(result.body).getexif()) == 0


MOTION = [Image.new("RGB", (60, 40), colour) for colour in ("red", "lime", "blue")]


@pytest.mark.parametrize("format_name", ["GIF", "WEBP", "PNG"])
@pytest.mark.parametrize("fit", Fit)
def test_animations_stay_animated_when_asked(format_name, fit):
    data = encoded(
        MOTION[0],
        format_name,
        save_all=True,
        append_images=MOTION[1:],
        duration=[100, 200, 300],
        loop=3,
    )
    rendition = one(formats=("webp", "jpeg"), animated=True, fit=fit)
    moving, still = rendered(data, rendition)
    picture = Image.open(io.BytesIO(moving.body))
    assert picture.n_frames == 3
    assert picture.size == lay_out((60, 40), rendition).canvas
    assert picture.info["loop"] == 3
    durations = []
    for index in range(3):
        picture.seek(index)
        picture.load()
        durations.append(picture.info["duration"])
    assert durations == [100, 200, 300]
    assert picture.convert("RGB").getpixel((16, 16))[2] > 200
    assert getattr(opened(still.body), "n_frames", 1) == 1


def test_animations_are_stills_when_motion_is_not_asked_for():
    data = encoded(MOTION[0], "GIF", save_all=True, append_images=MOTION[1:], duration=50)
    (result,) = rendered(data, one(formats=("webp",)))
    assert opened(result.body).n_frames == 1


def test_an_animation_of_too_many_pixels_is_rejected():
    many = [Image.new("L", (40, 40), level) for level in range(200)]
    data = encoded(many[0], "GIF", save_all=True, append_images=many[1:], duration=20)
    rendition = one(formats=("webp",), animated=True)
    with pytest.raises(Rejected) as caught:
        decode(data, [rendition], max_pixels=40 * 40 * 10)
    assert caught.value.code == "too_many_frames"


def test_a_gif_of_countless_frames_is_rejected_without_counting_them_all():
    one_frame = b",\0\0\0\0\x01\0\x01\0\0\x02\x02L\x01\0"
    data = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff" + one_frame * 300_000 + b";"
    with pytest.raises(Rejected) as caught:
        decode(data, [one(formats=("webp",), animated=True)], max_pixels=MAX_PIXELS)
    assert caught.value.code == "too_many_frames"
    assert picture_of(data).size == (1, 1)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 2), (4000, 3)])
@pytest.mark.parametrize("fit", Fit)
@pytest.mark.parametrize("format_name", ["jpeg", "png"])
def test_extreme_shapes_work(size, fit, format_name):
    rendition = one(width=90, height=60, fit=fit, formats=(format_name,))
    (result,) = rendered(encoded(gradient(size), "PNG"), rendition)
    assert opened(result.body).size == lay_out(size, rendition).canvas


def line_art():
    image = Image.new("RGB", (1600, 1200), "white")
    draw = ImageDraw.Draw(image)
    for step in range(60):
        draw.line((step * 27, 0, 1600 - step * 13, 1200), (step * 3, 40, 90), 1 + step % 6)
        draw.ellipse((800 - step * 13, 600 - step * 9, 800 + step * 13, 600 + step * 9), outline=0)
    return image


def text():
    image = Image.new("RGB", (1600, 1200), "white")
    draw = ImageDraw.Draw(image)
    for row in range(40):
        draw.text(
            (20, row * 30),
            "The quick brown fox jumps over the lazy dog. " * 4,
            "black",
            font_size=26,
        )
    return image


@pytest.mark.parametrize("quality", Quality)
@pytest.mark.parametrize("upload", ["PNG", "JPEG"])
@pytest.mark.parametrize("make", [lambda: photo((1600, 1200)), text, line_art])
def test_resizing_stays_close_to_lanczos_from_full_size(make, upload, quality):
    data = encoded(make(), upload, **({"quality": 92} if upload == "JPEG" else {}))
    sizes = [one(name=f"w{width}", width=width, height=width) for width in (700, 432, 250, 128)]
    square = one(name="square", width=100, height=100, fit="cover")
    reference = opened(data).convert("RGB")
    for result in rendered(data, *sizes, square, quality=quality):
        fit = ImageOps.fit if result.rendition.fit == "cover" else ImageOps.contain
        box = (result.rendition.width, result.rendition.height)
        expected = fit(reference, box, Image.Resampling.LANCZOS)
        assert ssim(expected, opened(result.body)) >= 0.985


def test_planes_resize_as_close_as_rgb():
    data = encoded(photo((1601, 1203)), "JPEG", quality=95)
    rendition = one(width=431, height=431, formats=("jpeg",), quality=100)
    expected = ImageOps.contain(opened(data), (431, 431), Image.Resampling.LANCZOS)
    (result,) = rendered(data, rendition)
    assert ssim(expected, opened(result.body)) >= 0.985
    for band in range(3):
        difference = abs(_mean(expected, band) - _mean(opened(result.body), band))
        assert difference <= 1


def _mean(image, band):
    levels = image.getchannel(band).resize((1, 1), Image.Resampling.BOX)
    return levels.getpixel((0, 0))
