"""Bytecode of the target's own Python, wherever that is installed."""

import os
import re
import sys
import zipfile
from pathlib import Path

import pytest

from pipeline.bundle import BundleError, build
from pipeline.bundle.bytecode import Interpreter, find_interpreter
from tests.support.tiny_wheel import THIS, THIS_VERSION

NOBODY = 65534
"""Number of a user who owns nothing."""


def fake_python(folder: Path, says: str) -> Path:
    """Write a ``python3.99`` that answers every question with ``says``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "python3.99"
    path.write_text(f"#!/bin/sh\necho {says}\n")
    path.chmod(0o755)
    return path


def test_every_source_has_unchecked_bytecode_where_cpython_looks(source, cache):
    with zipfile.ZipFile(build(THIS, source=source, cache=cache).path) as archive:
        sources = {name for name in archive.namelist() if name.endswith(".py")}
        compiled = {name for name in archive.namelist() if name.endswith(".pyc")}
        flags = {int.from_bytes(archive.read(name)[4:8], "little") for name in compiled}
    tag = sys.implementation.cache_tag
    expected = {re.sub(r"([^/]+)\.py$", rf"__pycache__/\1.{tag}.pyc", name) for name in sources}
    assert compiled == expected
    assert flags == {0b01}


def test_tracebacks_name_lambdas_path(source, cache):
    with zipfile.ZipFile(build(THIS, source=source, cache=cache).path) as archive:
        name = next(name for name in archive.namelist() if "handler.cpython" in name)
        assert b"/var/task/function/handler.py" in archive.read(name)


def test_a_source_that_does_not_compile_is_one_sentence(source, cache):
    (source / "handler.py").write_text("def handle(:\n")
    with pytest.raises(BundleError, match=r"does not compile .*function/handler\.py") as error:
        build(THIS, source=source, cache=cache)
    assert "\n" not in str(error.value)


def test_finds_the_running_interpreter_first():
    version = "{}.{}.{}".format(*sys.version_info[:3])
    assert find_interpreter(THIS_VERSION) == Interpreter(sys.executable, version)


def test_finds_no_interpreter_where_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_interpreter("3.99") is None


@pytest.mark.parametrize(
    ("variable", "folder"),
    [
        ("PATH", "."),
        ("PYENV_ROOT", "versions/3.99.4/bin"),
        ("UV_PYTHON_INSTALL_DIR", "cpython-3.99.4-linux-x86_64-gnu/bin"),
    ],
)
def test_looks_where_pythons_are_installed(variable, folder, tmp_path, monkeypatch):
    path = fake_python(tmp_path / folder, "cpython final 3.99 4")
    monkeypatch.setenv(variable, str(tmp_path))
    assert find_interpreter("3.99") == Interpreter(str(path), "3.99.4")


@pytest.mark.parametrize(
    "says", ["cpython alpha 3.99 0", "cpython final 3.98 4", "pypy final 3.99 4", ""]
)
def test_takes_only_a_released_cpython_of_the_version(says, tmp_path, monkeypatch):
    fake_python(tmp_path, says)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_interpreter("3.99") is None


def test_an_interpreter_that_cannot_be_run_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "versions" / "3.99.1" / "bin" / "python3.99").mkdir(parents=True)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    assert find_interpreter("3.99") is None


def test_a_folder_that_cannot_be_read_is_passed_over(tmp_path, monkeypatch):
    """As of another user, whose environment a program was started with."""
    locked = tmp_path / "locked"
    (locked / "versions").mkdir(parents=True)
    locked.chmod(0)
    monkeypatch.setenv("PYENV_ROOT", str(locked))
    child = os.fork()
    if not child:
        status = 1
        try:
            if os.getuid() == 0:
                os.setuid(NOBODY)  # root can read every folder
            status = 0 if find_interpreter("3.99") is None else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
