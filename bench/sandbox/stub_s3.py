"""S3 as the function uses it, in memory, with a stated latency and throughput.

It runs outside the function's control group, so that compute and I/O can be told apart.
"""

import hashlib
import html
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from bench.sandbox.function import SOURCE

LATENCY_MS: Final = 15.0
"""To the first byte of an answer. An assumption, printed with every figure, not a measurement."""
MB_PER_S: Final = 80.0
"""One connection's throughput; an assumption like the latency."""

_DATE: Final = "Mon, 02 Nov 2026 10:11:12 GMT"


class StubS3(ThreadingHTTPServer):
    """Objects by path; PUT, GET, HEAD and DELETE with entity tags and their preconditions."""

    daemon_threads = True
    access_key = "bench"

    def __init__(self, *, latency_ms: float = LATENCY_MS, mb_per_s: float = MB_PER_S) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.lock = Lock()
        self.latency_ms, self.mb_per_s = latency_ms, mb_per_s
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def upload(self, key: str, body: bytes) -> str:
        """Put an object into the source bucket; its version is always 1."""
        self.put(f"/{SOURCE}/{key}", body)
        return "1"

    def facts(self) -> dict[str, str | float]:
        """What every figure rests on."""
        return {"s3": "stub", "latency_ms": self.latency_ms, "mb_per_s": self.mb_per_s}

    def put(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> str:
        """Keep an object at ``/bucket/key``; returns its entity tag."""
        tag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        self.objects[path] = (body, {**(headers or {}), "ETag": tag, "Last-Modified": _DATE})
        return tag

    def delay(self, size: int) -> None:
        """Wait as long as S3 would take for so many bytes."""
        time.sleep(self.latency_ms / 1000 + size / (self.mb_per_s * 1_000_000))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that was killed, which is what a sandbox does."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def close(self) -> None:
        """Stop serving."""
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: StubS3  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        found = self.server.objects.get(self._path)
        self.server.delay(len(found[0]) if found and self.command == "GET" else 0)
        if found is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>", {})
        else:
            self._answer(200, *found)

    do_HEAD = do_GET  # noqa: N815 (the base's name)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.delay(len(body))
        with self.server.lock:
            if not self._expected():
                self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>", {})
                return
            tag = self.server.put(self._path, body, self._kept())
        self._answer(200, b"", {"ETag": tag})

    def do_POST(self) -> None:
        """Delete several objects, and name each as S3 does ("DeleteObjects", API reference)."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.delay(0)
        keys = re.findall(r"<Key>(.*?)</Key>", body, re.DOTALL)
        with self.server.lock:
            for key in keys:
                path = f"{self._path.rstrip('/')}/{html.unescape(key)}"
                self.server.objects.pop(path, None)
        deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        self._answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode(), {})

    @property
    def _path(self) -> str:
        return unquote(urlsplit(self.path).path)

    def _expected(self) -> bool:
        found = self.server.objects.get(self._path)
        if self.headers.get("If-None-Match") == "*":
            return found is None
        wanted = self.headers.get("If-Match")
        return wanted is None or (found is not None and found[1]["ETag"] == wanted)

    def _kept(self) -> dict[str, str]:
        names = ("content-type", "cache-control")
        return {
            name: value
            for name, value in self.headers.items()
            if name.lower() in names or name.lower().startswith("x-amz-meta-")
        }

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base's name)
        """Say nothing: every request would be a line."""
