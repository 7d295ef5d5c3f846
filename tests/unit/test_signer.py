"""What the signer signs and what it refuses to; S3's side of it is tried in tests/local."""

import base64
import json

import pytest

from signer import handler


def event(body, method="POST", *, encoded=False):
    text = body if isinstance(body, str) else json.dumps(body)
    return {
        "requestContext": {"http": {"method": method}},
        "body": base64.b64encode(text.encode()).decode() if encoded else text,
        "isBase64Encoded": encoded,
    }


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("beach.jpg", "beach.jpg"),
        ("my photo (1).JPG", "my-photo-1-.JPG"),
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\été.png", "été.png"),
        ("夏.webp", "夏.webp"),
        ("${filename}", "filename"),
        ("a\x00b\n.jpg", "a-b-.jpg"),
        (".htaccess", "htaccess"),
        ("..", "picture"),
        ("///", "picture"),
        ("", "picture"),
        ("x" * 300 + ".jpeg", "x" * 75 + ".jpeg"),
        ("x." + "y" * 300, "y" * 80),
    ],
)
def test_names_become_one_harmless_part_of_a_key(name, kept):
    assert handler.clean(name) == kept


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (event("", method="GET"), 405, "method"),
        (event(""), 400, "body"),
        (event("{"), 400, "body"),
        (event("[1]"), 400, "body"),
        (event({"name": "a.jpg"}), 400, "body"),
        (event({"name": 1, "type": "image/jpeg"}), 400, "body"),
        (event("not base64 \x01", encoded=False) | {"isBase64Encoded": True}, 400, "body"),
        (event({"name": "a" * 5000, "type": "image/jpeg"}), 413, "body"),
        (event({"name": "a.html", "type": "text/html"}), 415, "type"),
        (event({"name": "a.jpg", "type": "image/"}), 415, "type"),
    ],
)
def test_what_is_never_signed_is_refused_in_a_sentence(request_, status, code):
    answer = handler.handle(request_, None)
    error = json.loads(answer["body"])["error"]
    assert (answer["statusCode"], error["code"]) == (status, code)
    assert error["message"].endswith(".")


def test_a_body_in_base64_is_read_as_well(monkeypatch):
    monkeypatch.setattr(handler, "sign", lambda key, content_type: {"type": content_type})
    answer = handler.handle(event({"name": "a.png", "type": "image/png"}, encoded=True), None)
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"type": "image/png"})
