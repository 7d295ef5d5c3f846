"""Serves the upload page on this machine, with the ``config.json`` of the embedded AWS's stack."""

import json
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from function.contract import StackOutput
from local.server import Server
from pipeline import page

HOST: Final = "127.0.0.1"

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Sent with every answer, besides those of ``pipeline/page.py``."""

CONTENT_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
}
"""By suffix; a file of another kind is not served."""


class _Pages(SimpleHTTPRequestHandler):
    """Pages of one folder, and a ``config.json`` that lies elsewhere."""

    server_version = "page"
    sys_version = ""
    extensions_map = CONTENT_TYPES

    def __init__(
        self, *arguments: Any, root: Path, config: Path, headers: Mapping[str, str]
    ) -> None:
        self._root = root
        self._config = config
        self._headers = {**HEADERS, **headers}
        super().__init__(*arguments, directory=str(root))

    def translate_path(self, path: str) -> str:
        """Return the file to send; an empty path, which is not found, for all but pages."""
        found = super().translate_path(path)
        if found == str(self._root / "config.json"):
            return str(self._config)
        if "\0" in found:
            return ""
        page = Path(found)
        # Resolved, so that no symbolic link leads out of the folder.
        file = (page / "index.html" if page == self._root else page).resolve()
        is_page = file.suffix in CONTENT_TYPES and file.is_relative_to(self._root)
        return str(file) if is_page and file.is_file() else ""

    def end_headers(self) -> None:
        """Send the headers of every answer."""
        for name, value in self._headers.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class's name)
        """Say nothing: the terminal belongs to the demo."""


class _Server(ThreadingHTTPServer):
    """A server that does not log a browser's disconnecting early, which is normal."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report errors other than a lost connection."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def stack_config(server: Server, shown: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the page's ``config.json``: the deployed stack, and uploads to show from the start.

    Args:
        server: where the stack is deployed.
        shown: for each upload its file, key, bytes, ms (from upload to manifest) and status.
    """
    config = page.config(
        uploads=server.settings["uploads"],
        max_upload_bytes=server.settings["maxUploadMb"] * 1_000_000,
        upload_endpoint=server.outputs[StackOutput.UPLOAD_ENDPOINT],
        delivery_url=server.outputs[StackOutput.DELIVERY_URL],
        sign_in=bool(server.settings.get("auth")),
        prefix=server.prefixes[0],
    )
    return {**config, "shown": shown}


def stack_issuer(server: Server) -> str:
    """Return the issuer of the deployed stack's tokens; empty without ``auth``."""
    auth: dict[str, str] = server.settings.get("auth") or {}
    return auth.get("issuer", "")


@contextmanager
def serve(
    folder_web: Path,
    config: Mapping[str, Any],
    port: int = 0,
    *,
    endpoint: str = "",
    issuer: str = "",
) -> Generator[str]:
    """Serve the page until the block ends; yields its URL, with a slash at the end.

    Args:
        folder_web: folder of the page; nothing outside it is served.
        config: the content of ``config.json``; its URLs are all that the page may reach.
        port: TCP port on this machine; 0 takes a free one.
        endpoint: of the embedded AWS, where signed forms are sent; empty if it has the origin of
            the configured ``uploadEndpoint``.
        issuer: of the tokens of a stack with ``auth``, which the page's sign-in may reach.

    Raises:
        OSError: the port is taken.
    """
    upload_urls = [config["uploadEndpoint"], *([endpoint] if endpoint else [])]
    policy = page.content_security_policy(upload_urls, config["deliveryUrl"], issuer)
    headers = {**page.headers(issuer), "Content-Security-Policy": policy}
    root = folder_web.resolve(strict=True)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "config.json"
        file.write_text(json.dumps(config), encoding="utf-8")
        handler = partial(_Pages, root=root, config=file, headers=headers)
        with _Server((HOST, port), handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            try:
                yield f"http://{HOST}:{server.server_port}/"
            finally:
                server.shutdown()
                thread.join()
