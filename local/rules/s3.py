"""Amazon S3: requests that S3 refuses and MiniStack grants."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from local.rules.ministack import iam_evaluator, replaces, responses, router, s3

Response = tuple[int, dict[str, str], bytes]

MAX_KEY: Final = 1_024
"""Bytes of a key in UTF-8 (S3 user guide, "Naming Amazon S3 objects")."""

MAX_DELETIONS: Final = 1_000
"""Keys of one DeleteObjects (S3 API reference)."""

MAX_BUCKET_POLICY: Final = 20_480
"""Bytes (S3 user guide, "Adding a bucket policy by using the Amazon S3 console")."""

CUSTOMERS_KEY: Final = "x-amz-server-side-encryption-customer-algorithm"
"""Header or field of a form that asks for SSE-C."""

_SUBRESOURCES: Final = {"acl", "annotation", "legal-hold", "retention", "tagging", "uploadId"}
"""Parameters of a GET that reads something else than the object."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request to S3, after MiniStack has checked its signature and the caller's policies."""

    method: str
    bucket: str
    key: str
    headers: Mapping[str, str]
    query: Mapping[str, Any]
    body: bytes

    def may_list(self) -> bool:
        """Return whether the caller has s3:ListBucket."""
        return self._may("s3:ListBucket", "")

    def may_read(self) -> bool:
        """Return whether the caller has s3:GetObject on the key."""
        return self._may("s3:GetObject", self.key)

    def _may(self, action: str, key: str) -> bool:
        access_key = router.extract_access_key_id(self.headers, self.query)
        if access_key:
            arn = f"arn:aws:s3:::{self.bucket}" + (f"/{key}" if key else "")
            region = responses.get_region()
            refused = iam_evaluator.enforce(access_key, action, "s3", region, resource_arn=arn)
            return refused is None
        owner = s3._bucket_owner_account(self.bucket)
        # A GET of a bucket is s3:ListBucket there, one of a key s3:GetObject.
        return s3._foreign_bucket_allows(owner, self.bucket, key, "GET", {}, "", self.headers)


def long_key(request: Request) -> Response | None:
    """Refuse a key of more than 1,024 bytes ("Naming Amazon S3 objects", S3 user guide)."""
    length = len((request.key or _form_key(request)).encode())
    if length <= MAX_KEY:
        return None
    sizes = {"Size": str(length), "MaxSizeAllowed": str(MAX_KEY)}
    return s3._object_error("KeyTooLongError", "Your key is too long", 400, **sizes)


def customers_key(request: Request) -> Response | None:
    """Refuse a write with a customer's key in a bucket whose configuration blocks SSE-C.

    "Blocking or unblocking SSE-C for a general purpose bucket" (S3 user guide): PutObject,
    CopyObject, PostObject and multipart uploads are rejected.
    """
    if request.method not in ("PUT", "POST"):
        return None
    if CUSTOMERS_KEY not in request.headers and CUSTOMERS_KEY not in _form(request):
        return None
    configuration = s3._bucket_encryption.get(request.bucket)
    if not configuration:
        return None
    blocked = s3.fromstring(configuration).iterfind(
        ".//{*}BlockedEncryptionTypes/{*}EncryptionType"
    )
    return _denied() if "SSE-C" in {element.text for element in blocked} else None


def unreadable_condition(request: Request) -> Response | None:
    """Refuse an ETag in If-Match from a caller without s3:GetObject.

    "How to prevent object overwrites with conditional writes" and "How to perform conditional
    deletes" (S3 user guide): the permission to check the ETag. A deletion with ``*`` needs none.
    """
    condition = request.headers.get("if-match", "").strip()
    if not condition or not request.key or request.method not in ("PUT", "POST", "DELETE"):
        return None
    if (request.method == "DELETE" and condition == "*") or request.may_read():
        return None
    return _denied()


def unknown_condition(request: Request) -> Response | None:
    """Refuse an ETag in If-None-Match of a write ("PutObject", S3 API reference: expects ``*``)."""
    condition = request.headers.get("if-none-match", "*").strip()
    if request.method not in ("PUT", "POST") or not request.key or condition == "*":
        return None
    message = "A header you provided implies functionality that is not implemented"
    return s3._object_error("NotImplemented", message, 501, Header="If-None-Match")


