"""The time that an upload may take, by what it says that it is."""

import pytest

from function import contract
from function.engine import formats, tone
from function.engine.budget import MOST_SECONDS, TINY_MS, budget, clock_seconds
from function.engine.renditions import DEFAULT_RENDITIONS, Target
from function.engine.work import work
from tests.support.engine import MAX_PIXELS, SMALL, one
from tests.support.pictures import coded, encoded, gradient
from tests.support.probing_worker import TASK
from tests.support.uploads import UPLOADS


def seconds(*arguments, memory_mb=1024, **options):
    return clock_seconds(budget(*arguments, **options), memory_mb)


def test_a_tiny_file_has_half_a_second_at_1024_mb():
    assert seconds(1023, 1_000_000, 2600.0, SMALL) == pytest.approx(0.5, abs=0.001)
    assert seconds(1024, 1_000_000, 2600.0, SMALL) == MOST_SECONDS
    assert seconds(1023, 1_000_001, 2600.0, SMALL) == MOST_SECONDS


def test_a_tiny_file_has_time_for_renditions_of_a_pattern():
    """A tile of 16 by 16 pixels that repeats all over it fits into a kilobyte."""
    larger = [one(width=1000, height=1000, formats=("webp", "avif"))]
    assert seconds(1023, 1, 16.0, larger, memory_mb=None) == pytest.approx(2.25)
    assert seconds(1023, 1, 16.0, DEFAULT_RENDITIONS) == pytest.approx(3.484, abs=0.001)


def test_a_tiny_file_has_time_for_the_table_that_maps_its_colours():
    """An HDR picture of 250 bytes took 140 ms of CPU time in a new worker on a busy machine."""
    plain, hdr = (told_of(data) for data in (UPLOADS["png"][1], UPLOADS["png-hdr"][1]))
    assert len(UPLOADS["png-hdr"][1]) < 1024
    assert hdr - plain == pytest.approx(4 * tone.CUBE_MS)
    wide = coded(gradient((96, 64)), "PNG", 9, 13)
    assert len(wide) < 1024
    assert told_of(wide) == hdr


def told_of(data):
    """Return the CPU milliseconds that an upload is allowed."""
    told = []
    list(work(data, TASK, allow=lambda milliseconds, *_: told.append(milliseconds)))
    return told[-1]


def test_a_tiny_animation_has_time_for_its_frames():
    assert seconds(1023, 1000, 44.0, SMALL, frames=2) > seconds(1023, 1000, 44.0, SMALL)


def test_a_drawing_is_never_tiny():
    """Gradients over the whole of it take long, and few bytes."""
    drawing = seconds(995, 870_000, 1500.0, DEFAULT_RENDITIONS, is_drawing=True)
    assert drawing == seconds(1024, 870_000, 1500.0, DEFAULT_RENDITIONS) == MOST_SECONDS


def test_no_upload_has_more_than_9_seconds_at_1024_mb_so_that_storing_ends_within_10():
    assert MOST_SECONDS < contract.MOST_SECONDS == 10
    assert clock_seconds(1e9, 1024) == clock_seconds(1e9, 10240) == MOST_SECONDS
    assert clock_seconds(1e6, 1023) > 1000


def test_more_pixels_frames_and_renditions_take_longer():
    plain = seconds(10_000, 2_000_000, 16.0, SMALL)
    assert seconds(10_000, 4_000_000, 16.0, SMALL) > plain
    assert seconds(10_000, 2_000_000, 16.0, SMALL, frames=2) > plain
    assert seconds(10_000, 2_000_000, 16.0, DEFAULT_RENDITIONS) > plain
    moving = [one(width=500, height=500, formats=("webp",), animated=True)]
    still = [one(width=500, height=500, formats=("webp",))]
    more = seconds(10_000, 10_000, 16.0, moving, frames=9)
    assert more - seconds(10_000, 10_000, 16.0, still, frames=9) > 5


def test_a_target_has_time_for_two_encodes_and_their_comparison():
    given = [one(width=1000, height=1000, formats=("avif",))]
    aimed = [each.replace(quality=Target(75)) for each in given]
    none, once, several = (
        budget(10_000, 10_000, 16.0, renditions) for renditions in ([], given, aimed)
    )
    assert several - none == pytest.approx(3 * (once - none))


def test_a_small_target_has_time_for_three_encodes():
    given = [one(width=500, height=500, formats=("avif",))]
    aimed = [each.replace(quality=Target(75)) for each in given]
    none, once, several = (
        budget(10_000, 10_000, 16.0, renditions) for renditions in ([], given, aimed)
    )
    assert several - none == pytest.approx(4 * (once - none))


def test_a_small_function_has_more_time_by_the_clock():
    assert seconds(10_000, 100, 16.0, SMALL, memory_mb=512) == pytest.approx(
        2 * seconds(10_000, 100, 16.0, SMALL)
    )
    assert clock_seconds(1000, 1769) == clock_seconds(1000, 10240) == clock_seconds(1000, None) == 1


@pytest.mark.parametrize("name", UPLOADS)
def test_the_header_of_every_upload_sets_a_budget(name):
    told = []
    list(work(UPLOADS[name][1], TASK, lambda *allowed: told.append(allowed)))
    kinds = formats.by_name(UPLOADS[name][0]).bytes_per_pixel
    assert told
    assert all(0.28 <= milliseconds / 1000 < MOST_SECONDS for milliseconds, *_ in told)
    if name == "svg":
        assert all(milliseconds > 2 * TINY_MS for milliseconds, *_ in told)
    drawn = 32 * 24 if name == "svg" else 64 * 48  # a drawing has the pixels of its rendition
    assert all(drawn * min(kinds.values()) <= held < 1 << 20 for _, held, _ in told)
    assert all(0 < decoding < milliseconds for milliseconds, _, decoding in told)
    assert set(kinds) == set(formats.by_name(UPLOADS[name][0]).ms_per_megapixel)


def test_an_animation_is_given_time_for_its_frames_once_they_are_counted():
    frame = gradient((64, 64))
    more = [gradient((64, 64)).rotate(90 * turn) for turn in (1, 2, 3)]
    data = encoded(frame, "GIF", save_all=True, append_images=more)
    told = []
    task = TASK.replace(renditions=(one(formats=("webp",), animated=True),))
    list(work(data, task, lambda *costs: told.append(costs)))
    (still, _, one_frame), (moving, _, decoding) = told
    assert still < moving
    assert one_frame == pytest.approx(26.0 * 64 * 64 / 1e6)
    assert decoding == pytest.approx(44.0 * 4 * 64 * 64 / 1e6)
    assert MAX_PIXELS
