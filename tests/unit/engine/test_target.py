"""A target instead of a quality: what is encoded how often, and what becomes of the target."""

import io
import random
from itertools import pairwise

import pytest
from PIL import Image, ImageDraw

from bench.engines import judge
from function.engine import target, vectors
from function.engine.encode import encode, over
from function.engine.pixels import Bitmap, Planes, to_ycbcr
from function.engine.renditions import OutputFormat, Target
from function.engine.target import BEST, LOWEST, Encoded, reach, typical_quality
from function.engine.vectors import split
from tests.support.engine import one, rendered
from tests.support.pictures import encoded, gradient, opened

JPEG, WEBP, AVIF, PNG = OutputFormat
LOSSY = (JPEG, WEBP, AVIF)
WHITE = (255, 255, 255)


class Encodes:
    """The engine's encoder, which keeps what it was asked for."""

    def __init__(self, format_name):
        self.format = format_name
        self.asked = []
        self.full_chroma = False

    def __call__(self, pixels, quality, *, full_chroma=False):
        self.asked.append((pixels.size, quality))
        self.full_chroma = full_chroma
        return encode(pixels, self.format, quality, background=WHITE, full_chroma=full_chroma)

    def whole(self, size):
        return [quality for asked, quality in self.asked if asked == size]


def photo(size=(400, 300)):
    with Image.open("docs/page.webp") as page:
        return page.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def reached(picture, wanted, format_name, background=WHITE):
    encodes = Encodes(format_name)
    pixels = picture if isinstance(picture, Planes) else Bitmap(picture)
    return reach(pixels, wanted, format_name, encodes, background=background), encodes


@pytest.mark.parametrize("format_name", LOSSY)
@pytest.mark.parametrize("wanted", [65, 75, 85])
def test_the_score_comes_near_the_target_in_every_format(format_name, wanted):
    picture = photo()
    result, encodes = reached(picture, wanted, format_name)
    assert judge.score(picture, opened(result.body)) == pytest.approx(wanted, abs=4)
    assert 1 <= len(encodes.whole(picture.size)) <= 3
    assert result.quality in encodes.whole(picture.size)
    assert result.body == encode(Bitmap(picture), format_name, result.quality, background=WHITE)


@pytest.mark.parametrize("format_name", LOSSY)
def test_a_higher_target_never_has_a_lower_quality_of_a_typical_picture(format_name):
    qualities = [typical_quality(wanted, format_name) for wanted in range(65, 91)]
    assert qualities == sorted(qualities)
    assert all(above - below <= 8 for below, above in pairwise(qualities))


@pytest.mark.parametrize("format_name", LOSSY)
def test_a_higher_target_never_takes_many_fewer_bytes(format_name):
    """Each target is met within some points, so that neighbours may change places."""
    picture = photo((200, 150))
    sizes = [len(reached(picture, wanted, format_name)[0].body) for wanted in range(65, 91, 5)]
    assert all(above > 0.95 * below for below, above in pairwise(sizes))


def test_planes_and_pixels_give_the_same_webp():
    """A WebP is made of RGB, and the sample of the planes is the sample of their RGB."""
    planes = Planes(*split(to_ycbcr(photo())))
    assert reached(planes, 75, WEBP)[0] == reached(planes.image(), 75, WEBP)[0]
    assert opened(reached(planes, 75, JPEG)[0].body).size == (400, 300)


def test_the_sample_decides_where_to_start():
    _, encodes = reached(photo(), 75, JPEG)
    (sample, first), (whole, second) = encodes.asked[:2]
    assert (sample, whole) == ((144, 144), (400, 300))
    assert first == typical_quality(75, JPEG) != second


def test_a_narrow_picture_starts_from_a_typical_one():
    result, encodes = reached(photo((300, 95)), 75, JPEG)
    assert encodes.asked[0] == ((300, 95), typical_quality(75, JPEG))
    assert result.quality in [quality for _, quality in encodes.asked]


@pytest.mark.parametrize("tolerance", [0.0, 99.0])
def test_there_is_one_more_encode_at_most_and_none_within_the_tolerance(monkeypatch, tolerance):
    monkeypatch.setattr(target, "TOLERANCE", tolerance)
    monkeypatch.setattr(target, "THRICE_PIXELS", 0)
    result, encodes = reached(photo((300, 95)), 70, JPEG)
    assert len(encodes.asked) == (1 if tolerance else 2)
    assert result.quality in [quality for _, quality in encodes.asked]


