"""The manifest: the object that a reader polls.

It is written last, and names only what exists, or what is made when it is first viewed (``lazy``).
"""

import json
import os
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from function.contract import MODERATED, SCHEMA, Status
from function.contract.keys import version_digest
from function.engine.errors import Reason
from function.engine.losses import Loss
from function.engine.record import Record
from function.versions import UNVERSIONED, ObjectVersion

CONTENT_TYPE: Final = "application/json"
CACHE_CONTROL: Final = "no-cache"
"""A newer upload of the same key replaces the manifest, so caches must revalidate it each time."""

URL_TEMPLATE: Final = "urlTemplate"
"""Name of the manifest's template for URLs; the word in braces in it is as RFC 6570 has it."""

INTERNAL: Final = "internal"
"""Code of the error of an upload whose status is ``failed``."""

_WITHOUT_PICTURE: Final = (Status.HELD, Status.REJECTED, Status.FAILED)


class ErrorFacts(Record):
    """Why there are no renditions: a stable code, and a sentence for the person who uploaded."""

    code: Reason | str  # a reason to reject, or ``INTERNAL``
    message: str


class SourceFacts(ObjectVersion):
    """The uploaded version and what was learned of it; None where a rejection came first."""

    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    format: str | None = None

    @property
    def version(self) -> ObjectVersion:
        """The uploaded version alone."""
        return ObjectVersion.from_dict(vars(self))


