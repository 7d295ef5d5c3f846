import hashlib
import shutil
import subprocess
import zipfile

import pytest
from PIL import Image

from bench.engines.frontier import pictures
from bench.engines.frontier.pictures import GRAPHICS, Picture, Source
from terminal import Failure, Misuse


def source(registry="debian", **fields):
    given = {"package": "some-wallpapers", "version": "1.0-1", "file": "usr/share/a.png"} | fields
    return Source(
        name="a",
        kind="food",
        author="A",
        licence="CC0-1.0",
        registry=registry,
        **{"sha256": hashlib.sha256(b"pixels").hexdigest()} | given,
    )


def test_there_are_twenty_photographs_of_many_photographers_each_with_its_licence():
    found = pictures.sources()
    photographs = [s for s in found if s.kind != GRAPHICS]
    assert len(photographs) >= 20
    assert len({s.author for s in photographs}) >= 15
    assert len({s.kind for s in photographs}) >= 12
    assert len(found) == len({s.name for s in found}) == len({s.sha256 for s in found})
    assert any(s.kind == GRAPHICS for s in found)
    for one in found:
        assert all((one.author, one.licence, one.file, len(one.sha256) == 64))
        assert one.registry == "repository" or (one.package and one.version)
        assert one.registry != "repository" or one.is_there()


def test_a_picture_is_scaled_down_and_never_up(tmp_path):
    for size, expected in (((2160, 1000), (600, 278)), ((300, 200), (300, 200))):
        Image.new("L", size).save(tmp_path / "a.png")
        pixels = Picture(name="a", kind="food", path=tmp_path / "a.png").pixels(600)
        assert (pixels.mode, pixels.size) == ("RGB", expected)


def test_graphics_are_a_group_of_their_own(tmp_path):
    groups = [Picture(name="a", kind=kind, path=tmp_path).group for kind in (GRAPHICS, "food")]
    assert groups == [GRAPHICS, "photographs"]


def test_own_pictures_are_the_files_that_open(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "a.txt").write_text("no picture")
    with pytest.raises(Misuse, match="There are no pictures in"):
        pictures.own(tmp_path)
    Image.new("RGB", (9, 9)).save(tmp_path / "below" / "b.webp")
    Image.new("RGB", (9, 9)).save(tmp_path / "c.png")
    assert [picture.name for picture in pictures.own(tmp_path)] == ["below/b.webp", "c.png"]


def test_pictures_of_the_same_name_in_two_folders_are_told_apart(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (9, 9)).save(tmp_path / folder / "a.png")
    assert [p.name for p in pictures.own(tmp_path)] == ["one/a.png", "two/a.png"]


def test_a_damaged_picture_is_named_before_anything_is_measured(tmp_path):
    Image.radial_gradient("L").save(tmp_path / "a.jpg")
    body = (tmp_path / "a.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(body[: len(body) // 2])
    with pytest.raises(Misuse, match=r"a\.jpg is damaged; repair or remove it"):
        pictures.own(tmp_path)


@pytest.fixture
def apt(tmp_path, monkeypatch):
    """apt-get on the PATH, which downloads a package that dpkg-deb has built."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("there is no dpkg-deb here")
    tree = tmp_path / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        "Package: some-wallpapers\nVersion: 1.0-1\nArchitecture: all\nMaintainer: a <a@b.c>\n"
        "Description: a\n"
    )
    (tree / "usr/share").mkdir(parents=True)
    (tree / "usr/share/a.png").write_bytes(b"pixels")
    subprocess.run(["dpkg-deb", "-b", tree, tmp_path / "a.deb"], check=True, capture_output=True)
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "apt-get").write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n'
        f'[ "$2" = some-wallpapers ] && cp {tmp_path}/a.deb . && exit 0\n'
        'echo "E: Unable to locate package $2" >&2; exit 100\n'
    )
    (tools / "apt-get").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def public(monkeypatch, *listed):
    monkeypatch.setattr(pictures, "sources", lambda _listed: list(listed))
    return pictures.public()


def test_a_package_is_fetched_once_for_all_of_its_pictures_and_never_again(apt, monkeypatch):
    for _ in range(2):
        (picture,) = public(monkeypatch, source())
        assert picture.path.read_bytes() == b"pixels"
        assert (picture.name, picture.kind) == ("a", "food")
    assert (apt / "asked").read_text().splitlines() == ["download some-wallpapers"]
    picture.path.write_bytes(b"changed")
    assert public(monkeypatch, source())[0].path.read_bytes() == b"pixels"


def test_another_file_than_the_pinned_one_is_not_kept(apt, monkeypatch):
    with pytest.raises(Failure, match=r"holds another usr/share/a.png than version 1.0-1"):
        public(monkeypatch, source(sha256="0" * 64))
    with pytest.raises(Failure, match=r"holds another usr/share/b.png"):
        public(monkeypatch, source(file="usr/share/b.png"))
    assert not list((apt / pictures.CACHE).glob("*"))


def test_a_package_that_cannot_be_fetched_is_named_with_the_reason(apt, monkeypatch):
    with pytest.raises(Failure, match="package nope could not be fetched: E: Unable to locate"):
        public(monkeypatch, source(package="nope"))


def test_without_apt_get_your_own_pictures_are_suggested(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure, match="no apt-get here; name a folder"):
        public(monkeypatch, source())


def test_a_wheel_is_fetched_by_pip(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with zipfile.ZipFile(tmp_path / "some_photos-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("data/a.png", b"pixels")
        wheel.writestr("some_photos-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        metadata = "Metadata-Version: 2.1\nName: some-photos\nVersion: 1.0\n"
        wheel.writestr("some_photos-1.0.dist-info/METADATA", metadata)
        wheel.writestr("some_photos-1.0.dist-info/RECORD", "")
    wanted = source("pypi", package="some-photos", version="1.0", file="data/a.png")
    assert public(monkeypatch, wanted)[0].path.read_bytes() == b"pixels"
    with pytest.raises(Failure, match="package absent could not be fetched"):
        public(monkeypatch, source("pypi", package="absent", version="1.0", sha256="0" * 64))


def test_a_package_of_npm_is_fetched_in_its_version(tmp_path, monkeypatch):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "a.png").write_bytes(b"pixels")
    subprocess.run(["tar", "-czf", "a.tgz", "package"], cwd=tmp_path, check=True)
    tools = tmp_path / "tools"
    tools.mkdir()
    script = (
        f'#!/bin/sh\n[ "$*" = "pack --silent pictures@1.2.3" ] && cp {tmp_path}/a.tgz . && exit 0\n'
        'echo "npm error 404" >&2; exit 1\n'
    )
    (tools / "npm").write_text(script)
    (tools / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    wanted = source("npm", package="pictures", version="1.2.3", file="package/a.png")
    assert public(monkeypatch, wanted)[0].path.read_bytes() == b"pixels"
    with pytest.raises(Failure, match="package absent could not be fetched: npm error 404"):
        public(monkeypatch, source("npm", package="absent", version="1", sha256="0" * 64))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Failure, match=r"install Node\.js"):
        public(monkeypatch, source("npm", package="absent", version="1", sha256="0" * 64))


def test_a_damaged_file_of_the_repository_is_not_fetched(monkeypatch):
    with pytest.raises(Failure, match=r"README.md is not the file that pictures.yaml pins"):
        public(monkeypatch, source("repository", file="README.md"))
