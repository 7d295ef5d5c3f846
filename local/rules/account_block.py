"""Amazon S3 Block Public Access of the account, over that of each bucket.

"Blocking public access to your Amazon S3 storage" (S3 user guide): S3 applies the most restrictive
combination of the bucket's and the account's settings. MiniStack knows the bucket's alone.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from local.rules.ministack import app, replaces, responses, s3

Response = tuple[int, dict[str, str], bytes]

PATH: Final = "/v20180820/configuration/publicAccessBlock"

_settings: Final[dict[str, bytes]] = {}
"""The configuration of each account that has one, as it was put."""


@replaces(vars(s3), "_public_access_blocked")
def is_blocked(
    by_bucket: Callable[[str, str, str], bool], account: str, bucket: str, setting: str
) -> bool:
    """Return whether the bucket or its account blocks this kind of public access."""
    if by_bucket(account, bucket, setting):
        return True
    if account not in _settings:
        return False
    return s3._parse_pab(s3.fromstring(_settings[account])).get(setting, False)


@replaces(vars(app), "_handle_s3_control_request")
async def s3_control(
    handle: Callable[..., Awaitable[Response | None]],
    path: str,
    method: str,
    body: bytes,
    *rest: Any,
) -> Response | None:
    """Serve what S3 Control has for the account: get, put and delete its configuration."""
    if path != PATH:
        return await handle(path, method, body, *rest)
    query, request_id, headers = rest
    verb = "Get" if method == "GET" else "Put"  # deleting needs the permission to put
    action = f"s3:{verb}AccountPublicAccessBlock"
    denied = app._enforce_data_plane("s3", action, headers, query, request_id)
    refused = denied or s3.s3control_account_error(headers)
    return refused or _configure(method, responses.get_account_id(), body)


def _configure(method: str, account: str, body: bytes) -> Response:
    if method == "PUT":
        _settings[account] = body
        return 200, {}, b""
    if method == "DELETE":
        _settings.pop(account, None)
        return 204, {}, b""
    if account not in _settings:
        message = "The public access block configuration was not found"
        return s3.s3control_error("NoSuchPublicAccessBlockConfiguration", message, 404)
    return 200, {"Content-Type": "application/xml"}, _settings[account]
