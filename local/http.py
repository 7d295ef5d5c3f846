"""Plain HTTP without credentials, as anyone on the internet would send it."""

import urllib.parse
from typing import Final

import urllib3

REQUEST_SECONDS: Final = 30
"""Longest wait for one answer."""


def request(
    method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """Send one HTTP request without credentials; return the status and the body.

    Raises:
        OSError: no answer.
    """
    parts = urllib.parse.urlsplit(url)
    # Names under localhost are this machine's (RFC 6761), which not every resolver knows.
    is_here = (parts.hostname or "").endswith(".localhost")
    address = f"127.0.0.1:{parts.port}" if is_here else parts.netloc
    # urllib3 would resolve the dots of a whole URL; an attacker's client sends them as they are.
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    with urllib3.connection_from_url(
        f"{parts.scheme}://{address}", timeout=REQUEST_SECONDS
    ) as pool:
        try:
            answer = pool.urlopen(
                method,
                target,
                body,
                {"Host": parts.netloc, **(headers or {})},
                retries=False,  # nor is a redirection followed
            )
        except urllib3.exceptions.HTTPError as error:
            raise OSError(f"{method} {url} has no answer: {error}") from error
        return answer.status, answer.data


def quote(key: str) -> str:
    """Return a key as it stands in a URL's path."""
    return urllib.parse.quote(key)
