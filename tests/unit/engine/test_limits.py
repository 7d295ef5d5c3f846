import os
import platform
import subprocess
import sys

import pytest
from PIL import Image

from function.engine import formats
from function.engine.limits import (
    BASE_MB,
    COPIES,
    bytes_per_pixel,
    kind_megapixels,
    max_megapixels,
    room_bytes,
    usable_mb,
)
from pipeline.environment import GLIBC_TUNABLES
from tests.support.engine import every_kind


def test_every_kind_has_a_figure():
    animated = {"png-animated", "gif-animated", "webp-animated"}
    assert set(every_kind()) == {
        *formats.NAMES,
        *animated,
        *("jpeg-cmyk", "jpeg-progressive", "webp-planes", "bmp-rle", "heic-deep"),
    }


@pytest.mark.parametrize(
    ("memory", "expected"), [(128, 5), (256, 16), (512, 38), (1024, 52), (3008, 166)]
)
def test_the_default_cap_has_room_for_ordinary_kinds(memory, expected):
    assert max_megapixels(memory) == expected


@pytest.mark.parametrize("kind", every_kind())
@pytest.mark.parametrize("memory", [256, 512, 1024, 10240])
def test_a_picture_at_the_cap_fits_the_share_of_the_memory(kind, memory):
    for length in (0, 1_000_000, 25_000_000):
        pixels, cost = kind_megapixels(memory, kind, length) * 1e6, bytes_per_pixel(kind)
        assert pixels == 1e6 or pixels * cost <= room_bytes(memory, length)
        assert (pixels + 1e6) * cost > room_bytes(memory, length)


def test_an_upload_takes_the_base_and_three_times_its_bytes_of_what_it_may_fill():
    room = (usable_mb(1024) - BASE_MB) * 2**20 - COPIES * 1_000_000
    assert room_bytes(1024, 1_000_000) == pytest.approx(room)


def test_an_upload_may_fill_60_percent_of_1024_mb_and_above():
    assert usable_mb(1024) == pytest.approx(0.6 * 1024)
    assert usable_mb(3008) == pytest.approx(0.6 * 3008)
    assert usable_mb(512) == pytest.approx(0.9 * 512)
    assert [usable_mb(mb) for mb in (700, 900)] == [pytest.approx(614.4)] * 2


def test_the_bytes_of_an_upload_leave_less_room_for_pixels():
    assert kind_megapixels(256, "png", 25_000_000) < kind_megapixels(256, "png")
    assert room_bytes(128, 25_000_000) == 0


def test_a_12_megapixel_jpeg_fits_the_smallest_function():
    assert kind_megapixels(128, "jpeg") >= 12


def test_the_program_can_import_the_limits_without_pillow():
    names = "function.engine.renditions, function.engine.limits as limits"
    code = f"import sys, {names}; limits.max_megapixels(1024); sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


SEVERAL = """
import resource, sys
from pathlib import Path
from function.engine.decode import decode
from function.engine.render import render
from function.engine.renditions import DEFAULT_RENDITIONS
from function.engine.results import Task
task = Task(tuple(r.replace(formats=("jpeg", "webp")) for r in DEFAULT_RENDITIONS), 10**8)
for _ in range(5):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    list(render(decode(Path(sys.argv[1]).read_bytes(), task), task))
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(faults)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc's")
def test_the_memory_of_one_image_serves_the_next(tmp_path):
    upload = tmp_path / "upload.jpg"  # made here: the process measured holds nothing larger
    Image.radial_gradient("L").resize((4000, 3000)).convert("RGB").save(upload, quality=95)

    def faults(**environment: str) -> int:
        """Pages that the last of several images had the system map."""
        command = [sys.executable, "-c", SEVERAL, str(upload)]
        inherited = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
        done = subprocess.run(command, env=inherited | environment, capture_output=True, check=True)
        return int(done.stdout)

    assert faults(GLIBC_TUNABLES=GLIBC_TUNABLES) < faults() / 5
