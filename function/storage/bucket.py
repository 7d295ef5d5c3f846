"""An S3 bucket, as the function uses it.

obstore instead of boto3: importing it and opening a bucket takes 23 ms of CPU where boto3 and its
client take 296 (one x86_64 machine; `python -m bench maintain imports` has the whole handler's),
and it releases the GIL while bytes move.
"""

import itertools
import os
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote

from obstore import exceptions
from obstore.store import S3Store

from function.engine.errors import Reason, Rejected
from function.engine.record import Record
from function.storage.deadline import Deadline
from function.storage.endpoint import endpoint_url
from function.storage.errors import Conflict, Gone, Refused
from function.versions import ObjectVersion

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult, PutMode
    from obstore.store import S3Config

    from function.storage.client import SignedClient

FOREVER: Final = "public, max-age=31536000, immutable"
"""Rendition URLs carry the upload's hash, so what a cache holds never goes stale."""

T = TypeVar("T")

STORE_THREADS: Final = 4
"""Renditions are written while the next one is encoded; S3 takes them in parallel."""

ABSENT: Final = ""
"""The entity tag of an object that does not exist."""

_PAGE: Final = 1000
"""Keys that S3 lists in one answer at most (API reference, "ListObjectsV2")."""

SEQUENCER: Final = "sequencer"
"""Name of the user metadata that holds an object's sequencer."""

_UNMET: Final = (404, 409, 412)
"""HTTP status where a condition does not hold (S3 user guide, "Conditional requests"): no object,
a race with another conditional request, another entity tag."""


class Headers(Record):
    """Metadata of an object; the sequencer is that of the upload it was made from."""

    content_type: str
    cache_control: str
    sequencer: str


class Stored(Record):
    """One object as it was read."""

    body: bytes
    etag: str
    sequencer: str | None  # that it was written with


