"""Bundles of a function that needs one tiny wheel: what is in them, and when they are built."""

import base64
import hashlib
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from pipeline.bundle import BundleError, Target, build, builder
from tests.support.tiny_wheel import KEPT, THIS, THIS_VERSION, names

ROOT = Path(__file__).parents[4]


def test_ships_the_function_and_what_it_loads_with_licences_and_no_more(source, cache):
    built = build(THIS, source=source, cache=cache)
    assert {name for name in names(built.path) if not name.endswith(".pyc")} == KEPT


def test_the_digest_is_that_of_the_zip(source, cache):
    built = build(THIS, source=source, cache=cache)
    digest = hashlib.sha256(built.path.read_bytes())
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
    monkeypatch.setattr(builder, "fetch", None)
    second = build(THIS, source=source, cache=cache)
    assert second == first
    assert first.seconds > 0 == second.seconds


def test_what_a_wheel_carries_is_taken_for_its_target_and_package_alone(
    source, cache, tmp_path, monkeypatch
):
    built = build(THIS, source=source, cache=cache)
    carried = tmp_path / "bundles"
    carried.mkdir()
    monkeypatch.setattr(builder, "CARRIED", carried)
    moved = built.path.rename(carried / built.path.name)
    monkeypatch.setattr(builder, "fetch", None)
    found = build(THIS, source=source, cache=tmp_path / "unused")
    assert (found.path, found.sha256_base64, found.seconds) == (moved, built.sha256_base64, 0)
    assert not (tmp_path / "unused").exists()
    with pytest.raises(TypeError, match="'NoneType' object is not callable"):
        build(Target.for_lambda("python3.13", "arm64"), source=source, cache=cache)


def test_a_cache_that_cannot_be_made_is_named(source, tmp_path):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "cache"
    with pytest.raises(BundleError, match=rf"{folder} cannot be written \(Not a directory\)"):
        build(THIS, source=source, cache=folder)


def test_a_cache_that_cannot_be_written_is_read_alone(source, cache, monkeypatch):
    first = build(THIS, source=source, cache=cache)
    monkeypatch.setattr(os, "access", lambda path, _mode: path != cache)
    assert build(THIS, source=source, cache=cache) == first
    first.path.unlink()
    with pytest.raises(BundleError, match=r"name a folder of yours in the .* IMAGE_PIPELINE_CACHE"):
        build(THIS, source=source, cache=cache)


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


def test_without_the_targets_python_it_ships_sources_and_one_warning(source, cache, monkeypatch):
    monkeypatch.setattr(builder, "find_interpreter", lambda python: None)
    built = build(THIS, source=source, cache=cache)
    assert names(built.path) == KEPT
    assert len(built.warnings) == 1
    assert f"uv python install {THIS_VERSION}" in built.warnings[0]


def test_a_folder_without_requirements_is_refused(tmp_path, cache):
    with pytest.raises(BundleError, match=r"has no requirements\.txt"):
        build(THIS, source=tmp_path, cache=cache)
    assert not cache.exists()


def test_a_native_bundle_takes_what_pip_picks_for_this_interpreter(source, cache):
    target = Target.host()
    built = build(target, source=source, cache=cache)
    assert names(built.path) >= KEPT
    assert "al2023" not in built.path.name
