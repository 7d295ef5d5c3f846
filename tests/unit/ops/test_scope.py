import pytest
from hypothesis import given
from hypothesis import strategies as st

from function.contract.keys import manifest_key, rendition_key, source_key
from ops.scope import Scope, parse
from terminal import Misuse


@pytest.mark.parametrize(
    ("key", "user", "kind", "meant"),
    [
        ("uploads/u1/beach.jpg", None, "key", "uploads/u1/beach.jpg"),
        ("uploads/u1/", None, "prefix", "uploads/u1/"),
        (None, "auth0|65f", "user", "uploads/auth0_7c65f/"),
    ],
)
def test_uploads_are_named_by_key_prefix_or_user(key, user, kind, meant):
    scope = parse(key, user)
    assert (scope.kind, scope.key) == (kind, meant)
    assert scope.user == ("auth0_7c65f" if user else "")


@pytest.mark.parametrize(
    ("key", "user", "told"),
    [
        (None, None, "one of them"),
        ("uploads/a", "u", "one of them"),
        (None, "", "--user is empty"),
        ("u1/beach.jpg", None, "Keys start with uploads/"),
        ("", None, "Keys start with uploads/"),
        ("uploads/", None, "is all uploads"),
        ("uploads//", None, "is all uploads"),
        ("uploads/a\udcff", None, r"Keys are UTF-8; got 'uploads/a\\udcff'"),
    ],
)
def test_what_names_nothing_or_everything_is_misuse(key, user, told):
    with pytest.raises(Misuse, match=told):
        parse(key, user)


NAMES = st.lists(st.sampled_from(["u1", "a", "a.jpg", "b"]), min_size=1, max_size=4).map("/".join)
FILES = st.sampled_from(["thumb.jpg", "a.jpg", "manifest.json"])


@given(NAMES, NAMES, FILES, st.booleans())
def test_a_rendition_is_held_just_if_its_upload_is(name, named, file, is_prefix):
    scope = Scope(key=source_key(f"{named}/" if is_prefix else named))
    is_held = name.startswith(f"{named}/") if is_prefix else name == named
    assert scope.holds(source_key(name)) == scope.holds_name(name) == is_held
    for key in (rendition_key(name, file), manifest_key(name)):
        assert scope.holds_destination(key) == is_held
        assert not is_held or key.startswith(scope.destination)


def test_a_record_names_the_key_by_its_digest():
    assert len(Scope(key="uploads/u1/").digest) == 64
    assert Scope(key="uploads/u1/").digest != Scope(key="uploads/u1").digest


BOTH = ("incoming/", "uploads/")


@pytest.mark.parametrize(
    ("key", "user"), [("uploads/u1/", None), ("incoming/u1/", None), (None, "u1")]
)
def test_uploads_of_a_name_are_those_under_every_prefix(key, user):
    """They have the same renditions, and a user is erased whichever prefix was then in use."""
    scope = parse(key, user, BOTH)
    assert (scope.name, scope.keys) == ("u1/", ["incoming/u1/", "uploads/u1/"])
    assert scope.holds("incoming/u1/a.jpg")
    assert scope.holds("uploads/u1/a.jpg")
    assert not scope.holds("other/u1/a.jpg")
    assert not scope.holds("u1/a.jpg")
    assert scope.holds_destination("u1/a.jpg/thumb.jpg")


@pytest.mark.parametrize("key", ["other/a.jpg", "uploads", "incoming/", "uploads//"])
def test_what_is_outside_the_prefixes_or_all_under_one_is_misuse(key):
    with pytest.raises(Misuse, match="name a key such as incoming"):
        parse(key, None, BOTH)
