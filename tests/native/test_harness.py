"""The C code outside Python: under sanitizers, without vectors, and on the other architecture."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.native.jobs import resizes

ROOT = Path(__file__).parents[2]
NATIVE = ROOT / "function" / "native"
SOURCES = [
    *(str(NATIVE / name) for name in ("resample.c", "weights.c")),
    str(Path(__file__).with_name("harness.c")),
]
FLAGS = ["-std=gnu11", "-fwrapv", "-ffp-contract=off", f"-I{NATIVE}"]
CASES = int(os.environ.get("CASES", "1500"))
"""Resizes tried on each build."""

GCC = shutil.which("gcc")
QEMU = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
needs_gcc = pytest.mark.skipif(GCC is None, reason="gcc is not installed; it has the sanitizers")
needs_qemu = pytest.mark.skipif(QEMU is None, reason="qemu-user is not installed")


def compile_with(command: list[str], program: Path) -> Path:
    done = subprocess.run(
        [*command, *FLAGS, *SOURCES, "-lm", "-o", str(program)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ZIG_GLOBAL_CACHE_DIR": str(ROOT / ".cache" / "native" / "zig")},
    )
    assert not done.returncode, done.stderr
    return program


def differences(command: list[str], *, seed: int) -> list[int]:
    """By how many levels each byte of each resize differs from Pillow's, where it does."""
    jobs = list(resizes(CASES, seed=seed))
    requests = b"".join(job.request() for job in jobs)
    done = subprocess.run(command, input=requests, capture_output=True, check=False, timeout=500)
    assert not done.returncode, done.stderr.decode()[-3000:]
    expected = b"".join(job.expected() for job in jobs)
    assert len(done.stdout) == len(expected)
    pairs = zip(done.stdout, expected, strict=True)
    return [abs(ours - pillows) for ours, pillows in pairs if ours != pillows]


@needs_gcc
@pytest.mark.parametrize("vectors", ["-mavx2", "-mno-avx"])
def test_no_byte_outside_an_image_is_touched_and_nothing_is_undefined(vectors, tmp_path):
    sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1"]
    flags = [*sanitizers, vectors, "-Wno-psabi"]
    program = compile_with([str(GCC), *flags], tmp_path / "sanitized")
    assert differences([str(program)], seed=1) == []


@needs_gcc
def test_the_sanitizers_would_notice(tmp_path):
    program = tmp_path / "wrong.c"
    program.write_text("#include <stdlib.h>\nint main(void) { return ((char *)malloc(3))[3]; }\n")
    flags = ["-fsanitize=address", "-o", str(tmp_path / "wrong")]
    subprocess.run([str(GCC), *flags, str(program)], check=True)
    done = subprocess.run([str(tmp_path / "wrong")], capture_output=True, check=False)
    assert b"heap-buffer-overflow" in done.stderr


@needs_qemu
def test_the_other_architecture_gives_the_same_pixels(tmp_path):
    zig = [sys.executable, "-m", "ziglang", "cc", "-target", "aarch64-linux-musl"]
    program = compile_with([*zig, "-static", "-O3"], tmp_path / "aarch64")
    assert differences([str(QEMU), str(program)], seed=2) == []
