"""The bundle's rules, on tiny wheels made here: no index, no network, pip for real."""

import base64
import hashlib
import os
import re
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from pipeline import bundle, bytecode, wheels
from pipeline.bundle import BundleError, Target, build
from pipeline.bytecode import Interpreter, find_interpreter

ROOT = Path(__file__).parents[3]
ARM = Target(python="3.13", machine="arm64")
X86 = Target(python="3.13", machine="x86_64")
THIS_VERSION = "{}.{}".format(*sys.version_info[:2])
THIS = Target(python=THIS_VERSION, machine="x86_64")


def elf(machine: int) -> bytes:
    return b"\x7fELF\x02\x01\x01".ljust(18, b"\0") + machine.to_bytes(2, "little") + b"code"


def make_wheel(folder: Path, tag: str, files: dict[str, bytes]) -> str:
    """Write a wheel of ``tiny`` 1.0 and return its pin."""
    info = "tiny-1.0.dist-info"
    files = {
        **files,
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n".encode(),
        f"{info}/RECORD": b"",
        f"{info}/licenses/LICENSE": b"be kind",
        f"{info}/sboms/tiny.cdx.json": b"{}",
    }
    path = folder / f"tiny-1.0-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return f"tiny==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


TINY = {
    "tiny/__init__.py": b"NAMES = frozenset({'a', 'b', 'c', 'd'})\n",
    "tiny/__init__.pyi": b"NAMES: frozenset[str]\n",
    "tiny/py.typed": b"",
    "tiny/tests/test_tiny.py": b"assert True\n",
}
KEPT = {
    "function/__init__.py",
    "function/handler.py",
    "tiny-1.0.dist-info/licenses/LICENSE",
    "tiny/__init__.py",
}


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder of wheels, and the only place where pip looks."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def source(tmp_path, index):
    """A function that needs ``tiny``, of which the index has a wheel for any system."""
    folder = tmp_path / "function"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "__pycache__" / "old.cpython-311.pyc").write_bytes(b"stale")
    (folder / "__init__.py").write_text("")
    (folder / "handler.py").write_text("def handle(event, context):\n    return event\n")
    (folder / "requirements.in").write_text("tiny\n")
    (folder / "requirements.txt").write_text(make_wheel(index, "py3-none-any", TINY))
    return folder


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def fake_python(folder: Path, says: str) -> Path:
    """Write a ``python3.99`` that answers every question with ``says``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "python3.99"
    path.write_text(f"#!/bin/sh\necho {says}\n")
    path.chmod(0o755)
    return path


def names(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def test_ships_the_function_and_what_it_loads_with_licences_and_no_more(source, cache):
    built = build(THIS, source=source, cache=cache)
    assert {name for name in names(built.path) if not name.endswith(".pyc")} == KEPT


def test_digest_and_size_are_those_of_the_zip(source, cache):
    built = build(THIS, source=source, cache=cache)
    data = built.path.read_bytes()
    digest = hashlib.sha256(data)
    assert built.bytes == len(data)
    assert built.sha256_base64 == base64.b64encode(digest.digest()).decode()
    assert built.path.stem.endswith(digest.hexdigest()[:16])


def test_two_processes_build_the_same_bytes(source, tmp_path):
    code = (
        "import sys; from pathlib import Path; from pipeline.bundle import Target, build;"
        f"print(build(Target(python={THIS_VERSION!r}, machine='x86_64'),"
        "source=Path(sys.argv[1]), cache=Path(sys.argv[2])).path)"
    )
    paths = []
    for seed in ("1", "2"):
        elsewhere = tmp_path / ("x" * int(seed) * 9)
        copy = elsewhere / "function"
        copy.mkdir(parents=True)
        for file in source.glob("*.*"):
            (copy / file.name).write_bytes(file.read_bytes())
        done = subprocess.run(
            [sys.executable, "-c", code, copy, elsewhere / "cache"],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        paths.append(Path(done.stdout.strip()))
    assert paths[0].name == paths[1].name
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_two_builds_at_once_share_a_cache(source, cache):
    built = []
    threads = [
        threading.Thread(target=lambda: built.append(build(THIS, source=source, cache=cache)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built[0] == built[1]
    assert sorted(path.name.partition("-")[0] for path in cache.iterdir()) == ["function", "wheels"]


def test_a_second_build_is_the_same_zip_and_runs_no_pip(source, cache, monkeypatch):
    first = build(THIS, source=source, cache=cache)
    monkeypatch.setattr(bundle, "fetch", None)
    assert build(THIS, source=source, cache=cache) == first


def test_an_edit_of_the_function_needs_no_index(source, cache, index):
    before = build(THIS, source=source, cache=cache)
    for wheel in index.iterdir():
        wheel.unlink()
    (source / "handler.py").write_text("handle = print\n")
    assert build(THIS, source=source, cache=cache).sha256_base64 != before.sha256_base64


def test_a_damaged_zip_in_the_cache_is_built_again(source, cache):
    first = build(THIS, source=source, cache=cache)
    first.path.write_bytes(b"half a zip")
    assert build(THIS, source=source, cache=cache) == first
    assert zipfile.is_zipfile(first.path)


def test_only_the_newest_zips_are_kept(source, cache):
    for edit in range(7):
        (source / "handler.py").write_text(f"handle = {edit}\n")
        last = build(THIS, source=source, cache=cache)
    assert last.path.exists()
    assert len(list(cache.glob("*.zip"))) == 5


def test_entries_are_sorted_readable_by_lambda_and_without_times(source, cache):
    with zipfile.ZipFile(build(THIS, source=source, cache=cache).path) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}


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


def test_without_the_targets_python_it_ships_sources_and_one_warning(source, cache, monkeypatch):
    monkeypatch.setattr(bundle, "find_interpreter", lambda python: None)
    built = build(THIS, source=source, cache=cache)
    assert names(built.path) == KEPT
    assert len(built.warnings) == 1
    assert f"uv python install {THIS_VERSION}" in built.warnings[0]


def test_a_source_that_does_not_compile_is_one_sentence(source, cache):
    (source / "handler.py").write_text("def handle(:\n")
    with pytest.raises(BundleError, match=r"does not compile .*function/handler\.py") as error:
        build(THIS, source=source, cache=cache)
    assert "\n" not in str(error.value)


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


def test_whatever_else_pip_says_is_passed_on():
    assert "disk full" in str(wheels.explain("ERROR: disk full\n", ARM))
    assert "Killed" in str(wheels.explain("Killed\n", ARM))


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


def test_a_bundle_above_the_limit_is_refused():
    with pytest.raises(BundleError, match=r"is 30\.\d MB zipped and may be 30 MB"):
        bundle.pack({"noise.bin": os.urandom(30_000_001)}, ARM)


def test_a_folder_without_requirements_is_refused(tmp_path, cache):
    with pytest.raises(BundleError, match=r"has no requirements\.txt"):
        build(THIS, source=tmp_path, cache=cache)
    assert not cache.exists()


@pytest.mark.parametrize("runtime", ["python3.12", "python3.13", "python3.14"])
def test_lambda_targets(runtime):
    target = Target.for_lambda(runtime, "arm64")
    assert target == Target(python=runtime.removeprefix("python"), machine="arm64")


@pytest.mark.parametrize("runtime", ["python3.9", "python3.11", "nodejs22.x", "python3", ""])
def test_runtimes_before_amazon_linux_2023_are_refused(runtime):
    with pytest.raises(BundleError, match=r"set runtime to python3\.12 or later"):
        Target.for_lambda(runtime, "arm64")


def test_unknown_architectures_are_refused():
    with pytest.raises(BundleError, match="must be x86_64 or arm64; got 'aarch64'"):
        Target.for_lambda("python3.13", "aarch64")


@pytest.mark.parametrize(
    ("name", "machine"),
    [("x86_64", "x86_64"), ("AMD64", "x86_64"), ("aarch64", "arm64"), ("arm64", "arm64")],
)
def test_the_hosts_target_is_this_interpreter(name, machine, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: name)
    assert Target.host() == Target(python=THIS_VERSION, machine=machine, native=True)


def test_a_host_of_another_architecture_is_refused(monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(BundleError, match="this machine is riscv64"):
        Target.host()


def test_a_native_bundle_takes_what_pip_picks_for_this_interpreter(source, cache):
    target = Target.host()
    built = build(target, source=source, cache=cache)
    assert names(built.path) >= KEPT
    assert "al2023" not in built.path.name


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
    (tmp_path / "python3.99").mkdir()
    monkeypatch.setattr(bytecode, "_candidates", lambda python: iter(["", str(tmp_path)]))
    assert find_interpreter("3.99") is None


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
