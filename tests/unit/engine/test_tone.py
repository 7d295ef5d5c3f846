"""HDR and wide colours to sRGB: by the Recommendations' formulas, and as libplacebo has it."""

import io
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from bench.engines.colours import ciede2000, delta_e
from function.engine import tone
from function.engine.cicp import HLG, PQ, Cicp
from function.engine.decode import decode
from function.engine.results import Task
from tests.support.engine import MAX_PIXELS, SMALL, one, picture_of
from tests.support.pictures import coded, display_p3, encoded, gradient
from tests.support.uploads import CUTOUT, HDR, PHOTO

TO_SRGB = {
    9: [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    12: [[1.2249, -0.2249, 0.0], [-0.0421, 1.0421, 0.0], [-0.0196, -0.0786, 1.0983]],
    1: np.eye(3),
}
M1, M2 = 0.1593017578125, 78.84375  # SMPTE ST 2084
C1, C2, C3 = 0.8359375, 18.8515625, 18.6875
WHITE, BLACK = 203.0, 0.203


def pq(nits):
    power = (np.maximum(nits, 0) / 10_000) ** M1
    return ((C1 + C2 * power) / (1 + C3 * power)) ** M2


def nits_of_pq(code):
    power = np.maximum(code, 0) ** (1 / M2)
    return 10_000 * (np.maximum(power - C1, 0) / (C2 - C3 * power)) ** (1 / M1)


def scene_of_hlg(code):
    low, high = code**2 / 3, (np.exp((code - 0.55991073) / 0.17883277) + 0.28466892) / 12
    return np.where(code <= 0.5, low, high)


def screen(nits, peak):
    """BT.2390, 5.4.1, and the screen's black and white as 0 and 1."""
    span = pq(max(peak, WHITE))
    e1, top, bottom = np.minimum(pq(nits) / span, 1), pq(WHITE) / span, pq(BLACK) / span
    knee = 1.5 * top - 0.5
    t = (e1 - knee) / (1 - knee) if knee < 1 else e1 * 0
    curve = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee)
    curve += (-2 * t**3 + 3 * t**2) * top
    e2 = np.where(e1 < knee, e1, curve) if knee < 1 else e1
    return (nits_of_pq((e2 + bottom * (1 - e2) ** 4) * span) - BLACK) / (WHITE - BLACK)


def expected(image, primaries, transfer):
    """The mapping, pixel by pixel, in floating point."""
    code = np.asarray(image.convert("RGB"), float) / 255
    if transfer not in {PQ, HLG}:
        light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
        shown = light @ np.array(TO_SRGB[primaries]).T
    else:
        decoded = nits_of_pq(code) if transfer == PQ else scene_of_hlg(code)
        light = decoded @ np.array(TO_SRGB[primaries]).T
        luminance = np.maximum(light @ [0.2126, 0.7152, 0.0722], 1e-9)[..., None]
        nits, peak = luminance, decoded.max()
        if transfer == HLG:
            nits, peak = 1000 * luminance**1.2, 1000 * decoded.max() ** 1.2
        shown = light * screen(nits, peak) / luminance
    shown = np.clip(shown, 0, 1)
    srgb = np.where(shown <= 0.0031308, 12.92 * shown, 1.055 * shown ** (1 / 2.4) - 0.055)
    return Image.fromarray(np.round(srgb * 255).astype(np.uint8))


def cube():
    """All colours, in steps of 15 levels, up to 225."""
    steps = np.arange(0, 226, 15, dtype=np.uint8)
    return Image.fromarray(np.stack(np.meshgrid(steps, steps, steps), -1).reshape(64, 64, 3))


def plain(primaries, transfer):
    return Cicp(primaries, transfer, matrix=0, full_range=True)


def greys(levels):
    return Image.fromarray(np.repeat(np.array(levels, np.uint8)[None, :, None], 3, 2))


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 2.5, 0), (50, 3.1736, 0.5854), 1.0),
        ((22.7233, 20.0904, -46.694), (23.0331, 14.973, -42.5619), 2.0373),
        ((90.8027, -2.0831, 1.441), (91.1528, -1.6435, 0.0447), 1.4441),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_measure_of_these_tests_is_right(one, other, difference):
    """Sharma, Wu and Dalal (2005), table 1."""
    found = ciede2000(np.array(one, float), np.array(other, float))
    assert found == pytest.approx(difference, abs=1e-4)


