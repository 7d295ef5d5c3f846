"""Keys of objects, which readers, uploaders and other parts rely on."""

import json
from pathlib import Path

import pytest

from function.contract import keys
from signer import handler as signer

ROOT = Path(__file__).parents[4]


def test_keys_are_those_that_readers_and_uploaders_know():
    assert keys.source_key("u1/beach.jpg") == "uploads/u1/beach.jpg"
    assert keys.upload_name("uploads/u1/beach.jpg") == "u1/beach.jpg"
    assert keys.rendition_key("u1/beach.jpg", "thumb.jpg") == "u1/beach.jpg/thumb.jpg"
    assert keys.manifest_key("u1/beach.jpg") == "u1/beach.jpg/manifest.json"
    assert keys.INDEX == "_index/"


@pytest.mark.parametrize("name", ["a.jpg", "uploads/a.jpg", "manifest.json", "a/manifest.json"])
def test_a_name_comes_back_from_its_keys(name):
    assert keys.upload_name(keys.source_key(name)) == name
    assert keys.name_of_manifest(keys.manifest_key(name)) == name


@pytest.mark.parametrize("key", ["a.jpg/thumb.jpg", "manifest.json", "a.jpg/manifest.json/b.jpg"])
def test_another_key_is_no_manifests(key):
    assert keys.name_of_manifest(key) is None


def test_the_signer_which_ships_alone_signs_keys_under_the_same_prefix(monkeypatch):
    signed = []
    monkeypatch.setattr(signer, "sign", lambda key, _type: signed.append(key) or {"key": key})
    signer.handle(
        {
            "requestContext": {"http": {"method": "POST"}},
            "body": json.dumps({"name": "beach.jpg", "type": "image/jpeg"}),
        },
        None,
    )
    assert signed[0].startswith(keys.UPLOADS)
    assert signed[0].endswith("/beach.jpg")


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("web/manifest.js", f'PREFIX = "{keys.UPLOADS}"'),
        ("web/manifest.js", f"/{keys.MANIFEST}`"),
        ("edge/route.js", f"last === '{keys.MANIFEST}'"),
        ("edge/route.js", f"parts[0] === '{keys.INDEX.rstrip('/')}'"),
    ],
)
def test_javascript_has_the_same_names(file, code):
    assert code in (ROOT / file).read_text("utf-8")
