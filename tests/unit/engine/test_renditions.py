import json

import pytest

from function.engine.renditions import (
    DEFAULT_RENDITIONS,
    Fit,
    OutputFormat,
    Position,
    Rendition,
    Target,
    made_at_upload,
    made_at_view,
    made_in_background,
)


def test_names_are_written_as_plain_strings():
    """The index of duplicates keeps a digest of this text."""
    assert json.dumps(DEFAULT_RENDITIONS[3].to_dict()) == (
        '{"name": "thumb", "width": 150, "height": 150, "fit": "cover", '
        '"formats": ["jpeg"], "quality": 80, "position": "centre", "enlarge": false, '
        '"animated": false}'
    )


def test_strings_become_members():
    fields = {"fit": "cover", "position": "attention", "formats": ("avif", "png")}
    rendition = Rendition(name="a", width=9, height=9, **fields)
    assert rendition.fit is Fit.COVER
    assert rendition.position is Position.ATTENTION
    assert all(type(name) is OutputFormat for name in rendition.formats)
    assert rendition == Rendition.parse({"name": "a", "width": 9, "height": 9, **fields})


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"fit": "crop"}, "fit must be one of inside, cover, contain; got 'crop'"),
        ({"fit": ["cover"]}, "fit must be one of inside, cover, contain; got ['cover']"),
        ({"position": Fit.COVER}, "position must be one of centre, attention; got 'cover'"),
        ({"formats": ("gif",)}, "formats must be of jpeg, webp, avif, png; got 'gif'"),
        (
            {"formats": (OutputFormat.PNG, OutputFormat.PNG)},
            "formats must name at least one format, each once; got ('png', 'png')",
        ),
    ],
)
def test_a_complaint_shows_plain_names(fields, complaint):
    with pytest.raises(ValueError, match="must") as caught:
        Rendition(name="a", width=9, height=9, **fields)
    assert str(caught.value) == complaint


def test_a_quality_is_a_number_or_a_target():
    box = {"name": "a", "width": 9, "height": 9}
    aimed = Rendition.parse(box | {"quality": {"target": 75}})
    assert aimed.quality == Target(75)
    assert aimed.to_dict()["quality"] == aimed.without_defaults()["quality"] == {"target": 75}
    assert Rendition.parse(json.loads(json.dumps(aimed.to_dict()))) == aimed
    assert Rendition.parse(box | {"quality": 75}).quality == 75


def test_a_lazy_rendition_is_written_as_such_and_another_as_before():
    box = {"name": "a", "width": 9, "height": 9}
    lazy, eager = Rendition.parse(box | {"lazy": True}), Rendition.parse(box)
    assert (lazy.lazy, eager.lazy) == (True, False)
    assert lazy.without_defaults()["lazy"] is True
    assert "lazy" not in eager.without_defaults()
    assert "lazy" not in eager.to_dict()
    assert Rendition.parse(json.loads(json.dumps(lazy.to_dict()))) == lazy


def test_lazy_is_true_or_false():
    with pytest.raises(ValueError, match=r"^lazy must be true or false; got 'yes'$"):
        Rendition.parse({"name": "a", "width": 9, "height": 9, "lazy": "yes"})


def test_lazy_formats_are_written_as_settings_have_them():
    box = {"name": "a", "width": 9, "height": 9, "formats": ["jpeg"]}
    made = Rendition.parse(box | {"lazyFormats": ["avif", "webp"], "animated": True})
    assert made.lazy_formats == (OutputFormat.AVIF, OutputFormat.WEBP)
    assert made.without_defaults()["lazyFormats"] == ["avif", "webp"]
    assert Rendition.parse(json.loads(json.dumps(made.to_dict()))) == made
    assert "lazyFormats" not in Rendition.parse(box).to_dict()
    for name in ("lazy_formats", "lazyformats"):
        with pytest.raises(ValueError, match=rf"^has no field '{name}'; .*, lazyFormats$"):
            Rendition.parse(box | {name: ["avif"]})


@pytest.mark.parametrize(
    ("formats", "lazy", "complaint"),
    [
        (["jpeg"], "avif", "lazyFormats must be a list; got 'avif'"),
        (["jpeg"], ["png"], "lazyFormats must be of avif, webp, each once, and none of the"),
        (["jpeg"], ["avif", "avif"], "lazyFormats must be of avif, webp, each once"),
        (["jpeg", "avif"], ["avif"], "lazyFormats must be of avif, webp, each once, and none"),
        (["webp"], ["avif"], "lazyFormats needs 'jpeg' or 'png' among the formats, which readers"),
    ],
)
def test_a_lazy_format_is_a_further_one_that_another_stands_in_for(formats, lazy, complaint):
    box = {"name": "a", "width": 9, "height": 9}
    with pytest.raises(ValueError, match=f"^{complaint}"):
        Rendition.parse(box | {"formats": formats, "lazyFormats": lazy})


def test_each_file_of_a_rendition_is_made_at_one_time():
    still = Rendition(name="a", width=9, height=9, formats=("png", "jpeg"), lazy_formats=("avif",))
    moving = still.replace(name="b", lazy_formats=("webp",), animated=True, lazy=True)
    at_upload, at_view, later = (
        made([still, moving]) for made in (made_at_upload, made_at_view, made_in_background)
    )
    assert [(each.name, *each.formats) for each in at_upload] == [("a", "png", "jpeg")]
    assert [(each.name, *each.formats) for each in at_view] == [("b", "png", "jpeg")]
    assert [(each.name, *each.formats) for each in later] == [("a", "avif"), ("b", "webp")]
    assert [each.animated for each in (*at_view, *later)] == [False, False, True]
    assert [each.lazy for each in (*at_upload, *at_view, *later)] == [False, True, True, True]
    assert {each.lazy_formats for each in (*at_upload, *at_view, *later)} == {()}
    assert [each.stand_in for each in (still, moving)] == ["jpeg", "jpeg"]


@pytest.mark.parametrize("target", [64, 91, True, 75.0, "75", None])
def test_a_target_is_one_that_was_tested(target):
    complaint = r"^quality must have a whole number of 65 to 90 as its target; got"
    with pytest.raises(ValueError, match=complaint):
        Target(target)
    assert (Target(65).target, Target(90).target) == (65, 90)


@pytest.mark.parametrize(
    "quality", [{}, {"goal": 75}, {"target": 75, "at": 1}, "75", 75.0, True, 101, None]
)
def test_another_quality_is_refused(quality):
    complaint = "^quality must be a whole number of 1 to 100, or a target such as {target: 75}; got"
    with pytest.raises(ValueError, match=complaint):
        Rendition.parse({"name": "a", "width": 9, "height": 9, "quality": quality})
