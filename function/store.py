"""S3, and the only file that knows it.

obstore instead of boto3: importing it and opening a bucket takes 23 ms of CPU where boto3 and its
client take 296 (one x86_64 machine; `python -m bench imports` has the whole handler's), and it
releases the GIL while bytes move.
"""

import os
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from obstore import sign
from obstore.exceptions import AlreadyExistsError, PermissionDeniedError, PreconditionError
from obstore.store import S3Store

if TYPE_CHECKING:
    from obstore import PutMode
    from obstore.store import ClientConfig, S3Config

    from function.aws import Host

from function.engine.errors import Rejected, RejectionCode

TIMEOUT: Final = "20s"
"""One request's limit: the largest upload at Lambda's slowest network still fits."""


FOREVER: Final = "public, max-age=31536000, immutable"
"""Rendition URLs carry the upload's hash, so what a cache holds never goes stale."""

STORE_THREADS: Final = 4
"""Renditions are written while the next one is encoded; S3 takes them in parallel."""

ABSENT: Final = ""
"""Stands for the entity tag of an object that is not there."""

SEQUENCER: Final = "sequencer"
"""User metadata of what is written: which version of the upload it was made from."""


class Gone(Exception):
    """The object is no longer there; there is nothing left to process."""


class Conflict(Exception):
    """Someone else has written the object since it was read."""


class CopyFailed(Exception):
    """S3 refused to copy an object; the message is delivered again."""


ARCHIVED: Final = "archived"
"""Code of the rejection of an upload that S3 must restore before anyone can read it."""

_NOT_RESTORED: Final = "InvalidObjectState"
"""S3's error code for reading an object of an archive storage class that has not been restored."""

