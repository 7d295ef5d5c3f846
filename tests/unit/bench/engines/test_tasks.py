from PIL import Image

from bench import photos
from bench.engines.tasks import source_file


def test_another_photo_of_the_same_name_is_not_taken_for_the_first(tmp_path, monkeypatch):
    monkeypatch.setattr(photos, "CACHE", tmp_path / "cache")
    made = []
    for number, colour in enumerate(("red", "blue")):
        photo = tmp_path / str(number) / "beach.jpg"
        photo.parent.mkdir()
        Image.new("RGB", (32, 32), colour).save(photo)
        assert source_file("jpeg", photo) == photo
        made.append(source_file("png", photo))
    with Image.open(made[0]) as first, Image.open(made[1]) as second:
        assert first.format == second.format == "PNG"
        assert first.getpixel((0, 0)) != second.getpixel((0, 0))
    assert source_file("png", tmp_path / "1" / "beach.jpg") == made[1]
