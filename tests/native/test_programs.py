"""The C code in separate programs: under sanitizers, without AVX2, and for aarch64."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.native.encodings import Encoding, encodings
from tests.native.jpegs import Decode, decodes
from tests.native.pairs import Pair, pairs
from tests.native.resizes import Resize, resizes
from tests.native.rows import Rows, pictures

ROOT = Path(__file__).parents[2]
NATIVE = ROOT / "function" / "engine" / "native"
FLAGS = ["-std=gnu11", "-fwrapv", "-ffp-contract=off", f"-I{NATIVE}"]
CASES = int(os.environ.get("CASES", "1500"))
"""Jobs for each build of each program."""

EMULATED = 3
"""Of that many jobs one is also done by the emulated program, which is 20 times slower."""

GCC = shutil.which("gcc")
QEMU = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static")
needs_gcc = pytest.mark.skipif(GCC is None, reason="gcc is not installed; it has the sanitizers")
needs_qemu = pytest.mark.skipif(QEMU is None, reason="qemu-user is not installed")


Job = Resize | Decode | Encoding | Rows | Pair


@dataclass(frozen=True)
class Program:
    """A main() that calls a part of the C code, and jobs for it."""

    main: str
    parts: tuple[str, ...]
    jobs: Sequence[Job]

    def compile(self, command: list[str], folder: Path) -> Path:
        program = folder / self.main.removesuffix(".c")
        parts = [str(NATIVE / part) for part in self.parts]
        source = str(Path(__file__).with_name(self.main))
        done = subprocess.run(
            [*command, *FLAGS, source, *parts, "-lm", "-o", str(program)],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "ZIG_GLOBAL_CACHE_DIR": str(ROOT / ".cache" / "native" / "zig")},
        )
        assert not done.returncode, done.stderr
        return program


PROGRAMS = [
    Program("resample.c", ("resample.c", "kernel.c"), list(resizes(CASES, seed=1))),
    Program(
        "decode.c", ("huffman_decode.c", "idct.c", "jpeg_decode.c"), list(decodes(CASES, seed=1))
    ),
    Program(
        "encode.c",
        ("fdct.c", "huffman_encode.c", "jpeg_encode.c", "planes.c"),
        list(encodings(CASES, seed=1)),
    ),
    Program("unfilter.c", ("unfilter.c",), list(pictures(CASES, seed=1))),
    Program("similarity.c", ("similarity.c",), list(pairs(CASES, seed=1))),
]
programs = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.main)


def wrong_jobs(command: list[str], jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs whose output is not exactly the expected bytes."""
    requests = b"".join(job.request() for job in jobs)
    done = subprocess.run(command, input=requests, capture_output=True, check=False, timeout=500)
    assert not done.returncode, done.stderr.decode()[-3000:]
    wrong: list[Job] = []
    at = 0
    for job in jobs:
        expected = job.expected()
        if done.stdout[at : at + len(expected)] != expected:
            wrong.append(job)
        at += len(expected)
    assert at == len(done.stdout)
    return wrong


@needs_gcc
@programs
@pytest.mark.parametrize("vectors", ["-mavx2", "-mno-avx"])
def test_no_byte_outside_is_touched_and_nothing_is_undefined(program, vectors, tmp_path):
    sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1"]
    flags = [*sanitizers, vectors, "-Wno-psabi"]
    compiled = program.compile([str(GCC), *flags], tmp_path)
    assert wrong_jobs([str(compiled)], program.jobs) == []


@needs_gcc
def test_the_sanitizers_would_notice(tmp_path):
    program = tmp_path / "wrong.c"
    program.write_text("#include <stdlib.h>\nint main(void) { return ((char *)malloc(3))[3]; }\n")
    flags = ["-fsanitize=address", "-o", str(tmp_path / "wrong")]
    subprocess.run([str(GCC), *flags, str(program)], check=True)
    done = subprocess.run([str(tmp_path / "wrong")], capture_output=True, check=False)
    assert b"heap-buffer-overflow" in done.stderr


@needs_qemu
@programs
def test_the_other_architecture_gives_the_same_pixels(program, tmp_path):
    zig = [sys.executable, "-m", "ziglang", "cc", "-target", "aarch64-linux-musl"]
    compiled = program.compile([*zig, "-static", "-O3"], tmp_path)
    assert wrong_jobs([str(QEMU), str(compiled)], program.jobs[::EMULATED]) == []


def test_the_jobs_are_of_both_kinds():
    """If all or no JPEGs were declined, the damage would test nothing."""
    decoded = sum(job.expected()[0] == 0 for job in PROGRAMS[1].jobs)
    assert 0.25 < decoded / CASES < 0.75
