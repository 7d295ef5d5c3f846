"""The gallery's server: the page, the list, and nothing else; and what the page promises."""

import http.client
import json
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local import gallery

WEB = Path(__file__).parents[2] / "web"
LIST = {
    "delivery_url": "http://127.0.0.1:1/bucket",
    "uploads": [{"file": "é.jpg", "key": "uploads/é.jpg", "bytes": 1, "ms": 2, "status": "ready"}],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("site")
    (root / "secret.html").write_text("secret")
    web = root / "web"
    web.mkdir()
    (web / "gallery.html").write_text("page")
    (web / "gallery.js").write_text("script")
    (web / "gallery.css").write_text("style")
    (web / "notes.txt").write_text("notes")
    (web / "sub").mkdir()
    (web / "link.html").symlink_to(root / "secret.html")
    return web


@pytest.fixture(scope="module")
def url(folder):
    with gallery.serve(folder, LIST) as address:
        yield address


def ask(url, path, method="GET"):
    """One request with the path exactly as given: clients tidy dots away."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "content_type", "body"),
    [
        ("/", "text/html; charset=utf-8", b"page"),
        ("/gallery.html", "text/html; charset=utf-8", b"page"),
        ("/gallery.html?from=demo", "text/html; charset=utf-8", b"page"),
        ("/gallery.js", "text/javascript; charset=utf-8", b"script"),
        ("/gallery.css", "text/css; charset=utf-8", b"style"),
    ],
)
def test_pages_are_served_as_what_they_are(url, path, content_type, body):
    status, headers, received = ask(url, path)
    assert (200, content_type, body) == (status, headers["Content-Type"], received)


def test_the_list_is_served_as_json(url):
    status, headers, body = ask(url, "/gallery.json")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert json.loads(body) == LIST


@pytest.mark.parametrize("path", ["/", "/gallery.json", "/missing.html"])
def test_every_answer_has_the_security_headers(url, path):
    _, headers, _ = ask(url, path)
    assert gallery.HEADERS.items() <= dict(headers).items()
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Python" not in headers["Server"]


def test_head_is_a_get_without_a_body(url):
    status, headers, body = ask(url, "/gallery.html", "HEAD")
    assert (status, headers["Content-Length"], body) == (200, "4", b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.html",
        "/sub/../../secret.html",
        "/%2e%2e/secret.html",
        "/..%2fsecret.html",
        "/..%5csecret.html",
        "//etc/passwd",
        "/link.html",
        "/link.html%00",
        "/sub/",
        "/sub",
        "/notes.txt",
        "/missing.js",
    ],
)
def test_nothing_else_is_served(url, path):
    status, _, body = ask(url, path)
    assert status == 404
    assert b"secret" not in body.replace(b"secret.html", b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_changed(url, method):
    assert ask(url, "/gallery.html", method)[0] == 501


def test_it_listens_on_this_machine_only_and_says_nothing(folder, capfd):
    with gallery.serve(folder, LIST) as address:
        ask(address, "/missing")
        assert urlsplit(address).hostname == "127.0.0.1"
    assert capfd.readouterr() == ("", "")


def test_the_port_is_free_again_afterwards(folder):
    with gallery.serve(folder, LIST) as address:
        port = urlsplit(address).port
    with gallery.serve(folder, LIST, port) as again:
        assert again == address


def test_a_taken_port_is_an_error(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        gallery.serve(folder, LIST, taken.getsockname()[1]).__enter__()


def test_the_page_and_its_server_say_the_same_policy():
    page = re.search(r'Security-Policy"\s+content="([^"]+)"', (WEB / "gallery.html").read_text())
    assert page
    assert gallery.HEADERS["Content-Security-Policy"] == f"{page[1]}; frame-ancestors 'none'"


@pytest.mark.parametrize("path", sorted(WEB.iterdir()), ids=lambda path: path.name)
def test_the_page_asks_no_third_party_and_writes_no_markup(path):
    text = path.read_text()
    assert not re.search(r"https?://\w", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text)
    assert not re.search(r"<style|<script>|\sstyle=|\son\w+=", text)


def test_every_file_that_the_page_names_is_there():
    for path in WEB.iterdir():
        for name in re.findall(
            r'(?:href|src|from) ?=? ?"\.?/?([\w-]+\.(?:js|css))"', path.read_text()
        ):
            assert (WEB / name).is_file(), f"{path.name} names {name}"
