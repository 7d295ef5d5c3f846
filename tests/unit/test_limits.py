import subprocess
import sys

import pytest

from function.limits import BASE_MB, BYTES_PER_PIXEL, kind_megapixels, max_megapixels
from function.sniff import KINDS


def test_every_kind_has_a_figure():
    assert set(BYTES_PER_PIXEL) == {*KINDS, "jpeg-progressive", "webp-planes"}


@pytest.mark.parametrize(
    ("memory", "expected"), [(128, 1), (256, 8), (512, 22), (1024, 50), (3008, 160)]
)
def test_the_default_cap_is_what_the_costliest_format_bears(memory, expected):
    assert max_megapixels(memory) == expected


@pytest.mark.parametrize("kind", BYTES_PER_PIXEL)
def test_the_cap_and_the_base_fit_the_memory(kind):
    for memory in (256, 512, 1024, 10240):
        used = kind_megapixels(memory, kind) * 1e6 * BYTES_PER_PIXEL[kind] / 2**20 + BASE_MB
        assert memory - 20 <= used <= memory


def test_a_12_megapixel_jpeg_fits_the_smallest_function():
    assert kind_megapixels(128, "jpeg") >= 12


def test_the_program_can_import_the_limits_without_pillow():
    code = "import sys, function.limits, function.schema; sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