@pytest.mark.parametrize("format_name", LOSSY)
def test_a_small_picture_is_encoded_a_third_time_and_comes_nearer(monkeypatch, format_name):
    """Thin lines: their score rises with the quality otherwise than a typical picture's."""
    picture = text_on_white()

    def misses(thrice, wanted):
        monkeypatch.setattr(target, "THRICE_PIXELS", thrice)
        result, encodes = reached(picture, wanted, format_name)
        off = abs(judge.score(picture, opened(result.body)) - wanted)
        return off, len(encodes.whole(picture.size))

    targets = range(65, 91, 5)
    twice, thrice = ([misses(most, each) for each in targets] for most in (0, 300_000))
    assert max(count for _, count in twice) == 2
    assert max(count for _, count in thrice) == 3
    assert sum(off for off, _ in thrice) < sum(off for off, _ in twice)


def test_a_picture_that_another_quality_does_not_change_is_not_encoded_a_third_time(monkeypatch):
    monkeypatch.setattr(target, "_measure", lambda *_: 2.0)
    _, encodes = reached(photo((200, 150)), 75, JPEG)
    assert len(encodes.whole((200, 150))) == 2


def test_a_large_picture_is_not_compared(monkeypatch):
    monkeypatch.setattr(target, "CHECKED_PIXELS", 400 * 300 - 1)
    monkeypatch.setattr(target, "TOLERANCE", 0.0)
    _, encodes = reached(photo(), 75, JPEG)
    assert len(encodes.whole((400, 300))) == 1
    monkeypatch.setattr(target, "CHECKED_PIXELS", 400 * 300)
    _, encodes = reached(photo(), 75, JPEG)
    assert len(encodes.whole((400, 300))) > 1


def text_on_white():
    picture = Image.new("RGB", (220, 160), "white")
    draw = ImageDraw.Draw(picture)
    for row in range(9):
        draw.text(
            (8, 4 + 17 * row), f"{row} the quick brown fox jumps {row * 731}", fill=(0, 0, 90)
        )
    return picture


