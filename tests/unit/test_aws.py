"""Requests signed as AWS asks, and connections that are used again."""

import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from function.aws import Credentials, Host, sign

EXAMPLE = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


def signed(**changes):
    request = {
        "method": "GET",
        "target": "/test.txt",
        "headers": {"host": "examplebucket.s3.amazonaws.com", "range": "bytes=0-9"},
        "body": b"",
        "service": "s3",
        "region": "us-east-1",
        "credentials": EXAMPLE,
        "now": datetime(2013, 5, 24, tzinfo=UTC),
    }
    return sign(**{**request, **changes})


def test_the_signature_is_the_one_that_amazon_publishes():
    """Amazon S3 API reference, "Examples: Signature calculations", GET object."""
    signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    assert signed()["authorization"].endswith(f"Signature={signature}")


@pytest.mark.parametrize(
    ("target", "signature"),
    [
        ("/?lifecycle=", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        (
            "/?max-keys=2&prefix=J",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_a_query_is_signed_as_amazon_publishes(target, signature):
    """The same page, GET bucket lifecycle and GET bucket (list objects)."""
    headers = {"host": "examplebucket.s3.amazonaws.com"}
    answer = signed(target=target, headers=headers)
    assert answer["authorization"].endswith(f"Signature={signature}")


def test_a_roles_token_is_sent_and_signed():
    headers = signed(credentials=Credentials(EXAMPLE.key_id, EXAMPLE.secret, "session"))
    assert headers["x-amz-security-token"] == "session"
    assert ";x-amz-security-token," in headers["authorization"]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.server.connections += 1

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
        self.close_connection = self.path == "/last"

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", EXAMPLE.key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", EXAMPLE.secret)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.connections = 0
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_connection_is_used_again_and_replaced_when_it_was_closed(server):
    host = Host("dynamodb", f"http://127.0.0.1:{server.server_port}")
    for path in ("/", "/", "/last"):
        assert host.request("POST", path, {}, b"x").status == 200
    assert server.connections == 1
    assert host.request("POST", "/", {}, b"x").status == 200
    assert server.connections == 2
    while host._idle:
        host._idle.pop().close()
