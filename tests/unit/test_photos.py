"""The demo's sample photos are what phones upload: large, upright by EXIF, with a position."""

import pytest
from PIL import ExifTags, Image

from local import photos
from local.demo import CACHE


@pytest.fixture(scope="module")
def made():
    return {path.name: path for path in photos.sample_photos(CACHE)}


@pytest.mark.parametrize(
    ("name", "size", "format_name"),
    [
        ("lake.jpg", (4000, 3000), "JPEG"),
        ("canyon.jpg", (3024, 2268), "JPEG"),
        ("aurora.webp", (2400, 1600), "WEBP"),
        ("sticker.png", (1200, 1200), "PNG"),
        ("screenshot.png", (1170, 2532), "PNG"),
        ("tide.gif", (480, 360), "GIF"),
    ],
)
def test_each_photo_has_its_size_and_format(made, name, size, format_name):
    with Image.open(made[name]) as image:
        assert (image.size, image.format) == (size, format_name)


def test_the_large_photo_has_a_real_photos_weight(made):
    assert 2_500_000 < made["lake.jpg"].stat().st_size < 6_000_000


def test_one_photo_is_upright_by_exif_alone_and_says_where_it_was_taken(made):
    with Image.open(made["canyon.jpg"]) as image:
        exif = image.getexif()
        assert exif[ExifTags.Base.Orientation] == 6
        assert exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"


def test_one_picture_is_transparent_and_one_moves(made):
    with Image.open(made["sticker.png"]) as sticker, Image.open(made["tide.gif"]) as tide:
        assert sticker.getpixel((0, 0))[3] == 0
        assert tide.n_frames == 16


def test_photos_are_the_same_each_time(made, tmp_path, monkeypatch):
    small = {name: photos._PHOTOS[name] for name in ("sticker.png", "tide.gif")}
    monkeypatch.setattr(photos, "_PHOTOS", small)
    for again in photos.sample_photos(tmp_path):
        assert again.read_bytes() == made[again.name].read_bytes()


def test_what_is_there_is_not_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(photos, "_PHOTOS", {"a.png": photos._tide})
    (tmp_path / "a.png").write_bytes(b"kept")
    seen = []
    assert photos.sample_photos(tmp_path, seen.append) == [tmp_path / "a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"kept"
    assert seen == ["a.png"]