@pytest.mark.parametrize("primaries", [1, 9, 12])
@pytest.mark.parametrize("transfer", [13, PQ, HLG])
def test_the_mapping_is_that_of_the_recommendations(primaries, transfer):
    colours = cube()
    found = tone.to_srgb(colours, plain(primaries, transfer))
    difference = delta_e(found, expected(colours, primaries, transfer))
    assert difference.mean() < 0.2
    assert np.percentile(difference, 95) < 0.9


@pytest.mark.parametrize(("transfer", "white"), [(PQ, 0.5807), (HLG, 0.75)], ids=["PQ", "HLG"])
def test_diffuse_white_is_white_where_nothing_is_brighter(transfer, white):
    """203 nits: 58 % PQ, 75 % HLG (ITU-R BT.2408, table 1)."""
    found = np.asarray(tone.to_srgb(greys([0, round(255 * white)]), plain(9, transfer)))
    assert np.abs(found - [[[0], [255]]]).max() <= 1


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_greys_are_exact_to_two_levels(transfer):
    """Diffuse white makes room for what is brighter, which keeps its order."""
    steps = greys(range(200))
    found = np.asarray(tone.to_srgb(steps, plain(9, transfer)), int)
    assert np.abs(found - np.asarray(expected(steps, 9, transfer), int)).max() <= 2


def test_a_single_reflex_darkens_no_picture():
    picture = greys([100] * 40_000)
    picture.putpixel((7, 0), (255, 255, 255))
    assert tone.to_srgb(picture, plain(9, PQ)).getpixel((0, 0)) == tone.to_srgb(
        greys([100] * 40_000), plain(9, PQ)
    ).getpixel((0, 0))


def test_colours_of_srgb_stay_as_they_are():
    assert tone.to_srgb(PHOTO, plain(1, 13)) is PHOTO
    assert tone.to_srgb(PHOTO, plain(65_535, 65_535)) is PHOTO


@pytest.mark.parametrize("level", [0, 1])
def test_black_stays_black(level):
    assert max(tone.to_srgb(greys([level] * 9), plain(9, PQ)).getpixel((0, 0))) <= 1


def test_transparency_is_kept():
    mapped = tone.to_srgb(CUTOUT, plain(9, PQ))
    assert mapped.getchannel("A").tobytes() == CUTOUT.getchannel("A").tobytes()


@pytest.mark.parametrize("full_range", [True, False])
@pytest.mark.parametrize(("matrix", "red", "blue"), [(9, 0.2627, 0.0593), (1, 0.2126, 0.0722)])
def test_what_the_decoder_cut_off_is_given_back(matrix, red, blue, full_range):
    """Greys of ten bits, cut down to eight as luma and chroma, come out as greys again."""
    deep = np.arange(64 if not full_range else 0, 760)
    low, luma, chroma = (0, 255, 255) if full_range else (16, 219, 224)
    y, c = (deep >> 2) - low, (512 >> 2) - 128
    exact = deep / 1023 if full_range else (deep / 4 - 16) / 219
    lost = 0.375  # the mean of a quarter, a half and three quarters, and nothing
    r = y / luma + 2 * (1 - red) * (c - lost) / chroma
    b = y / luma + 2 * (1 - blue) * (c - lost) / chroma
    green = 1 - red - blue
    g = y / luma - 2 * (red * (1 - red) + blue * (1 - blue)) / green * (c - lost) / chroma
    cut = Image.fromarray(
        np.clip(np.round(np.stack([r, g, b], -1) * 255), 0, 255).astype(np.uint8)[None]
    )
    codes = Cicp(9, PQ, matrix, full_range, bits=10)
    want = Image.fromarray(np.repeat(np.round(exact * 255).astype(np.uint8)[None, :, None], 3, 2))
    restored, ignored = (
        delta_e(tone.to_srgb(cut, c), tone.to_srgb(want, plain(9, PQ)))[0, 60:].mean()
        for c in (codes, codes.replace(bits=8))
    )
    assert restored < 0.7 * ignored


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("full_range", [True, False])
def test_neutral_greys_stay_neutral(transfer, full_range):
    """Next to colours, whose chroma has lost bits."""
    picture = greys(range(200))
    picture.paste((110, 120, 100), (150, 0, 200, 1))
    codes = Cicp(9, transfer, 9, full_range, bits=10)
    found = np.asarray(tone.to_srgb(picture, codes), int)[0]
    assert np.ptp(found[:150], axis=1).max() <= 1
    luma_only = np.asarray(tone.to_srgb(picture, codes.replace(matrix=0)), int)[0]
    assert found[:150].tolist() == luma_only[:150].tolist()
    assert found[180].tolist() != luma_only[180].tolist()


