"""Requests that the signer signs or refuses; tests/local has S3's side of it."""

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


NAMED = '{"type": "image/png", "name": %s}'


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("[" * handler.MAX_BODY, id="arrays 4096 deep"),
        pytest.param('{"a":' * 819, id="objects 819 deep"),
        pytest.param(NAMED % ("[" * 4000), id="a name 4000 deep"),
        pytest.param(NAMED % "1e999", id="a number beyond floats"),
        pytest.param(NAMED % ("9" * 4000), id="a number of 4000 digits"),
        pytest.param("9" * handler.MAX_BODY, id="a number alone"),
        pytest.param("NaN", id="not a number"),
        pytest.param(NAMED % '"a\x00"', id="a raw NUL"),
        pytest.param("\ufeff{}", id="a byte order mark"),
        pytest.param("null", id="null"),
    ],
)
@pytest.mark.parametrize("encoded", [False, True])
def test_whatever_a_stranger_sends_is_400_and_never_an_exception(body, encoded):
    request_ = event(body, encoded=encoded)
    if encoded and len(request_["body"]) > handler.MAX_BODY:
        request_["body"] = base64.b64encode(body[:3000].encode()).decode()
    answer = handler.handle(request_, None)
    assert (answer["statusCode"], error_code(answer)) == (400, "body")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("a", id="too short"),
        pytest.param("é", id="no base64 letter"),
        pytest.param(base64.b64encode(b"\xff\xfe\x00").decode(), id="not UTF-8"),
        pytest.param(base64.b64encode(b"\xed\xa0\x80").decode(), id="a surrogate as UTF-8"),
    ],
)
def test_a_body_that_is_no_base64_or_no_text_is_400(body):
    answer = handler.handle(event("") | {"body": body, "isBase64Encoded": True}, None)
    assert (answer["statusCode"], error_code(answer)) == (400, "body")


@pytest.mark.parametrize("name", ["\\ud800", "a\\udfff.png", "\\u0000.png"])
def test_lone_surrogates_and_nul_are_left_out_of_the_key(monkeypatch, name):
    monkeypatch.setattr(handler, "sign", lambda key, content_type: {"key": key})
    answer = handler.handle(event(NAMED % f'"{name}"'), None)
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["key"].rsplit("/", 1)[1] in ("picture", "a-.png", "png")


def error_code(answer):
    error = json.loads(answer["body"])["error"]
    assert error["message"].endswith(".")
    return error["code"]


def test_a_body_in_base64_is_read_as_well(monkeypatch):
    monkeypatch.setattr(handler, "sign", lambda key, content_type: {"type": content_type})
    answer = handler.handle(event({"name": "a.png", "type": "image/png"}, encoded=True), None)
    assert (answer["statusCode"], json.loads(answer["body"])) == (200, {"type": "image/png"})
