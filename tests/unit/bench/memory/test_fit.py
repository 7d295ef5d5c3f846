"""The engine accepts each size that is said to fit, and refuses the next larger one."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from bench.memory.evidence import stored
from bench.memory.fit import STEPS, Kind, decoded_as, kinds, largest
from function.engine import formats
from function.engine.decode import decode
from function.engine.errors import Rejected
from function.engine.limits import bytes_per_pixel
from function.engine.renditions import DEFAULT_RENDITIONS, Quality
from function.engine.results import Task
from pipeline.settings import Settings
from tests.support.engine import every_kind

DEFAULT = Settings()
PNG = tuple(each.replace(formats=("png",)) for each in DEFAULT_RENDITIONS)
PLAIN = Kind(name="png", bytes_per_pixel=7.0, file_bytes_per_pixel=0.0, measured_as="png")


def png(megapixels: float) -> bytes:
    """Return a file of a few kilobytes, whose decoder is never asked for pixels."""
    width = int((megapixels * 1.5e6) ** 0.5)
    buffer = io.BytesIO()
    Image.new("L", (width, int(megapixels * 1e6) // width)).save(buffer, "PNG", compress_level=9)
    return buffer.getvalue()


class _Accepted(BaseException):
    """Raised in place of decoding."""


def is_accepted(data: bytes, memory_mb: int, max_pixels: int) -> bool:
    """Ask the engine, which tells what it holds once the header is known, before it decodes."""

    def allow(_milliseconds, _held, _decoding):
        raise _Accepted

    try:
        decode(data, Task(DEFAULT_RENDITIONS, max_pixels, memory_mb), allow)
    except _Accepted:
        return True
    except Rejected:
        return False
    raise AssertionError("the engine asked for nothing")


@pytest.mark.parametrize("memory_mb", [128, 256])
def test_the_engine_accepts_what_fits_and_refuses_the_next_step(memory_mb):
    found = largest(PLAIN, replace(DEFAULT, memory=memory_mb, max_megapixels=30), memory_mb)
    following = STEPS[STEPS.index(found.megapixels) + 1]
    most = 1000 * 1_000_000
    assert found.limited_by == "memory"
    assert is_accepted(png(found.megapixels), memory_mb, most)
    assert not is_accepted(png(following), memory_mb, most)


def test_the_setting_that_refuses_more_is_named():
    bulky = replace(PLAIN, file_bytes_per_pixel=2.0)
    assert largest(PLAIN, DEFAULT, 1024).limited_by == "maxMegapixels"
    assert largest(PLAIN, DEFAULT, 1024).megapixels == 52
    own = largest(PLAIN, replace(DEFAULT, max_megapixels=20), 1024)
    assert (own.megapixels, own.limited_by) == (20, "maxMegapixels")
    assert largest(bulky, DEFAULT, 1024).limited_by == "maxUploadMb"
    assert largest(bulky, DEFAULT, 1024).megapixels == 12
    assert largest(bulky, replace(DEFAULT, max_upload_mb=30), 1024).megapixels == 15


def test_the_bytes_of_the_file_and_larger_renditions_leave_less_room():
    wide = (DEFAULT_RENDITIONS[0].replace(width=4000, height=4000),)
    plain = largest(PLAIN, DEFAULT, 256).megapixels
    assert largest(replace(PLAIN, file_bytes_per_pixel=1.3), DEFAULT, 256).megapixels < plain
    assert largest(PLAIN, replace(DEFAULT, renditions=wide), 256).megapixels <= plain
    assert largest(PLAIN, replace(DEFAULT, renditions=wide), 512).megapixels < 38


def test_nothing_that_memory_cannot_hold_fits():
    heavy = replace(PLAIN, bytes_per_pixel=1e9)
    found = largest(heavy, DEFAULT, 128)
    assert (found.megapixels, found.limited_by) == (0, "memory")


def test_every_kind_of_still_is_there_with_the_bulkiest_file_measured():
    found = {kind.name: kind for kind in kinds(stored(), DEFAULT)}
    stills = {kind for kind in every_kind() if kind != "svg" and "animated" not in kind}
    assert set(found) == stills
    assert [name.partition("-")[0] for name in found] == sorted(
        (name.partition("-")[0] for name in found), key=formats.NAMES.index
    )
    assert found["png"].measured_as == "png-alpha-profile"
    assert found["png"].file_bytes_per_pixel == 1.29
    assert all(kind.bytes_per_pixel == bytes_per_pixel(name) for name, kind in found.items())


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("renditions", [DEFAULT_RENDITIONS, PNG])
@pytest.mark.parametrize(("kind", "format_name"), [("jpeg", "JPEG"), ("webp-planes", "WEBP")])
def test_a_kind_is_the_one_that_its_format_tells(kind, format_name, renditions, native):
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, format_name)
    task = Task(renditions, 10**9, 1024, native_decoder=native)
    known = formats.by_name(kind.partition("-")[0])
    told = known.kind_of(buffer.getvalue(), renditions is not PNG, native)
    assert decoded_as(kind, task) == told


def test_a_stack_whose_outputs_keep_chroma_decodes_webp_to_more_bytes():
    best = kinds(stored(), replace(DEFAULT, quality=Quality.BEST))
    figures = {kind.name: kind.bytes_per_pixel for kind in best}
    assert figures["webp-planes"] == bytes_per_pixel("webp") > bytes_per_pixel("webp-planes")
