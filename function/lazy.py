"""Lazy renditions and formats: their entries in a manifest before they are made.

Their size follows from the upload's and from the settings alone, so nothing is rendered for it.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from function.contract import ASK_AGAIN_SECONDS, Status
from function.contract.keys import rendition_key, source_key
from function.engine.layout import lay_out
from function.engine.renditions import FORMATS, OutputFormat, Rendition, file_name
from function.environment import Environment
from function.manifest import Manifest, RenditionFacts, SourceFacts, rendition_url, url_template
from function.manifest_store import StoredManifest, write_manifest
from function.storage.bucket import Bucket

DRAWINGS: Final = ("svg",)
"""Formats without a size in pixels, which are drawn at any size."""


def declare(environment: Environment, manifest: Manifest) -> Manifest:
    """Return the manifest of a ready upload with the stack's lazy renditions added.

    In a stack without them it is the same manifest.
    """
    if not environment.lazy:
        return manifest
    source = manifest.source
    return manifest.replace(
        renditions=(*manifest.stored, *_all_facts(environment, source)),
        url_template=url_template(
            environment.delivery_url, environment.name_of(source.key), source.sha256 or ""
        ),
    )


def facts_of(
    environment: Environment, rendition: Rendition, format_name: OutputFormat, source: SourceFacts
) -> RenditionFacts:
    """Return the facts of one lazy rendition, from the upload's measures."""
    size = source.width or 1, source.height or 1
    layout = lay_out(size, rendition, scalable=source.format in DRAWINGS)
    key = rendition_key(environment.name_of(source.key), file_name(rendition.name, format_name))
    width, height = layout.canvas
    return RenditionFacts(
        name=rendition.name,
        url=rendition_url(environment.delivery_url, key, source.sha256 or ""),
        key=key,
        width=width,
        height=height,
        bytes=None,
        content_type=FORMATS[format_name].content_type,
        lazy=True,
    )


def _all_facts(environment: Environment, source: SourceFacts) -> Iterator[RenditionFacts]:
    for rendition in environment.lazy:
        for format_name in rendition.formats:
            yield facts_of(environment, rendition, format_name, source)


def find_declared(
    renditions: Iterable[Rendition], file: str
) -> tuple[Rendition, OutputFormat] | None:
    """Return the rendition, and the format, of which a file of an upload has this name."""
    for rendition in renditions:
        for format_name in rendition.formats:
            if file_name(rendition.name, format_name) == file:
                return rendition, format_name
    return None


def facts_beside(
    environment: Environment, manifest: Manifest, rendition: Rendition, format_name: OutputFormat
) -> RenditionFacts:
    """Return ``facts_of`` with the URL that the manifest's own URLs begin with.

    The CDN is made after the functions that ask for it, so no variable of theirs can say its URL.
    """
    own = environment.replace(delivery_url=manifest.delivery_url)
    return facts_of(own, rendition, format_name, manifest.source)


def entry_of(manifest: Manifest, key: str) -> RenditionFacts | None:
    """Return a manifest's entry for a destination key."""
    return next((facts for facts in manifest.renditions if facts.key == key), None)


def is_recent(time: str | None) -> bool:
    """Return True if a time that an entry notes is less than ``ASK_AGAIN_SECONDS`` ago."""
    if time is None:
        return False
    return datetime.now(UTC) - datetime.fromisoformat(time) < timedelta(seconds=ASK_AGAIN_SECONDS)


def may_be_made(environment: Environment, manifest: Manifest, name: str) -> bool:
    """Return True for a ready upload of this name, of a prefix that the stack has and may read.

    One prefix may start with a former one. Then that upload's key is also one of another name.
    """
    keys = (source_key(name, prefix) for prefix in environment.upload_prefixes)
    return manifest.status == Status.READY and manifest.source.key in keys


def enter(destination: Bucket, name: str, read: StoredManifest, facts: RenditionFacts) -> None:
    """Write an upload's manifest with an entry for a rendition, in place of one that it had for it.

    Fields of the manifest that only a newer release knows stay as they are.

    Raises:
        Conflict: the manifest is no longer the one that was read.
    """
    fields: dict[str, Any] = json.loads(read.body)
    entries = {entry["key"]: entry for entry in fields["renditions"]}
    fields["renditions"] = [*(entries | {facts.key: facts.to_dict()}).values()]
    body = json.dumps(fields, ensure_ascii=False, indent=1).encode()
    sequencer = read.manifest.source.sequencer
    write_manifest(destination, name, body, sequencer=sequencer, expect=read.etag)
