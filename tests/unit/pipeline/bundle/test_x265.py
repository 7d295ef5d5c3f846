"""The bundle without the encoder that libheif's wheel carries."""

import ctypes
import sys
from pathlib import Path

import pytest

from pipeline.bundle.native import compile_library
from pipeline.bundle.target import BundleError, Target
from pipeline.bundle.x265 import leave_out_encoder

ENCODER = "pillow_heif.libs/libx265-1234abcd.so.9"
DECODER = "pillow_heif.libs/libheif-1234abcd.so.1"
EVERYTHING = """
#pragma GCC visibility push(default)
const void *x265_api_get_9(int depth) { return (void *)(long)depth; }
const void *x265_param_alloc(void) { return 0; }
void x265_cleanup(void) {}
"""
USER = """
#pragma GCC visibility push(default)
extern const void *x265_api_get_9(int);
extern void x265_cleanup(void);
long encoders(void) { x265_cleanup(); return (long)x265_api_get_9(8) + (long)x265_api_get_9(10); }
"""

pytestmark = pytest.mark.skipif(Target.host().slug.startswith("darwin"), reason="not ELF")


@pytest.fixture
def library(tmp_path):
    compilers = Path(__file__).parents[4] / ".cache" / "native" / "zig"
    compilers.mkdir(parents=True, exist_ok=True)
    (tmp_path / "zig").symlink_to(compilers)  # or each test builds the C library of its target

    def make(name, code, target=None):
        target = target or Target.host()
        return compile_library({"a.c": code.encode()}, target, tmp_path, name.rpartition("/")[2])

    return make


def test_the_encoder_is_one_that_has_no_encoder(library, tmp_path):
    files = {ENCODER: library(ENCODER, EVERYTHING), DECODER: library(DECODER, USER), "a.py": b""}
    replaced = leave_out_encoder(files, Target.host(), tmp_path)
    assert {name for name in files if files[name] != replaced[name]} == {ENCODER}
    path = tmp_path / "encoder.so"
    path.write_bytes(replaced[ENCODER])
    ctypes.CDLL(str(path), ctypes.RTLD_GLOBAL)
    (tmp_path / "user.so").write_bytes(files[DECODER])
    assert ctypes.CDLL(str(tmp_path / "user.so")).encoders() == 0
    assert ENCODER.rpartition("/")[2].encode() in replaced[ENCODER]  # its soname
    assert b"x265_param_alloc" not in replaced[ENCODER]


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_it_is_built_for_the_target(library, tmp_path, architecture):
    target = Target.for_lambda("python3.13", architecture)
    files = {
        ENCODER: library(ENCODER, EVERYTHING, target),
        DECODER: library(DECODER, USER, target),
    }
    replaced = leave_out_encoder(files, target, tmp_path)[ENCODER]
    assert replaced[18:20] == files[ENCODER][18:20]


def test_a_wheel_that_needs_more_of_the_encoder_is_refused(library, tmp_path):
    code = "extern void *x265_param_alloc(void);\nvoid *use(void) { return x265_param_alloc(); }"
    wants = f"#pragma GCC visibility push(default)\n{code}"
    files = {ENCODER: library(ENCODER, EVERYTHING), DECODER: library(DECODER, wants)}
    with pytest.raises(BundleError, match=r"x265_param_alloc of .*libx265-1234abcd.so.9 is used"):
        leave_out_encoder(files, Target.host(), tmp_path)


def test_what_another_library_offers_too_is_not_missed(library, tmp_path):
    other = "void x265_param_alloc(void) {}"
    files = {
        ENCODER: library(ENCODER, EVERYTHING),
        DECODER: library(
            DECODER, "extern void x265_param_alloc(void); void *f = x265_param_alloc;"
        ),
        "a.so": library("a.so", f"#pragma GCC visibility push(default)\n{other}"),
    }
    assert len(leave_out_encoder(files, Target.host(), tmp_path)[ENCODER]) < len(files[ENCODER])


def test_files_without_the_encoder_stay_as_they_are(library, tmp_path):
    files = {DECODER: library(DECODER, USER), "libx265.txt": b"x"}
    assert leave_out_encoder(files, Target.host(), tmp_path) == files


def test_a_missing_package_says_what_to_install(library, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "elftools.elf.elffile", None)
    with pytest.raises(BundleError, match="pyelftools is missing; run"):
        leave_out_encoder(
            {ENCODER: library(ENCODER, EVERYTHING), DECODER: library(DECODER, USER)},
            Target.host(),
            tmp_path,
        )