class Bucket:
    """One bucket, opened once per execution environment and shared by its threads.

    Only status 404 says that an object is missing, which S3 answers to a role that may list the
    bucket. Status 403 never says so: a policy that somebody edited, a disabled key or a wrong clock
    gives it for objects that exist. It is raised, so that the message is delivered again.

    ``kms_key_arn`` is the key that encrypts what is written, empty for S3-managed keys; the
    deadline limits how long a request may take and how often it is retried.
    """

    def __init__(
        self, name: str, *, kms_key_arn: str = "", deadline: Deadline | None = None
    ) -> None:
        self.name = name
        self._kms_key_arn = kms_key_arn
        self._deadline = deadline or Deadline()
        self._stores: dict[int, S3Store] = {}

    def fetch(self, key: str, *, version_id: str | None, max_bytes: int) -> bytes:
        """Return the body of an object, or of one version of it.

        Raises:
            Rejected: ``too_many_bytes``, decided from the answer's header, before the body;
                ``archived``, if S3 must restore the object before anyone can read it.
            Gone: no such object or version.
        """
        options: GetOptions | None = {"version": version_id} if version_id else None
        try:
            return self._retry(lambda store: _read_body(store, key, options, max_bytes))[0]
        except FileNotFoundError as error:
            raise Gone(key) from error
        except exceptions.PermissionDeniedError as error:
            # The object is in an archive storage class, and has not been restored.
            if self._read_error_code(key, version_id) != "InvalidObjectState":
                raise
            message = (
                "This file is in an archive storage class, where it cannot be read. "
                "Restore it, or upload it again."
            )
            raise Rejected(Reason.ARCHIVED, message) from error

    def read(self, key: str) -> tuple[bytes, str] | None:
        """Return the body of a small object and its entity tag; None if it is not there."""
        try:
            return self._retry(lambda store: _read_body(store, key))
        except FileNotFoundError:
            return None

    def get(self, key: str) -> Stored | None:
        """Return an object with its metadata, or None if it is not there."""
        try:
            return self._retry(lambda store: _read_stored(store, key))
        except FileNotFoundError:
            return None

    def sequencer(self, key: str) -> str | None:
        """Return the sequencer that an object was written with; None if it is not there."""
        answer = self._head(key)
        return answer.attributes.get(SEQUENCER) if answer else None

    def sequencers(self, keys: Collection[str]) -> dict[str, str | None]:
        """Return ``sequencer`` of each of these keys, read in parallel."""
        with ThreadPoolExecutor(STORE_THREADS) as pool:
            return dict(zip(keys, pool.map(self.sequencer, keys), strict=True))

    def head(self, key: str) -> ObjectVersion | None:
        """Return the version that a key holds; None if it holds nothing, or a delete marker."""
        answer = self._head(key)
        if answer is None:
            return None
        meta, etag = answer.meta, (answer.meta["e_tag"] or "").strip('"')
        return ObjectVersion(key, meta["version"], etag, sequencer="", bytes=meta["size"])

    def has_version(self, key: str, version_id: str) -> bool:
        """Return True if a version of an object still exists."""
        return self._head(key, {"version": version_id}) is not None

    def put(self, key: str, body: bytes, headers: Headers, *, expect: str | None = None) -> str:
        """Write an object whole, or not at all, and return its entity tag.

        With ``expect``, it is written only if the key has an object of this entity tag, or none
        (``ABSENT``).

        Raises:
            Conflict: the key has another object.
        """
        mode: PutMode = "overwrite" if expect is None else {"e_tag": expect}
        try:
            result = self._retry(
                lambda store: store.put(
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
            )
        except (exceptions.AlreadyExistsError, exceptions.PreconditionError) as error:
            raise Conflict(key) from error
        return result["e_tag"] or ABSENT

    def copy(
        self, source: str, target: str, headers: Headers, *, made_from: str, length: int
    ) -> bool:
        """Copy an object within the bucket; return False if the source has changed or is gone.

        S3 replaces its metadata with ``headers``, which obstore's copy would keep. The source must
        have the sequencer ``made_from``, and ``length`` bytes.

        Raises:
            Refused: S3 does not copy it.
        """
        answer = self._head(source)
        found = answer and (answer.attributes.get(SEQUENCER), answer.meta["size"])
        if not answer or found != (made_from, length):
            return False
        return self._request(
            "PUT",
            target,
            {
                "x-amz-copy-source": self._path(source),
                "x-amz-copy-source-if-match": answer.meta["e_tag"] or "",
                "x-amz-metadata-directive": "REPLACE",
                "content-type": headers.content_type,
                "cache-control": headers.cache_control,
                f"x-amz-meta-{SEQUENCER}": headers.sequencer,
                **_encryption_headers(self._kms_key_arn),
            },
            # S3 may fail after it has answered 200 (API reference, CopyObject).
            result="CopyObjectResult",
        )

    def list_folder(self, folder: str) -> list[str]:
        """Return the keys directly in a folder, whose name ends with a slash."""
        found = self._retry(
            lambda store: store.list_with_delimiter(folder)  # pyright: ignore[reportUnknownMemberType]
        )
        return [meta["path"] for meta in found["objects"]]

    def has_any(self, prefix: str) -> bool:
        """Return True if any key starts with this prefix, which ends with a slash."""
        return bool(
            self._retry(
                lambda store: next(store.list(prefix, chunk_size=1), None)  # pyright: ignore[reportUnknownMemberType]
            )
        )

    def times(self, prefix: str, most: int) -> list[tuple[str, datetime]]:
        """Return the keys that start with a prefix, and when each object was written.

        At most so many, a multiple of 1,000, which is one request. The prefix ends with a slash.
        """

        def listed(store: S3Store) -> list[tuple[str, datetime]]:
            pages = store.list(prefix, chunk_size=_PAGE)  # pyright: ignore[reportUnknownMemberType]
            first = itertools.islice(pages, most // _PAGE)
            return [(meta["path"], meta["last_modified"]) for page in first for meta in page]

        return self._retry(listed)

    def delete(self, keys: list[str]) -> None:
        """Delete objects; missing ones are no error."""
        if keys:
            self._retry(lambda store: store.delete(keys))

    def delete_if(self, key: str, etag: str) -> None:
        """Delete an object if it still has this entity tag.

        Raises:
            Conflict: it has another one, or is not there.
            Refused: S3 does not delete it.
        """
        if not self._request("DELETE", key, {"if-match": etag}):
            raise Conflict(key)

    def _head(self, key: str, options: "GetOptions | None" = None) -> "GetResult | None":
        """Return the answer to a HEAD; None if the object or version is missing."""
        head: GetOptions = {"head": True, **(options or {})}
        try:
            return self._retry(lambda store: store.get(key, options=head))
        except FileNotFoundError:
            return None

    def _retry(self, request: Callable[[S3Store], T]) -> T:
        """Return what S3 answers to a request, which is retried while there is time."""
        return self._deadline.retry(lambda: request(self._store()), _is_transient)

    def _store(self) -> S3Store:
        """Return the store whose requests end in time. The usual one has the longest timeout."""
        timeout = self._deadline.timeout()
        if timeout not in self._stores:
            endpoint = endpoint_url("s3", os.environ)
            is_http = endpoint.startswith("http://")
            self._stores[timeout] = S3Store(
                self.name,
                config={"endpoint": endpoint, **_encryption(self._kms_key_arn)},
                client_options={"timeout": f"{timeout}s", "allow_http": is_http},
                retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=timeout)},
            )
        return self._stores[timeout]

    def _request(self, method: str, key: str, headers: dict[str, str], *, result: str = "") -> bool:
        """Send a conditional request; return False if its condition does not hold."""
        try:
            self._client.request(method, self._path(key), headers, result=result)
        except Refused as refusal:
            if refusal.status not in _UNMET:
                raise
            return False
        return True

    def _read_error_code(self, key: str, version_id: str | None) -> str:
        """Return S3's error code of a read, which obstore has only in a message for people.

        S3 is asked again, for one byte: the read may be allowed by now.
        """
        query = f"?versionId={quote(version_id, safe='')}" if version_id else ""
        try:
            self._client.request("GET", self._path(key) + query, {"range": "bytes=0-0"})
        except Refused as refusal:
            return refusal.code
        return ""

    def _path(self, key: str) -> str:
        return quote(f"/{self.name}/{key}")

    @cached_property
    def _client(self) -> "SignedClient":
        # Imported here, because it costs a cold start 30 ms, and few uploads need it.
        from function.storage.client import SignedClient  # noqa: PLC0415

        return SignedClient("s3", self._deadline)


