"""The upload page (``web/``): its files, its configuration and its security headers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from function.contract.keys import UPLOADS

FOLDER: Final = Path(__file__).resolve().parent.parent / "web"

CONFIG: Final = "config.json"

HEADERS: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # The page asks for none of these, so code injected into it may not either.
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""Sent with each of the page's files, next to the Content-Security-Policy."""

PATTERNS: Final = ("/*.html", "/*.css", "/*.js", f"/{CONFIG}")
"""Paths of the page; none matches a rendition or a manifest."""


def files() -> list[Path]:
    """Return the page's files, without ``config.json``."""
    return sorted(FOLDER.iterdir())


def file_names() -> list[str]:
    """Return the names of the page's files, ``config.json`` included."""
    return [*(file.name for file in files()), CONFIG]


def config(
    *,
    uploads: str,
    max_upload_bytes: int,
    upload_endpoint: str,
    delivery_url: str,
    sign_in: bool = False,
    prefix: str = UPLOADS,
) -> dict[str, Any]:
    """Return ``config.json``, which ``web/page.js`` reads: one page serves all stacks.

    ``sign_in`` is True if the signer asks for a user's token; otherwise its field is left out. So
    is the field of ``prefix`` if the prefix of uploads is the default.
    """
    return {
        "uploads": uploads,
        "maxUploadBytes": max_upload_bytes,
        "uploadEndpoint": upload_endpoint.rstrip("/"),
        "deliveryUrl": delivery_url,
        **({"signIn": True} if sign_in else {}),
        **({} if prefix == UPLOADS else {"prefix": prefix}),
    }


def headers(issuer: str) -> dict[str, str]:
    """Return ``HEADERS``; a page that signs people in may also talk to the windows it opens.

    Args:
        issuer: URL of the issuer of tokens; empty without ``auth``.
    """
    # With same-origin, a provider's window would have no opener to send the sign-in to.
    popups = {"Cross-Origin-Opener-Policy": "same-origin-allow-popups"}
    return HEADERS | (popups if issuer else {})


def content_security_policy(upload_urls: Sequence[str], delivery_url: str, issuer: str = "") -> str:
    """Return a policy that allows the page's files, the renditions and uploads, nothing else.

    Args:
        upload_urls: the source bucket's URL and, if there is one, the signer's.
        delivery_url: what readers put before a destination key; empty for the page's own origin.
        issuer: URL of the issuer of tokens, which the page may call; empty without ``auth``.
    """
    delivery = [_origin(delivery_url)] if delivery_url else []
    urls = [*upload_urls, *([issuer] if issuer else [])]
    connect = sorted({_origin(url) for url in urls} | set(delivery))
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
