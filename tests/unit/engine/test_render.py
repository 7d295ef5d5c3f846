import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from bench.photos import photo
from function.engine.layout import lay_out
from function.engine.renditions import Fit, Position, Quality
from tests.support.engine import one, picture_of, rendered
from tests.support.pictures import encoded, gradient, opened
from tests.support.ssim import ssim


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
    assert [(r.name, r.format) for r in results] == [
        ("a", "png"),
        ("c", "jpeg"),
        ("c", "webp"),
    ]


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
    renditions = [*sizes, square]
    for rendition, result in zip(
        renditions, rendered(data, *renditions, quality=quality), strict=True
    ):
        fit = ImageOps.fit if rendition.fit == "cover" else ImageOps.contain
        box = (rendition.width, rendition.height)
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