class RenditionFacts(Record):
    """One rendition: its place, its width and height in pixels, its length, its type.

    ``hdr`` is true of a JPEG with a gain map. A ``lazy`` one is made when it is first viewed, so
    nothing is known of its bytes, and it need not be there. JSON leaves out what is false or None,
    except ``bytes``.
    """

    name: str
    url: str
    key: str
    width: int
    height: int
    # None of a lazy one. JSON has it as null: an older release, to which a stack may be rolled
    # back, cannot read an entry without it, and so could not even delete the upload.
    bytes: int | None
    content_type: str
    hdr: bool = False
    lazy: bool = False
    # When a view last asked for a lazy format, which no view does again within the hour.
    asked_at: str | None = None
    # When views last gave a lazy rendition up, and why: ``too_complex``, or ``INTERNAL`` for a
    # fault of ours. No view tries it again within the hour.
    failed_at: str | None = None
    failure: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data; without those after ``content_type`` that are not so."""
        fields = super().to_dict()
        for name in ("hdr", "lazy", "asked_at", "failed_at", "failure"):
            if not fields[name]:
                del fields[name]
        return fields


class Timings(Record):
    """Milliseconds by step; encoding is part of ``render``."""

    fetch: float = 0.0
    decode: float = 0.0
    render: float = 0.0
    store: float = 0.0
    total: float = 0.0


class Manifest(Record):
    """The outcome of one upload, version 1 of the contract with readers (docs/uploads.md)."""

    status: Status
    source: SourceFacts
    timings_ms: Timings
    processed_at: str
    error: ErrorFacts | None = None
    renditions: tuple[RenditionFacts, ...] = ()
    placeholder: str | None = None
    losses: tuple[Loss | str, ...] = ()  # what the upload has and no rendition keeps
    dominant_color: str | None = None
    perceptual_hash: str | None = None
    # ``id`` of the original. Its key is another user's, who did not publish it.
    duplicate_of: str | None = None
    original_key: str | None = None  # key of the original, for the log alone
    schema: int = SCHEMA
    # Name of the upload that does not tell its key; the same each time a version is rendered.
    id: str = ""
    # URL of any rendition of the stack, with ``{rendition}`` for its name or the name of its file;
    # empty in a stack without lazy renditions. JSON has it as ``urlTemplate``.
    url_template: str = ""
    # A first view of the former version may still store a file, so the key must be checked again
    # later; only for the caller of ``reconcile``.
    look_again: bool = False

    def __post_init__(self) -> None:
        """Choose an id, unless the manifest was read with one."""
        if not self.id:
            vars(self)["id"] = _id_of(self.source.version_id)

    @property
    def stored(self) -> tuple[RenditionFacts, ...]:
        """The renditions that were made with the manifest, and that exist as long as it does."""
        return tuple(facts for facts in self.renditions if not facts.lazy)

    @property
    def is_moderated(self) -> bool:
        """True of an upload that a moderator rejected."""
        return self.error is not None and self.error.code == MODERATED

    @property
    def is_bare(self) -> bool:
        """True of a manifest that ``bare`` made."""
        return self.status in _WITHOUT_PICTURE and not self.source.etag

    def bare(self) -> "Manifest":
        """Return the manifest without anything about the file's content, not even its length.

        Its JSON lacks ``etag`` and ``bytes``, which releases that cannot hold uploads need to read
        a manifest. So if a stack is rolled back to such a release, it fails and publishes nothing.
        """
        version = self.source.version.replace(etag="", bytes=0)
        status, source = self.status, SourceFacts(**version.to_dict())
        return Manifest(status, source, Timings(), self.processed_at, self.error, id=self.id)

    @property
    def delivery_url(self) -> str:
        """URL before a destination key, taken from the URLs of a ready manifest."""
        first = self.renditions[0]
        return first.url.rpartition(f"/{quote(first.key)}?")[0]

    @classmethod
    def without_renditions(
        cls, version: ObjectVersion, status: Status, error: ErrorFacts | None = None
    ) -> "Manifest":
        """Return the manifest of a version that is not rendered."""
        source = SourceFacts(**version.to_dict())
        return cls(status, source, Timings(), timestamp(), error)

    @classmethod
    def from_json(cls, data: bytes) -> "Manifest":
        """Read what ``to_json`` of this release or a newer one wrote.

        A status or code that only a newer release knows stays a plain string.
        """
        raw: dict[str, Any] = json.loads(data)
        error = raw.get("error")
        parts = {
            "source": SourceFacts.from_dict({"etag": "", "bytes": 0} | raw["source"]),
            "timings_ms": Timings.from_dict(raw["timings_ms"]),
            "renditions": tuple(map(RenditionFacts.from_dict, raw["renditions"])),
            "error": ErrorFacts.from_dict(error) if error else None,
            "losses": tuple(raw.get("losses", ())),  # an older release wrote none
            "url_template": raw.get(URL_TEMPLATE, ""),
        }
        return cls.from_dict(raw | parts)

    def to_json(self) -> bytes:
        """Return UTF-8 JSON with the keys in the order of the contract."""
        fields: dict[str, Any] = self.to_dict()
        for name in ("original_key", "look_again"):
            del fields[name]
        if self.is_bare:
            kept = ("key", "version_id", "sequencer")
            fields["source"] = {name: fields["source"][name] for name in kept}
        if template := fields.pop("url_template"):
            fields[URL_TEMPLATE] = template
        first = {name: fields.pop(name) for name in ("schema", "status", "id")}
        return json.dumps(first | fields, ensure_ascii=False, indent=1).encode()


def timestamp(timespec: str = "milliseconds") -> str:
    """Return the current time for a manifest: ISO 8601 in UTC, to the millisecond by default."""
    return datetime.now(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def _id_of(version_id: str | None) -> str:
    """Return an id that nobody can compute from a key, because S3's version ids are random.

    An upload of a bucket that keeps no versions has none, or the same one as others.
    """
    if version_id is None or version_id in UNVERSIONED:
        return os.urandom(16).hex()
    return version_digest(version_id)


def url_template(delivery_url: str, name: str, sha256: str) -> str:
    """Return the template of the URLs of an upload's renditions."""
    return rendition_url(delivery_url, f"{name}/", sha256).replace("/?", "/{rendition}?")


def rendition_url(delivery_url: str, key: str, sha256: str) -> str:
    """Return the URL of a rendition; it changes with the upload, so caches may keep it forever."""
    return f"{delivery_url}/{quote(key)}?v={sha256[:8]}"
