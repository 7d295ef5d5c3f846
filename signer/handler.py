"""Gives anyone a presigned POST: permission to upload one image within five minutes.

The uploader sends ``{"name": "beach.jpg", "type": "image/jpeg"}`` and gets ``{"key", "url",
"fields"}``. The signed policy limits what S3 then accepts: this key, this type, 1 byte to
``MAX_UPLOAD_BYTES``. We choose the key; it has a random part, so that nobody can overwrite another
upload. With the setting ``auth``, ``signer/authorized.py`` takes the place of this module and
checks the user first.
"""

import base64
import json
import logging
import os
import re
import unicodedata
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast

import boto3
from botocore.config import Config

EXPIRES_SECONDS: Final = 300
"""Time to choose a network and start the upload; S3 checks the permission at its start."""

MAX_NAME: Final = 80
"""Longest file name in a key, suffix included; the rest of a longer name is cut off."""

MAX_BODY: Final = 4096
"""Longest request, in bytes; a name and a type need far less."""

CONTENT_TYPES: Final = (
    *("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/heic"),
    *("image/heif", "image/tiff", "image/bmp", "image/svg+xml"),
)
"""Types that may be uploaded; each is a format that the resizer reads (docs/engine.md)."""

PREFIX: Final = os.environ.get("UPLOAD_PREFIX", "uploads/")
"""Start of the keys; the stack sets the variable if it is not the default."""

_boto3: Final[Any] = boto3  # boto3 has no inline types
_s3: Final = _boto3.client("s3", config=Config(signature_version="s3v4"))
_logger: Final = logging.getLogger(__name__)
_logger.setLevel(logging.INFO)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The upload that a form is asked for.

    Attributes:
        name: the file's name, as the uploader has it.
        content_type: one of ``CONTENT_TYPES``.
        size: bytes, as the request says; None if it does not say, or says no whole number.
    """

    name: str
    content_type: str
    size: int | None


class Refused(Exception):
    """A request that is not signed. Its arguments are the response's status, code and message."""


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one request to the function URL (payload format 2.0)."""
    try:
        wanted = read(event)
    except Refused as refused:
        return refusal(*refused.args)
    key = f"{PREFIX}{unique(wanted.name)}"
    _logger.info("signed", extra={"key": key, "content_type": wanted.content_type})
    return answer(HTTPStatus.OK, sign(key, wanted.content_type))


def sign(
    key: str,
    content_type: str,
    *,
    sizes: tuple[int, int] | None = None,
    seconds: int = EXPIRES_SECONDS,
) -> dict[str, Any]:
    """Sign a POST of one object; ``url`` and ``fields`` make the form, the file comes last.

    ``sizes`` are the fewest and most bytes of the file; None allows 1 to ``MAX_UPLOAD_BYTES``.
    """
    fewest, most = sizes or (1, int(os.environ["MAX_UPLOAD_BYTES"]))
    form = _s3.generate_presigned_post(
        os.environ["SOURCE_BUCKET"],
        key,
        Fields={"Content-Type": content_type},
        Conditions=[{"Content-Type": content_type}, ["content-length-range", fewest, most]],
        ExpiresIn=seconds,
    )
    return {"key": key, "url": os.environ["UPLOAD_URL"], "fields": form["fields"]}


def unique(name: str) -> str:
    """Return the end of a key that no other upload has: a random part and the file's name."""
    return f"{uuid.uuid4()}/{clean(name)}"


def clean(name: str) -> str:
    """Return the file name as part of a key: letters and digits of any script, ``.``, ``-``, ``_``.

    Nothing is left that has a meaning for S3, a URL or a shell (``${filename}``, slashes, leading
    dots), so two names may become one: the random part keeps them apart.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    stem, dot, suffix = re.sub(r"[^\w.]+", "-", last).strip("-.").rpartition(".")
    kept = f"{stem[: MAX_NAME - len(suffix) - 1]}{dot}{suffix}".strip("-.")[:MAX_NAME]
    return kept or "picture"


def read(event: dict[str, Any]) -> Wanted:
    """Return the upload that a request describes.

    Raises:
        Refused: it is not a POST, or its body is too long, not JSON, or has no image type.
    """
    if event["requestContext"]["http"]["method"] != "POST":
        raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "method", "Send a POST.")
    body = event.get("body") or ""
    if len(body) > MAX_BODY:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body", "Send the name and type alone.")
    try:
        raw = base64.b64decode(body) if event.get("isBase64Encoded") else body
        sent: object = json.loads(raw)
    except (ValueError, RecursionError):  # JSON that nests deeper than Python's stack
        sent = None
    fields = cast("dict[str, Any]", sent) if isinstance(sent, dict) else {}
    name, content_type, size = fields.get("name"), fields.get("type"), fields.get("size")
    if not isinstance(name, str) or not isinstance(content_type, str):
        message = 'Send JSON: {"name": "beach.jpg", "type": "image/jpeg"}.'
        raise Refused(HTTPStatus.BAD_REQUEST, "body", message)
    if content_type not in CONTENT_TYPES:
        message = f"The type must be one of {', '.join(CONTENT_TYPES)}."
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "type", message)
    # Not isinstance: true is an int.
    return Wanted(name=name, content_type=content_type, size=size if type(size) is int else None)


def refusal(
    status: HTTPStatus, code: str, message: str, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """Return the answer to a request that is not signed: a code for programs, and a sentence."""
    return answer(status, {"error": {"code": code, "message": message}}, headers)


def answer(
    status: HTTPStatus, body: dict[str, Any], headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """Return an answer of the function URL (payload format 2.0), which nobody may cache."""
    sent = {"Content-Type": "application/json", "Cache-Control": "no-store", **(headers or {})}
    return {"statusCode": int(status), "headers": sent, "body": json.dumps(body)}