@pytest.mark.parametrize("full_range", [1, 0])
@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_a_monochrome_picture_is_hdr_without_colours(transfer, full_range):
    steps = np.repeat(np.arange(64, 704, 10, dtype="<u2")[None], 64, 0)
    buffer = io.BytesIO()
    codes = {"color_primaries": 9, "transfer_characteristics": transfer}
    pillow_heif.from_bytes("L;10", (64, 64), steps.tobytes()).save(
        buffer, quality=-1, matrix_coefficients=9, full_range_flag=full_range, **codes
    )
    source = decode(buffer.getvalue(), Task((one(width=64, height=64),), MAX_PIXELS))
    assert source.losses == ("hdr",)
    assert np.ptp(np.asarray(source.image, int), axis=2).max() <= 1


def test_what_is_transparent_does_not_count_for_the_peak():
    picture = Image.new("RGBA", (64, 64), (140, 140, 140, 255))
    opaque = tone.to_srgb(picture, plain(9, PQ)).getpixel((40, 40))
    picture.paste((255, 255, 255, 0), (0, 0, 8, 8))
    assert tone.to_srgb(picture, plain(9, PQ)).getpixel((40, 40)) == opaque
    picture.paste((255, 255, 255, 1), (0, 0, 8, 8))
    assert tone.to_srgb(picture, plain(9, PQ)).getpixel((40, 40)) != opaque


def test_one_pixel_in_twenty_thousand_is_one_of_those_that_are_seen():
    picture = Image.new("RGBA", (200, 200), (140, 140, 140, 0))
    picture.paste((140, 140, 140, 255), (0, 0, 9, 9))
    alone = tone.to_srgb(picture, plain(9, PQ)).getpixel((5, 5))
    picture.putpixel((0, 0), (255, 255, 255, 255))
    assert tone.to_srgb(picture, plain(9, PQ)).getpixel((5, 5)) != alone


def test_a_picture_that_is_all_transparent_is_mapped():
    picture = Image.new("RGBA", (8, 8), (140, 140, 140, 0))
    assert tone.to_srgb(picture, plain(9, PQ)).getchannel("A").getextrema() == (0, 0)


@pytest.mark.parametrize("name", HDR)
def test_every_format_is_mapped(name):
    kind, data = HDR[name]
    transfer = HLG if kind == "heic" else PQ
    picture = CUTOUT if "alpha" in name else PHOTO
    source = decode(data, Task((one(width=96, height=64),), MAX_PIXELS))
    difference = delta_e(source.image, expected(picture, 9, transfer))
    assert difference.mean() < 2
    assert source.losses == ("hdr", "wide_gamut")


@pytest.mark.parametrize("format_name", ["PNG", "AVIF", "HEIF"])
@pytest.mark.parametrize("primaries", [9, 12])
def test_wide_primaries_without_a_profile(format_name, primaries):
    source = decode(
        coded(PHOTO, format_name, primaries, 13), Task((one(width=96, height=64),), MAX_PIXELS)
    )
    assert delta_e(source.image, expected(PHOTO, primaries, 13)).mean() < 1.5
    assert source.losses == ("wide_gamut",)


@pytest.mark.parametrize("format_name", ["PNG", "AVIF", "HEIF"])
def test_srgb_is_left_alone(format_name):
    data = coded(PHOTO, format_name, 1, 13)
    assert not decode(data, Task(SMALL, MAX_PIXELS)).losses
    assert delta_e(picture_of(data, width=96, height=64), PHOTO).mean() < 1


def test_a_large_picture_is_mapped_after_it_is_reduced():
    big = gradient((960, 640))
    reduced = decode(coded(big, "PNG", 9, PQ), Task(SMALL, MAX_PIXELS)).image
    assert reduced.width < 480
    assert delta_e(reduced, expected(big.resize(reduced.size), 9, PQ)).mean() < 1.5


def test_time_that_the_table_takes():
    before = time.process_time()
    tone.to_srgb(PHOTO, plain(9, PQ))
    assert time.process_time() - before < 0.3  # function/engine/budget.py, ``HEADER_MS``


def test_the_png_chunk_counts_before_the_profile():
    profile = encoded(PHOTO, "PNG", icc_profile=display_p3())
    at = profile.find(b"iCCP") - 4
    cicp = coded(PHOTO, "PNG", 9, PQ)[33:49]
    assert cicp[4:8] == b"cICP"
    data = profile[:at] + cicp + profile[at:]
    assert decode(data, Task(SMALL, MAX_PIXELS)).losses == ("hdr", "wide_gamut")


