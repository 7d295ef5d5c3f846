"""Plain HTTP without credentials, as anyone on the internet would send it."""

import http.client
import urllib.parse
from typing import Final

REQUEST_SECONDS: Final = 30
"""How long one answer may take."""


def request(
    method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """Send one HTTP request without credentials; return the status and the body.

    Raises:
        OSError: no answer.
    """
    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    # Names under localhost are this machine's (RFC 6761), which not every resolver knows.
    local = (parts.hostname or "").endswith(".localhost")
    connection = kind(
        "127.0.0.1" if local else parts.hostname or "", parts.port, timeout=REQUEST_SECONDS
    )
    try:
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, target, body, {"Host": parts.netloc, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def quote(key: str) -> str:
    """A key as it stands in a URL's path."""
    return urllib.parse.quote(key)
