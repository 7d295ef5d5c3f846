"""AWS over HTTP, with its answers written down beforehand."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit


class AwsServer(ThreadingHTTPServer):
    """Gives the answers that a test expects AWS to give, the last one for ever.

    Attributes:
        answers: status and body of each answer to come.
        asked: command, path and query of each request so far.
        received: headers and body of each request so far.
        headers: sent with each answer.
        keeps_open: connections stay open after an answer.
        answering: set, unless requests get no answer for now.
        connections: number of connections that were opened.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, bytes]] = [(200, b"{}")]
        self.asked, self.received = [], []
        self.headers: dict[str, str] = {}
        self.keeps_open, self.connections = False, 0
        self.answering = threading.Event()
        self.answering.set()
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=[0.01], daemon=True).start()

    def hang_up(self) -> None:
        """Close the connections that are open, as AWS does after a while."""
        for connection in self.open:
            connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.answering.set()
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.server.connections += 1
        self.server.open = [self.connection]

    def _answer(self):
        sent = self.rfile.read(int(self.headers.get("content-length", 0)))
        url, answers = urlsplit(self.path), self.server.answers
        self.server.asked.append((self.command, unquote(url.path), parse_qs(url.query)))
        self.server.received.append((dict(self.headers), sent))
        self.server.answering.wait()
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        if not self.server.keeps_open:
            self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 - http.server names them

    def log_message(self, *arguments):
        pass
