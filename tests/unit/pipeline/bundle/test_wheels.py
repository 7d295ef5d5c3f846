"""Wheels: only pinned ones, for the target alone, and pip's errors in one sentence."""

import re
import sys
from pathlib import Path

import pytest

from pipeline.bundle import BundleError, build, wheels
from tests.support.tiny_wheel import ARM, THIS, TINY, X86, elf, make_wheel, names

ROOT = Path(__file__).parents[4]


def test_an_edit_of_the_function_needs_no_index(source, cache, index):
    before = build(THIS, source=source, cache=cache)
    for wheel in index.iterdir():
        wheel.unlink()
    (source / "handler.py").write_text("handle = print\n")
    assert build(THIS, source=source, cache=cache).sha256_base64 != before.sha256_base64


@pytest.mark.parametrize("target", [ARM, X86])
def test_a_missing_wheel_names_package_and_target(target, source, cache, index):
    for wheel in index.iterdir():
        wheel.unlink()
    pin = make_wheel(index, "cp313-cp313-win_amd64", TINY)
    (source / "requirements.txt").write_text(pin)
    expected = rf"^tiny==1\.0 has no wheel for {re.escape(str(target))}.*; choose [^\n]*\.$"
    with pytest.raises(BundleError, match=expected):
        build(target, source=source, cache=cache)


def test_a_wheel_that_is_not_pinned_is_refused(source, cache, index):
    (source / "requirements.txt").write_text(f"tiny==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(BundleError, match=r"^The wheel of tiny==1\.0 .* compile that file again"):
        build(THIS, source=source, cache=cache)


def test_offline_with_an_empty_cache_is_one_sentence(source, cache, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(BundleError, match=r"^The package index cannot be reached .* connect once"):
        build(THIS, source=source, cache=cache)
    assert list(cache.iterdir()) == []


def test_a_python_without_pip_is_one_sentence(source, cache, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (tmp_path / "python").write_text("#!/bin/sh\necho No module named pip >&2\nexit 1\n")
    (tmp_path / "python").chmod(0o755)
    with pytest.raises(BundleError, match="ensurepip"):
        build(THIS, source=source, cache=cache)


def test_the_file_that_pins_a_missing_wheel_is_named():
    output = "ERROR: No matching distribution found for tiny==1.0\n"
    assert "hashes of signer/requirements.txt" in str(
        wheels.explain(output, ARM, "signer/requirements.txt")
    )


def test_whatever_else_pip_says_is_passed_on():
    assert "disk full" in str(wheels.explain("ERROR: disk full\n", ARM, "a.txt"))
    assert "Killed" in str(wheels.explain("Killed\n", ARM, "a.txt"))


@pytest.mark.parametrize("tag", ["manylinux_2_17", "manylinux_2_24", "manylinux_2_34"])
def test_takes_wheels_that_amazon_linux_2023_loads(tag, source, cache, index):
    for wheel in index.iterdir():
        wheel.unlink()
    files = {**TINY, "tiny/_tiny.abi3.so": elf(183)}
    pin = make_wheel(index, f"cp311-abi3-{tag}_aarch64", files)
    (source / "requirements.txt").write_text(pin)
    assert "tiny/_tiny.abi3.so" in names(build(ARM, source=source, cache=cache).path)


def test_refuses_wheels_that_need_a_newer_glibc(source, cache, index):
    for wheel in index.iterdir():
        wheel.unlink()
    pin = make_wheel(index, "cp311-abi3-manylinux_2_35_aarch64", TINY)
    (source / "requirements.txt").write_text(pin)
    with pytest.raises(BundleError, match="has no wheel"):
        build(ARM, source=source, cache=cache)


@pytest.mark.parametrize(("target", "machine"), [(ARM, 183), (X86, 62)])
def test_a_library_of_the_right_architecture_passes(target, machine):
    wheels.check_architecture({"a.libs/liba.so.1": elf(machine)}, target)


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("tiny/_tiny.so", elf(62), "x86_64"),
        ("tiny.libs/libtiny.so.1.2", elf(62), "x86_64"),
        ("tiny/helper", elf(62), "x86_64"),
        ("tiny/_tiny.so", elf(243), "another system"),
        ("tiny/_tiny.so", b"\xcf\xfa\xed\xfe", "another system"),
        ("tiny/_tiny.so", b"\x7fELF", "another system"),
    ],
)
def test_a_library_of_another_architecture_is_refused(name, data, found):
    with pytest.raises(BundleError, match=rf"^{re.escape(name)} is built for {found}"):
        wheels.check_architecture({name: data}, ARM)


def test_a_mislabelled_wheel_is_refused(source, cache, index):
    for wheel in index.iterdir():
        wheel.unlink()
    files = {"tiny/_tiny.so": elf(62)}
    pin = make_wheel(index, "cp313-cp313-manylinux_2_28_aarch64", files)
    (source / "requirements.txt").write_text(pin)
    with pytest.raises(BundleError, match=r"tiny/_tiny\.so is built for x86_64"):
        build(ARM, source=source, cache=cache)


def test_the_lock_means_the_same_on_every_host_and_names_no_machine():
    lines = (ROOT / "function" / "requirements.txt").read_text().splitlines()
    code = [line for line in lines if not line.lstrip().startswith("#")]
    assert not [line for line in code if ";" in line], "pip reads markers for the host's Python"
    assert not [line for line in lines if "://" in line or "/work" in line or "--find" in line]


def test_the_lock_pins_what_the_function_asks_for():
    asked = (ROOT / "function" / "requirements.in").read_text()
    locked = (ROOT / "function" / "requirements.txt").read_text()
    pattern = re.compile(r"^([\w-]+==[\w.]+)", re.MULTILINE)
    assert set(pattern.findall(asked)) == set(pattern.findall(locked))
