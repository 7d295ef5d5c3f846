import json

import pytest

from function.engine.renditions import (
    DEFAULT_RENDITIONS,
    Fit,
    OutputFormat,
    Position,
    Rendition,
    Target,
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
