"""The manifest: the one object that a reader polls, written last, naming only what exists."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from urllib.parse import quote

from function.contract import SCHEMA
from function.fields import known_fields

DELETED: Final = "deleted"
"""Status of a manifest that stands for the moment in which an upload's renditions are removed."""

CONTENT_TYPE: Final = "application/json"
CACHE_CONTROL: Final = "no-cache"
"""A manifest may be replaced by a newer upload under the same key: revalidate each time."""


@dataclass(frozen=True, kw_only=True)
class SourceFacts:
    """What was uploaded; None where it could not be learned (a rejected upload)."""

    key: str
    version_id: str | None
    etag: str
    sequencer: str
    bytes: int
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    format: str | None = None


@dataclass(frozen=True, kw_only=True)
class RenditionFacts:
    """One stored object: where it is, its size in pixels and bytes, its type."""

    name: str
    url: str
    key: str
    width: int
    height: int
    bytes: int
    content_type: str


@dataclass(frozen=True, kw_only=True)
class Timings:
    """Milliseconds by step; encoding is part of ``render``."""

    fetch: float = 0.0
    decode: float = 0.0
    render: float = 0.0
    store: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The outcome of one upload, version 1 of the contract with readers (README.md)."""

    status: str
    source: SourceFacts
    timings_ms: Timings
    processed_at: str
    error: dict[str, str] | None = None
    renditions: list[RenditionFacts] = field(default_factory=list[RenditionFacts])
    placeholder: str | None = None
    dominant_color: str | None = None
    perceptual_hash: str | None = None
    duplicate_of: str | None = None
    schema: int = SCHEMA

    @classmethod
    def from_json(cls, data: bytes) -> "Manifest":
        """Read what ``to_json`` wrote, in this release or a newer one."""
        fields = known_fields(cls, json.loads(data))
        fields["source"] = SourceFacts(**known_fields(SourceFacts, fields["source"]))
        fields["timings_ms"] = Timings(**known_fields(Timings, fields["timings_ms"]))
        fields["renditions"] = [
            RenditionFacts(**known_fields(RenditionFacts, facts)) for facts in fields["renditions"]
        ]
        return cls(**fields)

    def to_json(self) -> bytes:
        """UTF-8 JSON, keys in the order of the contract."""
        fields: dict[str, Any] = asdict(self)
        ordered = {"schema": fields.pop("schema"), "status": fields.pop("status")} | fields
        return json.dumps(ordered, ensure_ascii=False, indent=1).encode()


def rendition_url(delivery_url: str, key: str, sha256: str) -> str:
    """Where readers find a rendition; another upload has another URL, whatever caches hold."""
    return f"{delivery_url}/{quote(key)}?v={sha256[:8]}"
