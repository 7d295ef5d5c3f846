"""The compiler that comes from the package index: both architectures, equal bytes, clear errors."""

import importlib.util
import shutil
import subprocess
import sysconfig
import zipfile
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from pipeline.bundle import build, native
from pipeline.bundle.native import MODULE, compile_library
from pipeline.bundle.target import BundleError, Target

ROOT = Path(__file__).parents[4]
FOLDER = ROOT / "function" / "engine" / "native"
CACHE = ROOT / ".cache" / "native"
SOURCES = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
ARM = Target(python="3.13", machine="arm64")
X86 = Target(python="3.12", machine="x86_64")
ELF = {ARM: 183, X86: 62}
"""Numbers of the machines in an ELF file's header."""


@pytest.mark.parametrize("target", [ARM, X86])
def test_a_module_is_for_its_target(target):
    module = compile_library(SOURCES, target, CACHE)
    assert module[:4] == b"\x7fELF"
    assert int.from_bytes(module[18:20], "little") == ELF[target]
    assert b"PyInit__native" in module


@pytest.mark.parametrize("machine", ["arm64", "x86_64"])
def test_a_mac_has_its_module_too(machine, monkeypatch):
    monkeypatch.setattr(native.sys, "platform", "darwin")
    target = Target(python="3.13", machine=machine, native=True)
    assert compile_library(SOURCES, target, CACHE)[:4] == bytes.fromhex("cffaedfe")


def test_equal_sources_give_equal_bytes_wherever_they_are_compiled(tmp_path):
    (tmp_path / "zig").symlink_to(CACHE / "zig")
    first = compile_library(SOURCES, X86, CACHE)
    assert compile_library(SOURCES, X86, tmp_path) == first
    assert str(ROOT).encode() not in first


def test_a_changed_source_is_compiled_anew(tmp_path):
    (tmp_path / "zig").symlink_to(CACHE / "zig")
    sources = {"one.c": b"int one(void) { return 1; }\n"}
    first = compile_library(sources, X86, tmp_path)
    assert compile_library({"one.c": b"int two(void) { return 2; }\n"}, X86, tmp_path) != first
    modules = list(tmp_path.glob("*.so"))
    modules[0].write_bytes(b"found again")
    modules[1].write_bytes(b"found again")
    assert compile_library(sources, X86, tmp_path) == b"found again"


def test_a_source_that_does_not_compile_is_named(tmp_path):
    (tmp_path / "zig").symlink_to(CACHE / "zig")
    with pytest.raises(BundleError, match=r"does not compile for x86_64.*wrong\.c:1:5"):
        compile_library({"wrong.c": b"int = 1;\n"}, X86, tmp_path)


def test_a_missing_compiler_says_what_to_install(monkeypatch, tmp_path):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(native, "version", missing)
    with pytest.raises(BundleError, match=r"pip install -r requirements\.txt"):
        compile_library(SOURCES, X86, tmp_path)


def test_a_system_that_is_neither_linux_nor_macos_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(native.sys, "platform", "win32")
    with pytest.raises(BundleError, match="this system is win32"):
        compile_library(SOURCES, Target(python="3.13", machine="x86_64", native=True), tmp_path)


def test_the_bundle_has_the_targets_module_and_no_source(tmp_path):
    source = tmp_path / "function"
    shutil.copytree(FOLDER, source / "native")
    (source / "requirements.txt").write_text("")
    (source / MODULE).write_bytes(b"this machine's")
    cache = tmp_path / "cache"
    (cache / "native").mkdir(parents=True)
    (cache / "native" / "zig").symlink_to(CACHE / "zig")
    with zipfile.ZipFile(build(ARM, source=source, cache=cache).path) as archive:
        assert archive.namelist() == [f"function/{MODULE}"]
        assert archive.read(f"function/{MODULE}") == compile_library(SOURCES, ARM, CACHE)


def test_the_module_tells_of_a_cpu_without_its_vectors(tmp_path):
    """By a copy of module.c whose CPU check fails; vectors.py then leaves the pixels to Pillow."""
    (tmp_path / "zig").symlink_to(CACHE / "zig")
    asked = b"PyBool_FromLong(has_vectors())"
    assert SOURCES["module.c"].count(asked) == 1
    changed = SOURCES["module.c"].replace(asked, b"PyBool_FromLong(0 && has_vectors())")
    path = tmp_path / MODULE
    path.write_bytes(compile_library(SOURCES | {"module.c": changed}, Target.host(), tmp_path))
    spec = importlib.util.spec_from_file_location("_native", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.has_vectors() is False


@pytest.mark.skipif(
    not Path(sysconfig.get_path("include"), "Python.h").is_file() or not shutil.which("gcc"),
    reason="Python.h and gcc are what python.h is held against",
)
def test_our_declarations_are_those_of_python(tmp_path):
    """Every name and layout in python.h, compared with Python.h by the compiler."""
    ours = (FOLDER / "python.h").read_text()
    renamed = ours.replace("PyModuleDef", "OurModuleDef").replace("PyMethodDef", "OurMethodDef")
    kept = renamed[renamed.index("struct OurMethodDef") : renamed.index("enum {")]
    fields = {
        "OurMethodDef": {
            "name": "ml_name",
            "call": "ml_meth",
            "flags": "ml_flags",
            "doc": "ml_doc",
        },
        "OurModuleDef_Slot": {"slot": "slot", "value": "value"},
        "OurModuleDef": {
            "base": "m_base",
            "name": "m_name",
            "doc": "m_doc",
            "size": "m_size",
            "methods": "m_methods",
            "slots": "m_slots",
            "free": "m_free",
        },
    }
    lines = [
        "#define Py_LIMITED_API 0x030b0000",
        "#include <Python.h>",
        "#include <stddef.h>",
        kept,
        '_Static_assert(METH_VARARGS == 1, "numbers");',
    ]
    for name, pairs in fields.items():
        theirs = name.replace("Our", "Py")
        lines.append(f'_Static_assert(sizeof(struct {name}) == sizeof(struct {theirs}), "size");')
        lines += [
            f"_Static_assert(offsetof(struct {name}, {our}) == offsetof(struct {theirs}, {their}),"
            f' "{our}");'
            for our, their in pairs.items()
        ]
    (tmp_path / "check.c").write_text("\n".join(lines) + "\n")
    include = sysconfig.get_path("include")
    command = ["gcc", "-fsyntax-only", f"-I{include}", str(tmp_path / "check.c")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