def stripes(width):
    """Colours that are lost to chroma of half the size, at any quality."""
    image = Image.new("RGB", (120, 120))
    colours = ((255, 0, 0), (0, 0, 255))
    image.putdata([colours[x // width % 2] for _ in range(120) for x in range(120)])
    return image


def red_and_blue_dots(side):
    """WebP has no full chroma, so it loses these at any quality."""
    draw = random.Random(1)
    dots = Image.new("RGB", (side, side))
    dots.putdata([draw.choice(((255, 0, 0), (0, 0, 255))) for _ in range(side * side)])
    return dots


def test_a_target_out_of_reach_gets_nearly_the_best_there_is_for_fewer_bytes(monkeypatch):
    dots = red_and_blue_dots(200)
    result, encodes = reached(dots, 88, WEBP)
    best = encode(Bitmap(dots), WEBP, BEST, background=WHITE)
    assert encodes.whole((200, 200)) == [BEST, result.quality]
    assert len(result.body) < 0.9 * len(best)
    scores = [judge.score(dots, opened(body)) for body in (result.body, best)]
    assert scores[0] < 60
    assert scores[1] - scores[0] < 8
    monkeypatch.setattr(target, "CHECKED_PIXELS", 0)  # then it has no limit but its sample's
    result, encodes = reached(dots, 88, WEBP)
    assert encodes.whole((200, 200)) == [result.quality]
    assert result.quality < BEST


@pytest.mark.parametrize("thrice_pixels", [0, 300_000])
def test_a_target_in_reach_is_reached_though_the_sample_stays_far_below(monkeypatch, thrice_pixels):
    sample = Bitmap(red_and_blue_dots(144))
    monkeypatch.setattr(target, "take_sample", lambda _: sample)
    monkeypatch.setattr(target, "THRICE_PIXELS", thrice_pixels)
    result, encodes = reached(photo(), 85, WEBP)
    assert encodes.asked[1] == (sample.size, BEST)
    first, *others = encodes.whole((400, 300))
    assert first == BEST
    assert len(others) <= (2 if thrice_pixels else 1)
    assert result.quality < BEST
    assert judge.score(photo(), opened(result.body)) == pytest.approx(85, abs=4)


@pytest.mark.parametrize("format_name", [JPEG, AVIF])
def test_jpeg_and_avif_of_strong_colours_have_full_chroma(format_name):
    result, encodes = reached(stripes(3), 85, format_name)
    assert encodes.full_chroma is (format_name is JPEG)
    assert judge.score(stripes(3), opened(result.body)) > 80
    half = Planes(*split(to_ycbcr(stripes(3))))
    result, encodes = reached(half, 85, format_name)
    assert not encodes.full_chroma
    assert judge.score(stripes(3), opened(result.body)) < 80


def test_a_jpeg_of_a_photo_has_half_chroma():
    _, encodes = reached(photo(), 75, JPEG)
    assert not encodes.full_chroma


@pytest.mark.parametrize("format_name", LOSSY)
def test_a_blank_picture_takes_no_bytes_and_its_quality_is_bounded(format_name):
    result, encodes = reached(Image.new("RGB", (200, 160), (200, 30, 40)), 65, format_name)
    assert opened(result.body).size == (200, 160)
    assert len(result.body) < 1500
    assert min(encodes.whole((200, 160))) == LOWEST


@pytest.mark.parametrize("format_name", LOSSY)
@pytest.mark.parametrize("size", [(1, 1), (16, 16), (63, 300)])
def test_a_tiny_picture_gets_the_quality_of_a_typical_one(format_name, size):
    result, encodes = reached(photo(size), 75, format_name)
    assert opened(result.body).size == size
    assert encodes.asked == [(size, typical_quality(75, format_name))]


def test_from_64_pixels_on_a_picture_is_compared(monkeypatch):
    monkeypatch.setattr(target, "TOLERANCE", 0.0)
    _, encodes = reached(photo((64, 300)), 75, JPEG)
    assert len(encodes.asked) > 1


@pytest.mark.parametrize("format_name", LOSSY)
def test_of_two_encodes_the_nearer_one_is_taken(format_name):
    """A smooth drawing has much the same score at most qualities, and falls off at once."""
    drawing = gradient((400, 300))
    result, encodes = reached(drawing, 75, format_name)
    bodies = [
        encode(Bitmap(drawing), format_name, quality, background=WHITE)
        for quality in encodes.whole(drawing.size)
    ]
    misses = [abs(judge.score(drawing, opened(body)) - 75) for body in bodies]
    assert misses[bodies.index(result.body)] < min(misses) + 1  # the engine estimates them


@pytest.mark.parametrize("format_name", LOSSY)
def test_transparent_pixels_are_compared_over_the_background(format_name):
    picture = photo((200, 160)).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((200, 160)))
    result, _ = reached(picture, 80, format_name)
    seen = over(opened(result.body), WHITE).convert("RGB")
    assert judge.score(over(picture, WHITE), seen) == pytest.approx(80, abs=5)


def test_what_nobody_sees_takes_no_bytes():
    """Noise behind full transparency is a blank picture."""
    noise = Image.effect_noise((160, 160), 99).convert("RGBA")
    noise.putalpha(0)
    assert len(reached(noise, 80, WEBP)[0].body) < 1000


def test_a_png_has_no_quality():
    result, encodes = reached(photo(), 75, PNG)
    assert encodes.asked == [((400, 300), BEST)]
    assert opened(result.body).tobytes() == photo().tobytes()


def test_without_the_c_module_a_typical_picture_decides(monkeypatch):
    monkeypatch.setattr(vectors, "load_module", lambda: None)
    result, encodes = reached(photo(), 75, JPEG)
    assert result.quality == typical_quality(75, JPEG)
    assert len(encodes.whole((400, 300))) == 1


def test_the_same_picture_gives_the_same_bytes():
    assert reached(photo(), 75, AVIF)[0] == reached(photo(), 75, AVIF)[0]


def test_renditions_reach_their_own_targets():
    data = encoded(photo((640, 480)), "PNG")
    sizes = {"width": 200, "height": 200, "formats": ("jpeg", "webp")}
    low, high = (rendered(data, one(quality=Target(wanted), **sizes)) for wanted in (65, 85))
    assert all(len(a.body) < len(b.body) for a, b in zip(low, high, strict=True))
    assert [each.format for each in low] == ["jpeg", "webp"]


def test_an_animation_gets_the_quality_of_a_typical_picture():
    frames = [gradient((60, 40)), gradient((60, 40)).transpose(Image.Transpose.ROTATE_180)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    fields = {"formats": ("webp",), "animated": True}
    (aimed,) = rendered(data, one(quality=Target(75), **fields))
    (given,) = rendered(data, one(quality=typical_quality(75, WEBP), **fields))
    assert aimed.body == given.body
    assert Image.open(io.BytesIO(aimed.body)).n_frames == 2


def test_an_encoded_picture_is_its_bytes_and_its_quality():
    assert Encoded(b"a", 75).values() == (b"a", 75)