_UNMET: Final = (404, 409, 412)
"""HTTP status of a conditional request whose condition does not hold (S3 user guide, "Conditional
requests"): not there, a race with another such request, not the same any more."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """The version of an object that its key holds."""

    version_id: str | None
    etag: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Headers:
    """What is stored with an object."""

    content_type: str
    cache_control: str
    sequencer: str


class Bucket:
    """One bucket, opened once per execution environment and shared by its threads.

    Only status 404 says that an object is missing, which S3 answers to a role that may list the
    bucket. Status 403 never says so: a policy that somebody edited, a disabled key or a wrong clock
    gives it for objects that exist. It is raised, so that the message is delivered again.

    Args:
        name: bucket's name.
        kms_key_arn: key for server-side encryption of what is written; empty for S3-managed keys.
    """

    def __init__(self, name: str, *, kms_key_arn: str = "") -> None:
        self.name = name
        self._kms_key_arn = kms_key_arn
        self._store = S3Store(
            name, config=_encryption(kms_key_arn), client_options=_client_options()
        )

    def fetch(self, key: str, *, version_id: str | None, max_bytes: int) -> bytes:
        """Read one object, or one version of it.

        Raises:
            Rejected: ``too_many_bytes``, decided from the answer's header, before the body;
                ``archived``, if S3 must restore the object before anyone can read it.
            Gone: no such object or version.
        """
        try:
            answer = self._store.get(key, options={"version": version_id} if version_id else {})
        except FileNotFoundError as error:
            raise Gone(key) from error
        except PermissionDeniedError as error:
            if self._read_error_code(key, version_id) != _NOT_RESTORED:
                raise
            raise Rejected(
                RejectionCode.ARCHIVED,
                "This file is in an archive storage class, where it cannot be read. "
                "Restore it, or upload it again.",
            ) from error
        size = answer.meta["size"]
        check_size(size, max_bytes)
        return bytes(answer.bytes())

    def read(self, key: str) -> tuple[bytes, str] | None:
        """Read one small object and its entity tag; None if it is not there."""
        try:
            answer = self._store.get(key)
        except FileNotFoundError:
            return None
        return bytes(answer.bytes()), answer.meta["e_tag"] or ABSENT

    def sequencer(self, key: str) -> str | None:
        """Which version of the upload an object was made from; None if it is not there."""
        try:
            answer = self._store.get(key, options={"head": True})
        except FileNotFoundError:
            return None
        return answer.attributes.get(SEQUENCER)

    def head(self, key: str) -> Held | None:
        """What a key holds now; None if nothing, or a delete marker."""
        try:
            meta = self._store.head(key)
        except FileNotFoundError:
            return None
        etag = (meta["e_tag"] or "").strip('"')
        return Held(version_id=meta["version"], etag=etag, bytes=meta["size"])

    def has(self, key: str, version_id: str) -> bool:
        """Return whether a version of an object is still there."""
        try:
            self._store.get(key, options={"head": True, "version": version_id})
        except FileNotFoundError:
            return False
        return True

    def put(self, key: str, body: bytes, headers: Headers, *, expect: str | None = None) -> str:
        """Write one object whole, or not at all; returns its entity tag.

        Args:
            key: where.
            body: what.
            headers: its type, caching and sequencer.
            expect: entity tag that it must have now; ``ABSENT`` if it must not be there; None
                writes whatever is there.

        Raises:
            Conflict: it has another entity tag.
        """
        mode: PutMode = "overwrite" if expect is None else {"e_tag": expect}
        try:
            result = self._store.put(
                key,
                body,
                attributes={
                    "Content-Type": headers.content_type,
                    "Cache-Control": headers.cache_control,
                    SEQUENCER: headers.sequencer,
                },
                mode="create" if expect == ABSENT else mode,
                use_multipart=False,
            )
        except (AlreadyExistsError, PreconditionError) as error:
            raise Conflict(key) from error
        return result["e_tag"] or ABSENT

    def copy(
        self, source: str, target: str, headers: Headers, *, made_from: str, size: int
    ) -> bool:
        """Copy one object within the bucket, without reading it; its metadata become ``headers``.

        By a signed request of our own, because obstore's copy keeps the metadata.

        Args:
            source: key to copy.
            target: key to write.
            headers: the copy's type, caching and sequencer.
            made_from: sequencer that the source must have.
            size: bytes that the source must have.

        Returns:
            False if the source is another by now, or gone.

        Raises:
            CopyFailed: S3 refuses.
        """
        try:
            answer = self._store.get(source, options={"head": True})
        except FileNotFoundError:
            return False
        if (answer.attributes.get(SEQUENCER), answer.meta["size"]) != (made_from, size):
            return False
        url = urlsplit(sign(self._store, "PUT", target, timedelta(minutes=1)))
        host = _host(f"{url.scheme}://{url.netloc}")
        copied = host.request(
            "PUT",
            url.path,
            {
                "x-amz-copy-source": quote(f"/{self.name}/{source}"),
                "x-amz-copy-source-if-match": answer.meta["e_tag"] or "",
                "x-amz-metadata-directive": "REPLACE",
                "content-type": headers.content_type,
                "cache-control": headers.cache_control,
                f"x-amz-meta-{SEQUENCER}": headers.sequencer,
                **_encryption_headers(self._kms_key_arn),
            },
        )
        if copied.status in _UNMET:
            return False
        # S3 may find out that it cannot after it has said 200 (API reference, CopyObject).
        if b"<CopyObjectResult" not in copied.body:
            raise CopyFailed(f"{target}: {copied.status} {copied.body.decode(errors='replace')}")
        return True

    def delete(self, keys: list[str]) -> None:
        """Delete objects; those that are not there are no error."""
        if keys:
            self._store.delete(keys)

    def delete_if(self, key: str, etag: str) -> None:
        """Delete an object if it still has an entity tag.

        By a presigned request, because obstore's own delete knows no condition.

        Raises:
            Conflict: it has another one, or is not there.
        """
        # Imported here: only removals need what costs 30 ms of a cold start.
        from urllib.error import HTTPError  # noqa: PLC0415
        from urllib.request import Request, urlopen  # noqa: PLC0415

        url = sign(self._store, "DELETE", key, timedelta(minutes=1))
        request = Request(url, method="DELETE", headers={"If-Match": etag})  # noqa: S310 - S3's
        try:
            urlopen(request, timeout=20).close()  # noqa: S310
        except HTTPError as error:
            if error.code not in _UNMET:
                raise
            raise Conflict(key) from error

    def _read_error_code(self, key: str, version_id: str | None) -> str:
        """Ask S3 again for its error code of a read; empty if it answers with none.

        obstore tells a refusal's HTTP status by the type of its exception, and the error code only
        inside a message for people. One byte is asked for, because the read may be allowed by now.
        """
        # Imported here: only a refusal needs what costs a cold start some ms.
        from xml.etree import ElementTree as ET  # noqa: PLC0415

        url = urlsplit(sign(self._store, "GET", key, timedelta(minutes=1)))
        query = f"?versionId={quote(version_id, safe='')}" if version_id else ""
        host = _host(f"{url.scheme}://{url.netloc}")
        answer = host.request("GET", f"{url.path}{query}", {"range": "bytes=0-0"})
        try:
            return ET.fromstring(answer.body).findtext("Code", "")  # noqa: S314 - S3's own answer
        except ET.ParseError:
            return ""


def check_size(size: int, max_bytes: int) -> None:
    """Reject an upload by its size alone.

    Raises:
        Rejected: ``empty`` or ``too_many_bytes``.
    """
    if size == 0:
        raise Rejected(RejectionCode.EMPTY, "This file is empty.")
    if size > max_bytes:
        raise Rejected(
            RejectionCode.TOO_MANY_BYTES,
            f"This file has {size / 1_000_000:.1f} MB; the limit is {max_bytes / 1_000_000:g} MB.",
        )


def _encryption(kms_key_arn: str) -> "S3Config":
    if not kms_key_arn:
        return {"server_side_encryption": "AES256"}
    return {
        "server_side_encryption": "aws:kms",
        "sse_kms_key_id": kms_key_arn,
        "sse_bucket_key_enabled": True,
    }


def _encryption_headers(kms_key_arn: str) -> dict[str, str]:
    """What ``_encryption`` says, as HTTP headers."""
    if not kms_key_arn:
        return {"x-amz-server-side-encryption": "AES256"}
    return {
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": kms_key_arn,
        "x-amz-server-side-encryption-bucket-key-enabled": "true",
    }


@cache
def _host(url: str) -> "Host":
    from function.aws import Host  # noqa: PLC0415 - only copies need what costs a cold start 30 ms

    return Host("s3", url)


def _client_options() -> "ClientConfig":
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    return {"timeout": TIMEOUT, "allow_http": endpoint.startswith("http://")}
