"""Gives a signed-in user a presigned POST: permission to upload one image of one size in a minute.

Does what ``signer/handler.py`` does, for stacks with the setting ``auth``. The request carries a
token from the issuer and also the file's ``size``; the key is ``<prefix><user>/<random>/<name>``. A
request that cannot be checked is not signed: the answer is 503 while keys or quotas cannot be
reached.
"""

import logging
import os
from http import HTTPStatus
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from signer.handler import PREFIX, Refused, answer, read, refusal, sign, unique
from signer.issuer_keys import IssuerKeys, KeysUnavailable
from signer.quota import Quota
from signer.tokens import user_of
from signer.users import part_of_key

EXPIRES_SECONDS: Final = 60
"""Shorter than without ``auth``: a form used again while it is valid evades the quotas."""

RETRY_SECONDS: Final = 30
"""When to ask again after a failure of ours."""

_ISSUER: Final = os.environ["ISSUER"]
_AUDIENCE: Final = os.environ["AUDIENCE"]
keys: Final = IssuerKeys(_ISSUER)
quota: Final = (
    Quota(
        os.environ["QUOTA_TABLE"],
        forms_per_hour=int(os.environ["QUOTA_PER_HOUR"]),
        bytes_per_day=int(os.environ["QUOTA_BYTES_PER_DAY"]),
    )
    if "QUOTA_TABLE" in os.environ
    else None
)
_logger: Final = logging.getLogger(__name__)
_logger.setLevel(logging.INFO)


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer one request to the function URL (payload format 2.0)."""
    try:
        return _sign(event)
    except Refused as refused:
        _logger.info("refused", extra={"code": refused.args[1], "cause": _cause(refused)})
        return refusal(*refused.args)
    except (KeysUnavailable, BotoCoreError, ClientError):
        _logger.exception("unavailable")
        return refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "unavailable",
            "Uploads cannot be allowed at this moment. Try again in a minute.",
            {"Retry-After": str(RETRY_SECONDS)},
        )


def _sign(event: dict[str, Any]) -> dict[str, Any]:
    user = part_of_key(user_of(event["headers"], keys, issuer=_ISSUER, audience=_AUDIENCE))
    wanted = read(event)
    size = _check_size(wanted.size)
    if quota:
        quota.charge(user, size)
    key = f"{PREFIX}{user}/{unique(wanted.name)}"
    _logger.info("signed", extra={"key": key, "content_type": wanted.content_type, "size": size})
    form = sign(key, wanted.content_type, sizes=(size, size), seconds=EXPIRES_SECONDS)
    return answer(HTTPStatus.OK, form)


def _check_size(size: int | None) -> int:
    if size is None or size < 1:
        message = 'Send the file\'s size too, in bytes: {"name": …, "type": …, "size": 2500000}.'
        raise Refused(HTTPStatus.BAD_REQUEST, "size", message)
    most = int(os.environ["MAX_UPLOAD_BYTES"])
    if size > most:
        message = f"The file has {size:,} bytes; the limit is {most:,}."
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "size", message)
    return size


def _cause(refused: Refused) -> str:
    """Return the kind of error behind a refusal, for the log: which check of a token failed."""
    return type(refused.__cause__).__name__ if refused.__cause__ else ""
