"""Files made to exhaust a decoder, each in a process of its own with little time and memory."""

import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import ImageCms

from function.engine import colour
from function.engine.decode import decode
from function.engine.errors import Rejected
from function.engine.formats import png_rows
from function.engine.formats.gif_blocks import MAX_BLOCKS, drop_extensions
from function.engine.formats.jpeg_segments import (
    ARITHMETIC_SCANS,
    MAX_FILL,
    MAX_SCANNED_PIXELS,
    MAX_SCANS,
    MAX_SEGMENTS,
    USUAL_SCANS,
    check_scans,
    walk,
)
from function.engine.limits import MAX_FRAMES
from function.engine.render import render
from function.engine.renditions import DEFAULT_RENDITIONS
from tests.support.bombs import BOMBS, GIF, GIF_HEAD, JPEG, gif_with, jpeg_with, segment
from tests.support.pictures import display_p3, encoded, gradient, opened, png_chunk

CPU_SECONDS = 6
MEMORY_MB = 200
"""Most bombs took more of one of the two before they were stopped; for the others, such as GIF's
controls (3 s), the outcome is what a test can tell."""

ALONE = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({CPU_SECONDS}, {CPU_SECONDS}))
from function.engine.decode import decode
from function.engine.errors import Rejected
from function.engine.render import render
from function.engine.renditions import DEFAULT_RENDITIONS as sizes
try:
    source = decode(sys.stdin.buffer.read(), sizes, max_pixels=50_000_000, memory_mb=1024)
    outcome = len(list(render(source, sizes)))
except Rejected as rejection:
    outcome = rejection.code
