"""S3 as the function uses it, in memory, with a stated latency and throughput.

It runs outside the function's control group, so that compute and I/O can be told apart.
"""

import hashlib
import html
import re
import time
from email.utils import formatdate, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler
from threading import Lock
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from bench.sandbox.function import DESTINATION, SOURCE
from bench.sandbox.http_server import Handler, Server

LATENCY_MS: Final = 15.0
"""To the first byte of an answer. An assumption, printed with every figure: the median of small
requests is "often in the tens of milliseconds" ("Best Practices Design Patterns: Optimizing Amazon
S3 Performance", Timeouts and Retries for Latency-Sensitive Applications, read 2026-11-27)."""
MB_PER_S: Final = 80.0
"""One connection's throughput; an assumption like the latency, and without a source."""


class StubS3(Server):
    """Objects by path; PUT, GET, HEAD and DELETE with entity tags and preconditions; lists."""

    access_key = "bench"

    def __init__(self, *, latency_ms: float = LATENCY_MS, mb_per_s: float = MB_PER_S) -> None:
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.lock = Lock()
        self._made = (0, 0)
        self.latency_ms, self.mb_per_s = latency_ms, mb_per_s
        super().__init__(_Handler)
        self.url = f"http://{self.address}"

    def upload(self, key: str, body: bytes) -> str:
        """Put an object into the source bucket; its version is always 1."""
        self.put(f"/{SOURCE}/{key}", body)
        return "1"

    def forget(self, key: str) -> None:
        """Delete an object of the destination."""
        self.objects.pop(f"/{DESTINATION}/{key}", None)

    def made(self) -> tuple[int, int]:
        """Return how many objects were written to the destination so far, and their bytes."""
        return self._made

    def put(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> str:
        """Keep an object at ``/bucket/key``; returns its entity tag."""
        tag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        if path.startswith(f"/{DESTINATION}/"):
            self._made = (self._made[0] + 1, self._made[1] + len(body))
        now = formatdate(usegmt=True)
        self.objects[path] = (body, {**(headers or {}), "ETag": tag, "Last-Modified": now})
        return tag

    def delay(self, size: int) -> None:
        """Wait as long as S3 would take for so many bytes."""
        time.sleep(self.latency_ms / 1000 + size / (self.mb_per_s * 1_000_000))


class _Handler(Handler, BaseHTTPRequestHandler):
    disable_nagle_algorithm = True
    server: StubS3  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if "list-type" in query:
            self._list(query.get("prefix", [""])[0], is_deep="delimiter" not in query)
            return
        found = self.server.objects.get(self._path)
        self.server.delay(len(found[0]) if found and self.command == "GET" else 0)
        if found:
            self.answer(200, *found)
        else:
            self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    do_HEAD = do_GET  # noqa: N815 (the base's name)

    def _list(self, prefix: str, *, is_deep: bool) -> None:
        """List keys, on one page and without common prefixes ("ListObjectsV2", API reference)."""
        self.server.delay(0)
        bucket = f"{self._path.rstrip('/')}/"
        with self.server.lock:
            found = [
                (path.removeprefix(bucket), len(body), headers["Last-Modified"])
                for path, (body, headers) in self.server.objects.items()
                if path.startswith(bucket + prefix)
                and (is_deep or "/" not in path.removeprefix(bucket + prefix))
            ]
        contents = "".join(
            f"<Contents><Key>{html.escape(key)}</Key><Size>{size}</Size>"
            f"<LastModified>{parsedate_to_datetime(at):%Y-%m-%dT%H:%M:%S.000Z}</LastModified></Contents>"
            for key, size, at in sorted(found)
        )
        self.answer(200, f"<ListBucketResult>{contents}</ListBucketResult>".encode())

    def do_PUT(self) -> None:
        body = self.body()
        self.server.delay(len(body))
        with self.server.lock:
            if not self._expected():
                self.answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
                return
            tag = self.server.put(self._path, body, self._kept())
        self.answer(200, headers={"ETag": tag})

    def do_POST(self) -> None:
        """Delete several objects, and name each as S3 does ("DeleteObjects", API reference)."""
        keys = re.findall(r"<Key>(.*?)</Key>", self.body().decode(), re.DOTALL)
        self.server.delay(0)
        with self.server.lock:
            for key in keys:
                self.server.objects.pop(f"{self._path.rstrip('/')}/{html.unescape(key)}", None)
        deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        self.answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode())

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
        names = ("content-type", "cache-control", "x-amz-meta-")
        headers = self.headers.items()
        return {name: value for name, value in headers if name.lower().startswith(names)}