def _read_body(
    store: S3Store, key: str, options: "GetOptions | None" = None, max_bytes: int | None = None
) -> tuple[bytes, str]:
    """Return the body of an object and its entity tag.

    Raises:
        Rejected: ``empty`` or ``too_many_bytes``, before the body is read.
    """
    answer = store.get(key, options=options)
    if max_bytes is not None:
        check_length(answer.meta["size"], max_bytes)
    return bytes(answer.bytes()), answer.meta["e_tag"] or ABSENT


def _read_stored(store: S3Store, key: str) -> Stored:
    answer = store.get(key)
    sequencer = answer.attributes.get(SEQUENCER)
    return Stored(bytes(answer.bytes()), answer.meta["e_tag"] or ABSENT, sequencer)


def _is_transient(error: Exception) -> bool:
    """Return True for the statuses 429 and 5xx, and for broken or slow connections.

    obstore raises one exception for these and for a few others, whose retries are in vain.
    """
    return isinstance(error, exceptions.GenericError)


def check_length(length: int, max_bytes: int) -> None:
    """Reject an upload that is empty or too long."""
    if length == 0:
        raise Rejected(Reason.EMPTY, "This file is empty.")
    if length > max_bytes:
        message = f"This file has {length / 1e6:.1f} MB; the limit is {max_bytes / 1e6:g} MB."
        raise Rejected(Reason.TOO_MANY_BYTES, message)


def _encryption(kms_key_arn: str) -> "S3Config":
    if not kms_key_arn:
        return {"server_side_encryption": "AES256"}
    return {
        "server_side_encryption": "aws:kms",
        "sse_kms_key_id": kms_key_arn,
        "sse_bucket_key_enabled": True,
    }


def _encryption_headers(kms_key_arn: str) -> dict[str, str]:
    """Return the settings of ``_encryption`` as HTTP headers."""
    name = "x-amz-server-side-encryption"
    if not kms_key_arn:
        return {name: "AES256"}
    key = {f"{name}-aws-kms-key-id": kms_key_arn, f"{name}-bucket-key-enabled": "true"}
    return {name: "aws:kms", **key}
