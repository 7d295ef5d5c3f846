import os
import platform
import subprocess
import sys

import pytest
from PIL import Image

from function.engine import formats
from function.engine.limits import (
    BASE_MB,
    bytes_per_pixel,
    every_kind,
    kind_megapixels,
    max_megapixels,
)
from pipeline.resizer import GLIBC_TUNABLES


def test_every_kind_has_a_figure():
    assert set(every_kind()) == {*formats.NAMES, "jpeg-cmyk", "jpeg-progressive", "webp-planes"}


@pytest.mark.parametrize(
    ("memory", "expected"), [(128, 1), (256, 8), (512, 22), (1024, 50), (3008, 160)]
)
def test_the_default_cap_is_what_the_costliest_format_bears(memory, expected):
    assert max_megapixels(memory) == expected


@pytest.mark.parametrize("kind", every_kind())
def test_the_cap_and_the_base_fit_the_memory(kind):
    for memory in (256, 512, 1024, 10240):
        used = kind_megapixels(memory, kind) * 1e6 * bytes_per_pixel(kind) / 2**20 + BASE_MB
        assert memory - 20 <= used <= memory


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
from function.engine.renditions import DEFAULT_RENDITIONS as SIZES
for _ in range(5):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    list(render(decode(Path(sys.argv[1]).read_bytes(), SIZES, max_pixels=10**8), SIZES))
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