def many_deletions(request: Request) -> Response | None:
    """Refuse to delete more than 1,000 keys at once ("DeleteObjects", S3 API reference)."""
    if request.method != "POST" or request.key or "delete" not in request.query:
        return None
    if request.body.count(b"<Object>") <= MAX_DELETIONS:
        return None
    return s3._error("MalformedXML", s3._MALFORMED_XML, 400)


def missing_key(request: Request, answer: Response) -> Response:
    """Answer 403 for a missing key or version to a caller without s3:ListBucket, else 404.

    "GetObject", "HeadObject" and "GetObjectAttributes" (S3 API reference), which say so of a
    missing object and know no other rule for a missing version.
    """
    is_read = request.method in ("GET", "HEAD") and not _SUBRESOURCES & set(request.query)
    if answer[0] != HTTPStatus.NOT_FOUND or not is_read or not request.key:
        return answer
    if s3._bucket_owner_account(request.bucket) is None or request.may_list():
        return answer
    status, headers, body = _denied()
    return status, headers, b"" if request.method == "HEAD" else body


@replaces(vars(s3), "_check_sse_c_copy_source")
def archived_source(
    check: Callable[[Any, Any], Response | None],
    headers: Mapping[str, str],
    source: Mapping[str, Any],
) -> Response | None:
    """Refuse to copy an archived object that is not restored ("Restoring an archived object").

    A version is copied without its restored state here, so a restored one is refused as well.
    """
    refused = check(headers, source)
    if refused is not None or source.get("storage_class") not in s3._ARCHIVE_STORAGE_CLASSES:
        return refused
    restored = source.get("restore") or {"available_at": 0, "expires_at": 0}
    if restored["available_at"] <= time.time() < restored["expires_at"]:
        return None
    message = "Operation is not valid for the source object's storage class"
    state = {"StorageClass": source["storage_class"]}
    return s3._object_error("InvalidObjectState", message, 403, **state)


@replaces(vars(s3), "_put_bucket_policy")
def large_bucket_policy(put: Callable[[str, bytes], Response], name: str, body: bytes) -> Response:
    """Refuse a bucket policy of more than 20 KB.

    "Adding a bucket policy by using the Amazon S3 console" (S3 user guide) states the limit; no
    page names the error, so this is the one that S3's other implementations took from it.
    """
    if len(body) > MAX_BUCKET_POLICY:
        message = "Policy exceeds the maximum allowed document size."
        return s3._object_error("PolicyTooLarge", message, 400)
    return put(name, body)


@replaces(vars(s3), "_bucket_default_sse_headers")
def default_encryption(of_bucket: Callable[[str], dict[str, str]], bucket: str) -> dict[str, str]:
    """Return the headers of the encryption that a new object gets where its request asks for none.

    "Amazon S3 now automatically encrypts all new objects" (S3 user guide): with S3's own keys,
    also in a bucket without a configuration.
    """
    return of_bucket(bucket) or {"x-amz-server-side-encryption": "AES256"}


def _form(request: Request) -> dict[str, tuple[str, str, str, bytes]]:
    """Return the fields of an HTML form by their names in lower case; none without a form."""
    kind = request.headers.get("content-type", "")
    if request.method != "POST" or not kind.startswith("multipart/form-data"):
        return {}
    return {part[0].lower(): part for part in s3._parse_multipart_form(kind, request.body)}


def _form_key(request: Request) -> str:
    """Return the key that an HTML form uploads to."""
    form = _form(request)
    if "key" not in form or "file" not in form:
        return ""
    key = form["key"][3].decode("utf-8", "replace")
    return key.replace("${filename}", form["file"][1] or "")


def _denied() -> Response:
    return s3._object_error("AccessDenied", "Access Denied", 403)


RULES: Final = (long_key, customers_key, unreadable_condition, unknown_condition, many_deletions)


@replaces(vars(s3), "handle_request")
async def refuse_or_handle(
    handle: Callable[..., Awaitable[Response]], *given: Any, **options: Any
) -> Response:
    """Refuse what S3 refuses, and handle the other requests."""
    if options.get("internal"):  # another service of MiniStack's, which AWS would not refuse
        return await handle(*given, **options)
    method, path, headers, body, query = given
    bucket, key = s3._parse_bucket_key(path, headers)
    request = Request(
        method=method, bucket=bucket, key=key, headers=headers, query=query, body=body
    )
    for rule in RULES:
        refusal = rule(request)
        if refusal is not None:
            return refusal
    return missing_key(request, await handle(*given, **options))
