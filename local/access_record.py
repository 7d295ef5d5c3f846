"""A record of S3's server access log, as text.

"Amazon S3 server access log format" (S3 user guide, read 2026-11-27). ``-`` stands for what is not
known or does not apply.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlencode

_RESOURCES: Final = {"tagging": "OBJECT_TAGGING", "acl": "ACL", "uploads": "UPLOADS"}
"""Parameters of a request, and the name of its operation if it has them."""

_CODE: Final = re.compile(rb"<Code>(.*?)</Code>")


@dataclass(frozen=True, kw_only=True)
class Record:
    """A request to an object, and S3's answer.

    Attributes:
        owner: canonical id of the bucket's owner.
        bucket: name of the bucket.
        key: key of the object, from the path or from a form.
        started: time of the request.
        address: IP address that it came from.
        requester: ARN or canonical id of the signer; empty if nobody signed it.
        is_form: the signature is that of an HTML form.
        is_batch: DeleteObjects has deleted the object, for which S3 writes a record for each key.
        method: HTTP method.
        path: as it was sent.
        query: its parameters.
        headers: its headers, by names in lower case.
        size: bytes of the object; None if there is none.
        status: HTTP status of the answer.
        answer: headers of the answer.
        content: body of the answer.
        region: of the bucket.
    """

    owner: str
    bucket: str
    key: str
    started: datetime
    address: str
    requester: str
    is_form: bool
    is_batch: bool
    method: str
    path: str
    query: Mapping[str, Any]
    headers: Mapping[str, str]
    size: int | None
    status: int
    answer: Mapping[str, str]
    content: bytes
    region: str

    @property
    def operation(self) -> str:
        """Name of the operation in the log.

        AWS's pages name no operation for an HTML form; two projects that read their own logs say
        that it is ``REST.POST.OBJECT``.
        """
        if self.is_batch:
            return "BATCH.DELETE.OBJECT"
        resource = next((name for part, name in _RESOURCES.items() if part in self.query), "OBJECT")
        verb = "COPY" if "x-amz-copy-source" in self.headers else self.method
        return f"REST.{verb}.{resource}"

    @property
    def authentication(self) -> str:
        """Kind of signature; the page does not say what a form has in this field."""
        if not self.requester or self.is_form:
            return "-"
        return "QueryString" if "X-Amz-Credential" in self.query else "AuthHeader"

    def line(self) -> str:
        """Return the record's fields with spaces between them, and the line's end."""
        is_error = self.status >= HTTPStatus.BAD_REQUEST
        code = _CODE.search(self.content) if is_error else None
        asked = urlencode(self.query, doseq=True)
        uri = f"{quote(self.path)}?{asked}" if asked else quote(self.path)
        took = f"{(datetime.now(UTC) - self.started).total_seconds() * 1000:.0f}"
        fields = [
            self.owner,
            self.bucket,
            f"[{self.started:%d/%b/%Y:%H:%M:%S %z}]",
            self.address,
            self.requester or "-",
            self.answer.get("x-amz-request-id", "-"),
            self.operation,
            quote(self.key),
            "-" if self.is_batch else f'"{self.method} {uri} HTTP/1.1"',
            str(HTTPStatus.NO_CONTENT.value if self.is_batch else self.status),
            code[1].decode() if code else "-",
            str(len(self.content) or "-"),
            "-" if self.size is None or is_error else str(self.size),
            took,
            took,
            f'"{self.headers.get("referer", "-")}"',
            f'"{self.headers.get("user-agent", "-")}"',
            str((self.query.get("versionId") or ["-"])[0]),
            self.answer.get("x-amz-id-2", "-"),
            "SigV4" if self.requester else "-",
            "-",  # cipher suite: TLS is simulated
            self.authentication,
            self.headers.get("host", "-"),
            "-",  # TLS version
            "-",  # access point
            "-",  # whether an ACL was needed
            self.region,
        ]
        return " ".join(fields) + "\n"
