"""Serves the gallery page on this machine, with the list of what to show."""

import json
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from local.server import HOST


class _Pages(SimpleHTTPRequestHandler):
    """Files of one folder, and ``gallery.json`` from memory; quiet."""

    def __init__(self, *arguments: Any, gallery: bytes, **options: Any) -> None:
        self._gallery = gallery
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        if self.path == "/":
            self.path = "/gallery.html"
        if self.path != "/gallery.json":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self._gallery)))
        self.end_headers()
        self.wfile.write(self._gallery)

    def end_headers(self) -> None:
        """Add what a page on the internet would send."""
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Frame-Options", "DENY")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's own name)
        """Say nothing: the terminal belongs to the demo."""


@contextmanager
def serve(web: Path, gallery: Mapping[str, Any], port: int = 0) -> Generator[str]:
    """Serve the gallery until the block ends; yields its URL.

    Args:
        web: folder of the page.
        gallery: ``delivery_url``, and ``uploads`` with file, key, bytes, ms and status.
        port: TCP port on this machine; 0 takes a free one.
    """
    handler = partial(_Pages, directory=str(web), gallery=json.dumps(gallery).encode())
    with ThreadingHTTPServer((HOST, port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
