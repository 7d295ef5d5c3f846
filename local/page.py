"""Serves the upload page on this machine, with the ``config.json`` of the embedded AWS's stack."""

import json
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from function.contract import StackOutput
from local.server import Server
from pipeline import page

HOST: Final = "127.0.0.1"

HEADERS: Final = {
    **page.HEADERS,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Sent with every answer, beside the Content-Security-Policy."""

CONTENT_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".ico": "image/x-icon",
}
"""By suffix; a file of any other kind is not served."""


class _Pages(BaseHTTPRequestHandler):
    """Files of one folder, and ``config.json`` from memory."""

    server_version = "page"
    sys_version = ""

    def __init__(self, *arguments: Any, root: Path, config: bytes, policy: str) -> None:
        self._root = root
        self._config = config
        self._headers = {**HEADERS, "Content-Security-Policy": policy}
        super().__init__(*arguments)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        path = unquote(self.path.split("?", 1)[0])
        if path == "/config.json":
            self._send(self._config, CONTENT_TYPES[".json"], with_body=with_body)
            return
        file = self._find("index.html" if path == "/" else path.lstrip("/"))
        if file is None:
            self.send_error(HTTPStatus.NOT_FOUND)
        else:
            self._send(file.read_bytes(), CONTENT_TYPES[file.suffix], with_body=with_body)

    def _find(self, name: str) -> Path | None:
        if "\0" in name:
            return None
        # Resolved, so that neither dots nor a symbolic link leads out of the folder.
        file = (self._root / name).resolve()
        servable = file.suffix in CONTENT_TYPES and file.is_relative_to(self._root)
        return file if servable and file.is_file() else None

    def _send(self, body: bytes, content_type: str, *, with_body: bool) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def end_headers(self) -> None:
        for name, value in self._headers.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        """Say nothing: the terminal belongs to the demo."""


class _Server(ThreadingHTTPServer):
    """Quiet when a browser leaves before it has read all: that is its right."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report what is not a lost connection."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def stack_config(server: Server, shown: list[dict[str, Any]]) -> dict[str, Any]:
    """What the page is told: the deployed stack, and uploads to show from the start.

    ``shown`` has, for each, file, key, bytes, ms (from upload to manifest) and status.
    """
    config = page.config(
        uploads=server.settings["uploads"],
        max_upload_bytes=server.settings["maxUploadMb"] * 1_000_000,
        upload_endpoint=server.outputs[StackOutput.UPLOAD_ENDPOINT],
        delivery_url=server.outputs[StackOutput.DELIVERY_URL],
    )
    return {**config, "shown": shown}


@contextmanager
def serve(folder_web: Path, config: Mapping[str, Any], port: int = 0) -> Generator[str]:
    """Serve the page until the block ends; yields its URL, with a slash at the end.

    Args:
        folder_web: folder of the page; nothing outside it is served.
        config: what ``config.json`` says; its URLs are all that the page may reach.
        port: TCP port on this machine; 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    # The source bucket, which signed forms are sent to, has the endpoint's origin here.
    policy = page.content_security_policy([config["uploadEndpoint"]], config["deliveryUrl"])
    body = json.dumps(config).encode()
    handler = partial(_Pages, root=folder_web.resolve(strict=True), config=body, policy=policy)
    with _Server((HOST, port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
