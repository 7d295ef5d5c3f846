"""The tags of an object's version, which obstore neither reads nor writes."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from xml.etree import ElementTree as ET

from function.storage.deadline import Deadline
from function.storage.errors import Gone, Refused

if TYPE_CHECKING:
    from function.storage.client import SignedClient

_NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"


class Tags:
    """Reads and writes the tags of versions in one bucket; the deadline limits its requests."""

    def __init__(self, bucket: str, deadline: Deadline | None = None) -> None:
        self._bucket = bucket
        self._deadline = deadline

    def read(self, key: str, version_id: str | None) -> dict[str, str]:
        """Return the tags of a version, of which there are ten at most.

        Raises:
            Gone: no such object or version.
            Refused: S3 does not tell them.
        """
        tree = ET.fromstring(self._request("GET", key, version_id))  # noqa: S314 - S3's own answer
        found = tree.iterfind(".//{*}Tag")
        return {tag.findtext("{*}Key", ""): tag.findtext("{*}Value", "") for tag in found}

    def write(self, key: str, version_id: str | None, tags: Mapping[str, str]) -> None:
        """Replace all tags of a version.

        Raises:
            Gone: no such object or version.
            Refused: S3 does not replace them.
        """
        tree = ET.Element("Tagging", xmlns=_NAMESPACE)
        all_tags = ET.SubElement(tree, "TagSet")
        for name, value in tags.items():
            tag = ET.SubElement(all_tags, "Tag")
            ET.SubElement(tag, "Key").text, ET.SubElement(tag, "Value").text = name, value
        self._request("PUT", key, version_id, ET.tostring(tree))

    def _request(self, method: str, key: str, version_id: str | None, body: bytes = b"") -> bytes:
        target = quote(f"/{self._bucket}/{key}") + "?tagging="
        if version_id:
            target += f"&versionId={quote(version_id, safe='')}"
        headers: dict[str, str] = {}
        if body:  # PutObjectTagging wants a checksum of its body (API reference)
            digest = hashlib.md5(body, usedforsecurity=False).digest()
            headers["content-md5"] = base64.b64encode(digest).decode()
        try:
            return self._client.request(method, target, headers, body)
        except Refused as refusal:
            if refusal.status != HTTPStatus.NOT_FOUND:
                raise
            raise Gone(key) from refusal

    @cached_property
    def _client(self) -> "SignedClient":
        # Imported here: an upload that is not rejected needs no tags (see storage/bucket.py).
        from function.storage.client import SignedClient  # noqa: PLC0415

        return SignedClient("s3", self._deadline)
