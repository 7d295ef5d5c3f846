"""The demo's sample photos are what people upload: large, turned and located by EXIF."""

from pathlib import Path

import pillow_heif
import pytest
from PIL import ExifTags, Image

from local import photos

CACHE = Path(__file__).parents[3] / ".cache" / "photos"
"""The demo's own cache: what it has is not made again."""


@pytest.fixture(scope="module")
def made():
    return photos.sample_photos(CACHE)


def named(made, name):
    return next(path for path in made if path.name == name)


def opened(path):
    return pillow_heif.open_heif(path).to_pillow() if path.suffix == ".heic" else Image.open(path)


@pytest.mark.parametrize(
    ("name", "format_name", "size", "mode", "kilobytes"),
    [
        ("lake.jpg", "JPEG", (4000, 3000), "RGB", (3000, 5000)),
        ("desert.jpg", "JPEG", (3264, 2448), "RGB", (1000, 4000)),
        ("balloon.png", "PNG", (1200, 1200), "RGBA", (100, 1000)),
        ("screenshot.png", "PNG", (1920, 1200), "RGB", (80, 600)),
        ("lighthouse.gif", "GIF", (480, 360), "P", (50, 500)),
    ],
)
def test_each_photo_has_the_format_and_weight_of_a_real_one(
    made, name, format_name, size, mode, kilobytes
):
    path = named(made, name)
    with Image.open(path) as image:
        assert (format_name, size, mode) == (image.format, image.size, image.mode)
    least, most = kilobytes
    assert least * 1000 < path.stat().st_size < most * 1000


@pytest.mark.parametrize(
    ("name", "orientation"), [("lake.jpg", 1), ("desert.jpg", 6), ("dunes.heic", 1)]
)
def test_phone_photos_say_how_they_were_held_and_where_they_were_taken(made, name, orientation):
    with opened(named(made, name)) as image:
        exif = image.getexif()
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    assert orientation == exif[ExifTags.Base.Orientation]
    assert exif[ExifTags.Base.Make] == "Example"
    assert "DateTimeOriginal" in {ExifTags.TAGS[tag] for tag in exif.get_ifd(ExifTags.IFD.Exif)}
    assert (gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLongitudeRef]) == ("N", "E")
    degrees, minutes, seconds = gps[ExifTags.GPS.GPSLatitude]
    assert 30 < degrees + minutes / 60 + seconds / 3600 < 50


def test_one_photo_is_a_heic(made):
    path = named(made, "dunes.heic")
    assert path.read_bytes()[4:12] == b"ftypheic"
    with opened(path) as image:
        assert image.size == (3264, 2448)
    assert 400_000 < path.stat().st_size < 3_000_000


def test_one_picture_is_transparent_in_part(made):
    with Image.open(named(made, "balloon.png")) as image:
        assert image.getchannel("A").getextrema() == (0, 255)
        assert image.getpixel((0, 0))[3] == 0


def test_one_picture_moves(made):
    with Image.open(named(made, "lighthouse.gif")) as image:
        assert (image.n_frames, image.info["loop"]) == (24, 0)


@pytest.mark.parametrize("name", photos.PHOTOS)
def test_a_photo_is_the_same_each_time(made, name):
    assert named(made, name).read_bytes() == photos.PHOTOS[name]()


@pytest.fixture
def only_flat(monkeypatch):
    """Two photos that cost nothing to make; returns what was made."""
    calls = []

    def recipe(name):
        return lambda: calls.append(name) or name.encode()

    monkeypatch.setattr(photos, "PHOTOS", {name: recipe(name) for name in ("a.jpg", "b.png")})
    return calls


def test_progress_names_each_photo(only_flat, tmp_path):
    seen = []
    paths = photos.sample_photos(tmp_path / "new", seen.append)
    assert (["a.jpg", "b.png"], [path.name for path in paths]) == (seen, seen)
    assert seen == only_flat


def test_whole_photos_are_kept(only_flat, tmp_path):
    photos.sample_photos(tmp_path)
    only_flat.clear()
    photos.sample_photos(tmp_path)
    assert only_flat == []


def test_damaged_and_missing_photos_are_made_again(only_flat, tmp_path):
    damaged, missing = photos.sample_photos(tmp_path)
    damaged.write_bytes(b"cut sh")
    missing.unlink()
    photos.sample_photos(tmp_path)
    assert (damaged.read_bytes(), missing.read_bytes()) == (b"a.jpg", b"b.png")


def test_another_version_makes_all_of_them_again(only_flat, tmp_path, monkeypatch):
    photos.sample_photos(tmp_path)
    only_flat.clear()
    monkeypatch.setattr(photos, "version", lambda _library: "another")
    photos.sample_photos(tmp_path)
    assert only_flat == ["a.jpg", "b.png"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"recipe": 1}'])
def test_a_broken_index_is_replaced(only_flat, tmp_path, content):
    (tmp_path / photos.INDEX).write_text(content)
    photos.sample_photos(tmp_path)
    only_flat.clear()
    photos.sample_photos(tmp_path)
    assert only_flat == []


def test_only_photos_and_a_hidden_index_are_left(only_flat, tmp_path):
    photos.sample_photos(tmp_path)
    assert {"a.jpg", "b.png", photos.INDEX} == {path.name for path in tmp_path.iterdir()}
