"""The renditions of an upload whose bytes are another's: copied by S3, with nothing decoded."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

from function.contract import rendition_key
from function.environment import Environment
from function.manifest import Manifest, RenditionFacts, rendition_url
from function.store import FOREVER, STORE_THREADS, Bucket, Headers
from function.versions import ObjectVersion


def copy_renditions(
    original: Manifest, version: ObjectVersion, environment: Environment, bucket: Bucket
) -> list[RenditionFacts] | None:
    """Copy what the manifest of the same bytes names to an upload's own keys.

    Returns:
        What was copied; None if the original was replaced or removed meanwhile, or has no
        renditions. What was copied by then is named by no manifest, and will be written over.
    """

    def copy(rendition: RenditionFacts) -> RenditionFacts | None:
        key = rendition_key(version.name, rendition.key.rsplit("/", 1)[-1])
        copied = bucket.copy(
            rendition.key,
            key,
            Headers(
                content_type=rendition.content_type,
                cache_control=FOREVER,
                sequencer=version.sequencer,
            ),
            made_from=original.source.sequencer,
            size=rendition.bytes,
        )
        url = rendition_url(environment.delivery_url, key, original.source.sha256 or "")
        return dataclasses.replace(rendition, key=key, url=url) if copied else None

    with ThreadPoolExecutor(STORE_THREADS) as pool:
        copies = list(pool.map(copy, original.renditions))
    whole = [rendition for rendition in copies if rendition]
    return whole if whole and len(whole) == len(copies) else None