with open("/proc/self/status") as status:
    print(outcome, next(int(line.split()[1]) // 1024 for line in status if "VmHWM" in line))
"""

REJECTED = {
    "png chunks": "too_complex",
    "png empty idats": "too_complex",
    "png profiles": "too_complex",
    "png texts": "too_complex",
    "png international texts": "too_complex",
    "jpeg sequential scans": "too_complex",
    "jpeg sequential scans, few": "too_complex",
    "jpeg progressive scans": "too_complex",
    "jpeg arithmetic scans": "too_complex",
    "jpeg segments": "too_complex",
    "jpeg exif": "metadata_too_large",
    "jpeg small exif": "too_complex",
    "jpeg fill 0": "too_complex",
    "jpeg fill 255": "too_complex",
    "gif comments": "too_complex",
    "gif controls": "too_complex",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_little_and_ends_in_renditions_or_a_rejection(name):
    done = subprocess.run(
        [sys.executable, "-c", ALONE],
        input=BOMBS[name](),
        capture_output=True,
        cwd=Path(__file__).parents[3],
        check=True,
    )
    outcome, peak_mb = done.stdout.decode().split()
    assert outcome == REJECTED.get(name, "8")
    assert int(peak_mb) < MEMORY_MB


def rejection(data):
    with pytest.raises(Rejected) as caught:
        decode(data, DEFAULT_RENDITIONS, max_pixels=50_000_000)
    return caught.value.code


def is_decoded(data):
    return decode(data, DEFAULT_RENDITIONS, max_pixels=50_000_000).size == (64, 48)


def test_one_transform_is_built_for_all_renditions_of_a_profile(monkeypatch):
    built = []
    build = ImageCms.buildTransform
    monkeypatch.setattr(
        ImageCms, "buildTransform", lambda *a, **k: built.append(a) or build(*a, **k)
    )
    colour._build_transform.cache_clear()
    colour._behaves_like_srgb.cache_clear()
    data = encoded(gradient((400, 300)), "JPEG", icc_profile=display_p3())
    source = decode(data, DEFAULT_RENDITIONS, max_pixels=10**6)
    assert len(list(render(source, DEFAULT_RENDITIONS))) == 8
    assert len(built) == 1


def test_a_profile_of_multi_process_elements_is_ignored():
    source = decode(BOMBS["icc elements"](), DEFAULT_RENDITIONS, max_pixels=10**6)
    assert source.image.tobytes() == gradient((32, 24)).tobytes()


@pytest.mark.parametrize("segments", [MAX_SEGMENTS - 10, MAX_SEGMENTS + 1])
def test_a_jpeg_may_have_some_segments(segments):
    data = jpeg_with(segment(0xFE, b"words") * segments)
    if segments > MAX_SEGMENTS:
        assert rejection(data) == "too_complex"
    else:
        assert is_decoded(data)


@pytest.mark.parametrize("byte", [b"\0", b"\x80", b"\xff"])
@pytest.mark.parametrize("length", [MAX_FILL - 2, MAX_FILL + 1])
def test_a_jpeg_may_have_some_fill(byte, length):
    data = (
        jpeg_with(b"\xff" + byte * length)
        if byte == b"\xff"
        else jpeg_with(segment(0xFE, b"words") + byte * length)
    )
    if length > MAX_FILL:
        assert rejection(data) == "too_complex"
    else:
        assert is_decoded(data)


def test_fill_to_the_end_of_a_file_counts():
    assert rejection(b"\xff\xd8\xff\xfe\0\2" + bytes(MAX_FILL + 1)) == "too_complex"


def test_exif_is_summed_over_its_segments():
    part = segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0" + bytes(60_000))
    assert is_decoded(jpeg_with(part * 17))
    assert rejection(jpeg_with(part * 18)) == "metadata_too_large"


def scans_of(image, **options):
    return walk(encoded(image, "JPEG", **options)).scans


def test_scans_are_counted_of_the_picture_alone():
    photo = gradient((64, 48))
    assert scans_of(photo) == 1
    assert scans_of(photo.convert("L")) == 1
    assert scans_of(photo, progressive=True) == 10
    assert scans_of(photo, exif=b"Exif\0\0" + JPEG * 3) == 1
    assert scans_of(photo, progressive=True, exif=b"Exif\0\0" + JPEG * 3) == 10
    assert walk(JPEG + encoded(photo, "JPEG", progressive=True)).scans == 1
    assert walk(encoded(photo, "JPEG", progressive=True) + JPEG).scans == 10


def test_an_end_of_image_in_a_comment_hides_no_scan():
    data = BOMBS["jpeg sequential scans"]()
    start = data.index(b"\xff\xda")
    after = start + 2 + int.from_bytes(data[start + 2 : start + 4])
    hidden = data[:after] + segment(0xFE, b"\xff\xd9") + data[after:]
    assert rejection(hidden) == "too_complex"


def test_a_header_without_a_scan_has_none():
    assert walk(JPEG[: JPEG.index(b"\xff\xda")]).scans == 0
    assert walk(b"\xff\xd8\xff\x02").scans == 0


@pytest.mark.parametrize(
    ("scans", "pixels", "fits"),
    [
        (USUAL_SCANS, 300_000_000, True),
        (USUAL_SCANS + 1, MAX_SCANNED_PIXELS // (USUAL_SCANS + 1), True),
        (USUAL_SCANS + 1, MAX_SCANNED_PIXELS // (USUAL_SCANS + 1) + 1, False),
        (MAX_SCANS, 1_000_000, True),
    ],
)
def test_scans_are_weighed_by_pixels(scans, pixels, fits):
    if fits:
        check_scans(scans, pixels)
    else:
        with pytest.raises(Rejected, match="scans"):
            check_scans(scans, pixels)


def test_arithmetic_scans_count_as_several():
    data = BOMBS["jpeg arithmetic scans"]()
    assert walk(data).scans == 19 * ARITHMETIC_SCANS
    assert walk(data.replace(b"\xff\xca", b"\xff\xc2", 1)).scans == 19
    assert walk(data.replace(b"\xff\xca", b"\xff\xc9", 1)).scans == 1


def test_a_png_may_have_some_compressed_chunks():
    data = encoded(gradient((64, 48)), "PNG")
    chunk = png_chunk(b"zTXt", b"a\0\0" + zlib.compress(b"words"))
    assert is_decoded(data[:33] + chunk * png_rows.MAX_COMPRESSED + data[33:])
    assert rejection(data[:33] + chunk * (png_rows.MAX_COMPRESSED + 1) + data[33:]) == "too_complex"


def test_a_sequential_jpeg_of_several_scans_needs_the_memory_of_a_progressive_one():
    data = BOMBS["jpeg sequential scans"]()
    three = data[: data.index(b"\xff\xda")] + segment(0xDA, bytes((1, 1, 0, 0, 63, 0))) * 3
    with pytest.raises(Rejected) as caught:
        decode(three + b"\xff\xd9", DEFAULT_RENDITIONS, max_pixels=10**9, memory_mb=512)
    assert caught.value.code == "too_many_pixels"


CONTROL = b"\x21\xf9\x04\x05\x0a\0\x03\0"
LOOP = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x05\0\0"


def test_a_gif_keeps_its_last_control_and_its_loop_alone():
    other = CONTROL.replace(b"\x0a", b"\x0b")
    noise = b"\x21\xfe\x02hi\x01x\0\x21\xff\x08XMP Data\x03abc\0\x21\x01\x01t\0\x07\x08"
    messy = gif_with(noise + LOOP + CONTROL + noise + LOOP + other + noise)
    assert drop_extensions(messy) == gif_with(LOOP + other)


def test_a_plain_gif_stays_as_it_is():
    moving = encoded(
        gradient((32, 24)), "GIF", save_all=True, append_images=[gradient((32, 24)).rotate(9)]
    )
    assert drop_extensions(moving) == moving
    assert opened(drop_extensions(moving)).n_frames == 2


@pytest.mark.parametrize("end", range(GIF_HEAD, len(GIF), 7))
def test_a_cut_gif_stays_cut(end):
    assert drop_extensions(GIF[:end]) == GIF[:end]


def test_images_beyond_the_frames_that_count_are_left_out():
    image = GIF[GIF_HEAD:-1]
    kept = drop_extensions(GIF[:GIF_HEAD] + image * (MAX_FRAMES + 50) + b";")
    assert kept == GIF[:GIF_HEAD] + image * (MAX_FRAMES + 1)


def test_a_gif_may_have_some_blocks():
    comment = b"\x21\xfe\x01a\0"
    assert opened(drop_extensions(gif_with(comment * (MAX_BLOCKS - 10)))).size == (32, 24)
    with pytest.raises(Rejected, match="blocks"):
        drop_extensions(gif_with(comment * MAX_BLOCKS))


def test_a_png_may_have_some_chunks(monkeypatch):
    data = encoded(gradient((32, 24)), "PNG")
    monkeypatch.setattr(png_rows, "MAX_CHUNKS", 3)
    png_rows.check_chunks(data)
    monkeypatch.setattr(png_rows, "MAX_CHUNKS", 2)
    with pytest.raises(Rejected, match="chunks"):
        png_rows.check_chunks(data)
