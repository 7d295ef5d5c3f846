"""A processor whose images cost nothing; tests/unit/function/test_process.py compares the real one.

The body of an upload is a number, and so is that of each of its renditions.
"""

from function.contract import Status
from function.contract.keys import PREFIXES, rendition_key, upload_name
from function.manifest import ErrorFacts, Manifest, RenditionFacts, SourceFacts, Timings
from function.storage.bucket import Headers
from function.versions import ObjectVersion

_NAMES = {1: ["a", "b"], 2: ["b", "c"], 3: [], 4: ["a", "c"], 5: ["a", "b", None], 0: ["c"]}
"""Renditions of an upload, by its number modulo 6. The third one is rejected at once, the fifth
(None) after two are stored."""


def names_of(data: bytes) -> list:
    return _NAMES[int(data) % 6]


class NumberProcessor:
    """A processor at the seam of ``Processor``."""

    prefixes = PREFIXES

    def __init__(self, source, destination) -> None:
        self._source, self._destination = source, destination

    def process(self, version: ObjectVersion, **_how: bool) -> Manifest:
        data = self._source.fetch(version.key, version_id=version.version_id, max_bytes=10)
        facts, error = [], None if names_of(data) else ErrorFacts(code="not_an_image", message="")
        for name in names_of(data):
            if name is None:
                facts, error = [], ErrorFacts(code="broken_image", message="")
                break
            key = rendition_key(upload_name(version.key, self.prefixes), f"{name}.jpg")
            headers = Headers(content_type="", cache_control="", sequencer=version.sequencer)
            self._destination.put(key, data, headers)
            facts.append(
                RenditionFacts(
                    name=name, url="", key=key, width=1, height=1, bytes=1, content_type=""
                )
            )
        return Manifest(
            status=Status.REJECTED if error else Status.READY,
            error=error,
            source=SourceFacts(**version.to_dict()),
            renditions=facts,
            timings_ms=Timings(),
            processed_at="",
        )
