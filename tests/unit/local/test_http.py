"""Requests go out as they are asked for, and what comes back is told."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from local.http import quote, request


class Echo(BaseHTTPRequestHandler):
    """Answers with the request's first line, its host and its body."""

    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        told = f"{self.path} {self.headers['Host']} {self.headers['X-Name']} ".encode() + body
        self.send_response(302 if self.path.startswith("/moved") else 201)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_arguments):
        pass


@pytest.fixture(scope="module")
def port():
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_request_is_sent_and_its_status_and_body_returned(port):
    answer = request("PUT", f"http://127.0.0.1:{port}/a?b=c", b"body", {"X-Name": "n"})
    assert answer == (201, f"/a?b=c 127.0.0.1:{port} n body".encode())


def test_names_under_localhost_are_this_machine(port):
    url = f"http://d1.cloudfront.localhost:{port}/"
    assert request("PUT", url) == (201, f"/ d1.cloudfront.localhost:{port} None ".encode())


@pytest.mark.parametrize("path", ["/u1/../../_index/a", "/./a", "/%5Findex//a", "/?list-type=2"])
def test_a_path_is_sent_as_it_is(port, path):
    assert request("PUT", f"http://127.0.0.1:{port}{path}")[1].split()[0].decode() == path


@pytest.mark.parametrize(("end", "path"), [("", "/"), ("?a=b", "/?a=b")])
def test_an_address_without_a_path_asks_for_the_root(port, end, path):
    assert request("PUT", f"http://127.0.0.1:{port}{end}")[1].split()[0].decode() == path


def test_a_redirection_is_an_answer_and_not_followed(port):
    assert request("PUT", f"http://127.0.0.1:{port}/moved")[0] == 302


def test_no_answer_is_an_error_of_the_system():
    with pytest.raises(OSError, match=r"PUT http://127\.0\.0\.1:1/ has no answer"):
        request("PUT", "http://127.0.0.1:1/")


def test_keys_are_quoted_for_a_path():
    assert quote("uploads/été #1.jpg") == "uploads/%C3%A9t%C3%A9%20%231.jpg"
