"""The upload page (``web/``): what it is told of the stack, and what it may load and reach."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

FOLDER: Final = Path(__file__).resolve().parent.parent / "web"

CONFIG: Final = "config.json"

HEADERS: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # The page asks for none of these, so nothing that gets into it may either.
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""Sent with each of the page's files, beside the Content-Security-Policy and its like."""

PATTERNS: Final = ("/*.html", "/*.css", "/*.js", f"/{CONFIG}")
"""Paths of the page; no rendition's and no manifest's is like any of these."""


def files() -> list[Path]:
    """The page's files, ``config.json`` not among them."""
    return sorted(FOLDER.iterdir())


def file_names() -> list[str]:
    """Names of all that is served of the page."""
    return [*(file.name for file in files()), CONFIG]


def config(
    *, uploads: str, max_upload_bytes: int, upload_endpoint: str, delivery_url: str
) -> dict[str, Any]:
    """``config.json``, by which one page serves all stacks; ``web/page.js`` reads it."""
    return {
        "uploads": uploads,
        "maxUploadBytes": max_upload_bytes,
        "uploadEndpoint": upload_endpoint.rstrip("/"),
        "deliveryUrl": delivery_url,
    }


def content_security_policy(upload_urls: Sequence[str], delivery_url: str) -> str:
    """Nothing but the page's own files, the stack's renditions, and where uploads are sent.

    Args:
        upload_urls: the source bucket's URL and, if there is one, the signer's.
        delivery_url: what readers put before a destination key; empty for the page's own origin.
    """
    delivery = [_origin(delivery_url)] if delivery_url else []
    connect = sorted({_origin(url) for url in upload_urls} | set(delivery))
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            " ".join(["img-src 'self' data:", *delivery]),
            " ".join(["connect-src 'self'", *connect]),
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ]
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
