"""The page's server: the page, its config, and nothing else; and what the page promises."""

import http.client
import json
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local import page
from local.server import Server
from pipeline.page import HEADERS
from signer.handler import CONTENT_TYPES

WEB = Path(__file__).parents[3] / "web"
CONFIG = {
    "uploads": "public",
    "maxUploadBytes": 25_000_000,
    "uploadEndpoint": "http://127.0.0.1:1/source",
    "deliveryUrl": "http://127.0.0.1:2/destination",
    "shown": [{"file": "é.jpg", "key": "uploads/é.jpg", "bytes": 1, "ms": 2, "status": "ready"}],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("site")
    (root / "secret.html").write_text("secret")
    web = root / "web"
    web.mkdir()
    (web / "index.html").write_text("page")
    (web / "page.js").write_text("script")
    (web / "page.css").write_text("style")
    (web / "notes.txt").write_text("notes")
    (web / "sub").mkdir()
    (web / "link.html").symlink_to(root / "secret.html")
    return web


@pytest.fixture(scope="module")
def url(folder):
    with page.serve(folder, CONFIG) as address:
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
        ("/index.html", "text/html; charset=utf-8", b"page"),
        ("/?from=demo", "text/html; charset=utf-8", b"page"),
        ("/index.html?from=demo", "text/html; charset=utf-8", b"page"),
        ("/page.js", "text/javascript; charset=utf-8", b"script"),
        ("/page.css", "text/css; charset=utf-8", b"style"),
    ],
)
def test_pages_are_served_as_what_they_are(url, path, content_type, body):
    status, headers, received = ask(url, path)
    assert (200, content_type, body) == (status, headers["Content-Type"], received)


def test_the_config_is_served_as_json(url):
    status, headers, body = ask(url, "/config.json")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert json.loads(body) == CONFIG


@pytest.mark.parametrize("path", ["/", "/config.json", "/missing.html"])
def test_every_answer_has_the_security_headers(url, path):
    _, headers, _ = ask(url, path)
    assert (page.HEADERS | HEADERS).items() <= dict(headers).items()
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Python" not in headers["Server"]


def test_head_is_a_get_without_a_body(url):
    status, headers, body = ask(url, "/index.html", "HEAD")
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
    assert ask(url, "/index.html", method)[0] == 501


def test_it_listens_on_this_machine_only_and_says_nothing(folder, capfd):
    with page.serve(folder, CONFIG) as address:
        ask(address, "/missing")
        assert urlsplit(address).hostname == "127.0.0.1"
    assert capfd.readouterr() == ("", "")


def test_the_port_is_free_again_afterwards(folder):
    with page.serve(folder, CONFIG) as address:
        port = urlsplit(address).port
    with page.serve(folder, CONFIG, port) as again:
        assert again == address


def test_a_taken_port_is_an_error(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        page.serve(folder, CONFIG, taken.getsockname()[1]).__enter__()


def directives(policy):
    return {name: set(sources) for name, *sources in (part.split() for part in policy.split(";"))}


def test_the_served_policy_names_origins_and_is_never_looser_than_the_pages_own(url):
    own = re.search(r'Security-Policy"\s+content="([^"]+)"', (WEB / "index.html").read_text())
    assert own
    loose = directives(own[1])
    _, headers, _ = ask(url, "/")
    strict = directives(headers["Content-Security-Policy"])
    assert strict["connect-src"] == {"'self'", "http://127.0.0.1:1", "http://127.0.0.1:2"}
    assert strict["img-src"] == {"'self'", "data:", "http://127.0.0.1:2"}
    assert strict["frame-ancestors"] == {"'none'"}
    assert {name: strict[name] for name in loose if name not in ("img-src", "connect-src")} == {
        name: sources for name, sources in loose.items() if name not in ("img-src", "connect-src")
    }


def test_the_served_policy_names_the_embedded_aws_where_forms_go(folder):
    with page.serve(folder, CONFIG, endpoint="http://127.0.0.1:3/x") as address:
        _, headers, _ = ask(address, "/")
    connect = directives(headers["Content-Security-Policy"])["connect-src"]
    assert connect == {"'self'", *(f"http://127.0.0.1:{port}" for port in (1, 2, 3))}


def test_the_page_of_a_stack_with_auth_may_reach_the_issuer_and_the_windows_it_opens(folder):
    with page.serve(folder, CONFIG, issuer="https://login.example.com/realm") as address:
        _, headers, _ = ask(address, "/")
    policy = directives(headers["Content-Security-Policy"])
    assert "https://login.example.com" in policy["connect-src"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"


def test_the_issuer_is_the_deployed_stack_s():
    stack = {"auth": {"issuer": "https://login.example.com/", "audience": "photos"}}
    server = Server(folder=Path(), port=1, pid=1, settings=stack)
    assert page.stack_issuer(server) == "https://login.example.com/"
    assert page.stack_issuer(Server(folder=Path(), port=1, pid=1)) == ""


def test_the_page_sends_what_the_signer_signs():
    checks = (WEB / "checks.js").read_text()
    assert set(re.findall(r': "(image/[a-z+]+)"', checks)) == set(CONTENT_TYPES)


@pytest.mark.parametrize("path", sorted(WEB.iterdir()), ids=lambda path: path.name)
def test_the_page_asks_no_third_party_and_writes_no_markup(path):
    text = path.read_text()
    assert not re.search(r"https?://\w", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b", text)
    assert not re.search(r"<style|<script>|\sstyle=|\son\w+=", text)


def test_every_file_that_the_page_names_is_there():
    naming = re.compile(r'(?:href|src|from) ?=? ?"\.?/?([\w-]+\.(?:js|css))"')
    named = {name for path in WEB.iterdir() for name in naming.findall(path.read_text())}
    there = {path.name for path in WEB.iterdir() if path.suffix in {".js", ".css"}}
    assert named == there
