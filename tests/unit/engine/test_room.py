"""The sums that ``decode`` and ``bench memory`` share."""

import pytest

from function.engine import formats, room
from function.engine.limits import PLANES_BYTES, RENDER_BYTES
from function.engine.renditions import DEFAULT_RENDITIONS, OutputFormat, Quality, Target
from function.engine.results import Task

TASK = Task(DEFAULT_RENDITIONS, 50_000_000, 1024)
LARGE = (6000, 4000)
PIXELS = 24_000_000


def test_a_task_without_a_memory_size_has_its_own_limit_alone():
    assert room.max_pixels(TASK.replace(memory_mb=None), "qoi", 0) == 50_000_000
    assert room.max_pixels(TASK, "jpeg", 0) == 50_000_000
    assert room.max_pixels(TASK, "qoi", 0) == 21_000_000
    assert room.max_pixels(TASK, "qoi", 100_000_000) < 21_000_000


@pytest.mark.parametrize(
    ("quality", "scale"), [(Quality.FAST, 1.25 * 1080 / 6000), (Quality.BEST, 2 * 1080 / 6000)]
)
def test_an_upload_is_decoded_larger_than_the_largest_rendition(quality, scale):
    assert room.decode_scale(LARGE, TASK.replace(quality=quality)) == pytest.approx(scale)


def test_planes_are_kept_where_every_output_halves_chroma():
    png = tuple(each.replace(formats=("jpeg", "png")) for each in DEFAULT_RENDITIONS)
    assert room.halves_chroma(TASK)
    assert not room.halves_chroma(TASK.replace(quality=Quality.BEST))
    assert not room.halves_chroma(TASK.replace(renditions=png))


def test_what_is_left_to_resize_is_scaled_down_by_whole_factors():
    jpeg, scale = formats.by_name("jpeg"), room.decode_scale(LARGE, TASK)
    assert scale == pytest.approx(0.225)
    assert room.held_bytes(TASK, jpeg, "jpeg", LARGE, scale) == PLANES_BYTES * PIXELS / 4**2
    assert room.held_bytes(TASK, jpeg, "jpeg-cmyk", LARGE, scale) == RENDER_BYTES * PIXELS / 3**2
    best = TASK.replace(quality=Quality.BEST)
    assert room.held_bytes(best, jpeg, "jpeg", LARGE, scale) == RENDER_BYTES * PIXELS / 3**2
    small = (1200, 800)
    whole = RENDER_BYTES * 1200 * 800
    assert room.held_bytes(TASK, jpeg, "jpeg-cmyk", small, room.decode_scale(small, TASK)) == whole


def test_a_target_needs_memory_for_the_largest_picture_that_is_compared():
    aimed = [each.replace(quality=Target(75)) for each in DEFAULT_RENDITIONS]
    assert room.compared_bytes(DEFAULT_RENDITIONS) == 0
    assert room.compared_bytes((*DEFAULT_RENDITIONS, aimed[1])) == 15 * 640 * 640
    assert room.compared_bytes(aimed) == 15 * 1080 * 1080
    # Small ones are compared at 256 pixels on a side.
    assert room.compared_bytes([aimed[0].replace(width=150, height=900)]) == 15 * 256 * 900
    assert room.compared_bytes([aimed[0].replace(width=9000, height=9000)]) == 15 * 2_100_000
    jpeg, scale = formats.by_name("jpeg"), room.decode_scale(LARGE, TASK)
    plain, more = (
        room.held_bytes(TASK.replace(renditions=tuple(each)), jpeg, "jpeg", LARGE, scale)
        for each in (DEFAULT_RENDITIONS, aimed)
    )
    assert more - plain == 15 * 1080 * 1080


def test_the_lossy_formats_of_targets_are_decoded_again():
    every = DEFAULT_RENDITIONS[0].replace(formats=tuple(OutputFormat))
    assert room.compared_formats([every]) == set()
    aimed = every.replace(quality=Target(75))
    assert room.compared_formats([every, aimed]) == {"jpeg", "webp", "avif"}
    assert room.compared_formats([aimed.replace(formats=("png",))]) == set()
