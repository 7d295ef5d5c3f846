"""The pictures that a target is fitted and tested on, and their sizes."""

from PIL import Image

from bench.engines.frontier import pictures
from bench.engines.frontier.pictures import GRAPHICS, Picture
from bench.quality import pairs
from function.engine.pixels import Bitmap, Planes
from function.engine.renditions import DEFAULT_RENDITIONS
from tests.support.pictures import gradient

FIT = [*pictures.sources(), *pictures.sources(pairs.FIT_LIST)]
TEST = pictures.sources(pairs.TEST_LIST)


def test_no_author_is_on_both_sides():
    fitted = {name for source in FIT for name in source.author.split(", ")}
    tested = {name for source in TEST for name in source.author.split(", ")}
    assert fitted & tested == set()


def test_there_are_enough_of_both_kinds_each_pinned_and_with_its_licence():
    assert len(FIT) * len(DEFAULT_RENDITIONS) >= 200
    assert len(TEST) * len(DEFAULT_RENDITIONS) >= 100
    for found in (FIT, TEST):
        assert sum(source.kind == GRAPHICS for source in found) >= 8
        assert all((s.author, s.licence, s.version or s.registry == "repository") for s in found)
    everything = [*FIT, *TEST]
    assert len({s.name for s in everything}) == len({s.sha256 for s in everything})
    assert len({s.name for s in everything}) == len(everything)


def test_a_picture_is_made_at_each_size_that_it_has_once(tmp_path):
    gradient((400, 200)).save(tmp_path / "a.png")
    gradient((400, 200)).save(tmp_path / "a.jpg")
    for name, kind in (("a.png", Bitmap), ("a.jpg", Planes)):
        picture = Picture(name="a", kind="food", path=tmp_path / name)
        made = list(pairs.pairs(picture))
        assert [pair.pixels.size for pair in made] == [(400, 200), (320, 160), (150, 150)]
        assert [pair.rendition for pair in made] == ["large", "small", "thumb"]
        assert all(isinstance(pair.pixels, kind) for pair in made)
        assert made[0].original.mode == "RGB"


def test_the_large_pair_of_every_seventh_picture_is_fitted_on(tmp_path):
    gradient((1000, 700)).save(tmp_path / "a.png")
    picture = Picture(name="a", kind="food", path=tmp_path / "a.png")
    names = {number: [p.rendition for p in pairs.fit_pairs(number, picture)] for number in (6, 7)}
    assert names == {
        6: ["medium", "small", "thumb"],
        7: ["large", "medium", "small", "thumb"],
    }


def test_transparent_pixels_are_seen_over_white():
    assert pairs.rgb(Image.new("RGBA", (1, 1), (9, 9, 9, 0))).getpixel((0, 0)) == pairs.WHITE