@pytest.mark.parametrize("codes", [(2, 2), (0, 0), (255, 255), (11, 13), (9, 2)])
def test_a_png_chunk_that_says_nothing_leaves_the_profile(codes):
    picture = Image.new("RGB", (8, 8), (220, 120, 60))
    data = encoded(picture, "PNG", icc_profile=display_p3())
    chunk = coded(picture, "PNG", *codes)[33:49]
    assert chunk[4:8] == b"cICP"
    found = decode(data[:33] + chunk + data[33:], Task(SMALL, MAX_PIXELS))
    assert found.losses == ("wide_gamut",)
    assert found.image.tobytes() == decode(data, Task(SMALL, MAX_PIXELS)).image.tobytes()
    assert found.image.tobytes() != picture.tobytes()


def hdr_scene():
    """Light, 1.0 at diffuse white: a sky with a sun, ground, and patches of all colours."""
    height, width = 240, 360
    y, x = np.mgrid[:height, :width]
    off = np.hypot(x - 260, y - 55)[..., None]
    sky = np.stack([0.25 + 0.3 * y / height, 0.45 + 0.3 * y / height, 0.9 - 0.2 * y / height], -1)
    light = sky * (0.5 + 1.2 * np.exp(-off / 80)) + [4.6, 4.2, 3.2] * np.exp(-((off / 19) ** 2))
    light[150:] = np.random.default_rng(5).random((90, width, 1)) * [0.12, 0.18, 0.06] + 0.05
    for column, colour in enumerate(np.ndindex(2, 2, 2)):
        for row, bright in enumerate((0.1, 0.6, 2.5)):
            at, left = 160 + 25 * row, 10 + 43 * column
            light[at : at + 20, left : left + 35] = (np.array(colour) * 0.95 + 0.05) * bright
    return np.clip(light @ np.linalg.inv(TO_SRGB[9]).T, 0, 1000 / WHITE)


def ffmpeg_with_libplacebo():
    """An ffmpeg that can run libplacebo here, or the reason to skip."""
    command = shutil.which("ffmpeg")
    if not command or not shutil.which("avifenc"):
        pytest.skip("ffmpeg and avifenc are needed: apt-get install ffmpeg libavif-bin")
    probe = ["-f", "lavfi", "-i", "color=size=64x64", "-vf", PLACEBO, "-frames:v", "1"]
    run = subprocess.run(
        [command, *DEVICE, *probe, "-f", "null", "-"], capture_output=True, check=False
    )
    if run.returncode:
        pytest.skip("this ffmpeg cannot run libplacebo (docs/engine.md names one that can)")
    return command


DEVICE = ("-loglevel", "error", "-y", "-init_hw_device", "vulkan")
PLACEBO = (
    "libplacebo=tonemapping=bt.2390:tonemapping_param=0.5:gamut_mode=clip:dithering=none"
    ":colorspace=gbr:color_primaries=bt709:color_trc=iec61966-2-1:range=pc:format=gbrp"
    ",hwdownload,format=gbrp"
)


@pytest.mark.parametrize("depth", ["8", "10", "12"])
def test_as_libplacebo_has_it(tmp_path: Path, depth):
    ffmpeg = ffmpeg_with_libplacebo()
    code = np.round(pq(hdr_scene() * WHITE) * 65_535).astype(">u2")
    height, width, _ = code.shape
    raw, upload, reference = (tmp_path / name for name in ("raw.png", "hdr.avif", "ref.png"))
    rgb = ("-f", "rawvideo", "-pix_fmt", "rgb48be", "-s", f"{width}x{height}", "-i", "-")
    subprocess.run([ffmpeg, *DEVICE, *rgb, raw], input=code.tobytes(), check=True)
    codes = ("-d", depth, "-y", "420", "--min", "4", "--max", "10", "--cicp", "9/16/9")
    subprocess.run(["avifenc", *codes, raw, upload], check=True, capture_output=True)
    shown = ("-vf", PLACEBO, "-frames:v", "1", "-pix_fmt", "rgb24", reference)
    subprocess.run([ffmpeg, *DEVICE, "-i", upload, *shown], check=True)
    source = decode(upload.read_bytes(), Task((one(width=width, height=height),), MAX_PIXELS))
    wanted = Image.open(io.BytesIO(reference.read_bytes()))
    assert delta_e(source.image, wanted).mean() < 3
