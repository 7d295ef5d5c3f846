"""Amazon S3 Block Public Access of the account, over that of each bucket.

"Blocking public access to your Amazon S3 storage" (S3 user guide): S3 applies the most restrictive
combination of the bucket's and the account's settings. MiniStack knows the bucket's alone.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from ministack import app as app_module
from ministack.core import responses
from ministack.services import s3 as s3_module

Answer = tuple[int, dict[str, str], bytes]

_app: Final[Any] = app_module
_s3: Final[Any] = s3_module
_responses: Final[Any] = responses
_handle_s3_control: Final[Callable[..., Awaitable[Answer | None]]] = _app._handle_s3_control_request
_blocked: Final[Callable[[str, str, str], bool]] = _s3._public_access_blocked

PATH: Final = "/v20180820/configuration/publicAccessBlock"

_settings: Final[dict[str, bytes]] = {}
"""The configuration of each account that has one, as it was put."""


def is_blocked(account: str, bucket: str, setting: str) -> bool:
    """Return whether the bucket or its account blocks this kind of public access."""
    if _blocked(account, bucket, setting):
        return True
    if account not in _settings:
        return False
    return _s3._parse_pab(_s3.fromstring(_settings[account])).get(setting, False)


async def _handle(path: str, method: str, body: bytes, *rest: Any) -> Answer | None:
    """Serve what S3 Control has for the account: get, put and delete its configuration."""
    if path != PATH:
        return await _handle_s3_control(path, method, body, *rest)
    query, request_id, headers = rest
    verb = "Get" if method == "GET" else "Put"  # deleting needs the permission to put
    action = f"s3:{verb}AccountPublicAccessBlock"
    denied = _app._enforce_data_plane("s3", action, headers, query, request_id)
    refused = denied or _s3.s3control_account_error(headers)
    return refused or _configure(method, _responses.get_account_id(), body)


def _configure(method: str, account: str, body: bytes) -> Answer:
    if method == "PUT":
        _settings[account] = body
        return 200, {}, b""
    if method == "DELETE":
        _settings.pop(account, None)
        return 204, {}, b""
    if account not in _settings:
        message = "The public access block configuration was not found"
        return _s3.s3control_error("NoSuchPublicAccessBlockConfiguration", message, 404)
    return 200, {"Content-Type": "application/xml"}, _settings[account]


def install() -> None:
    """Give MiniStack's accounts a Block Public Access, in this process."""
    _app._handle_s3_control_request = _handle
    _s3._public_access_blocked = is_blocked
