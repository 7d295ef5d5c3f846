"""Signed requests to AWS for what obstore does not do.

That is a copy with new metadata, the error code of a refused read, and DynamoDB. Standard library
alone, and imported only where one of these is needed: botocore would add 360 ms to a cold start
(`python -m bench imports`).
"""

import hashlib
import hmac
import http.client
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

TIMEOUT: Final = 20
"""Seconds for one request, as in the store."""

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Answer:
    """What AWS answered: HTTP status and body."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Credentials:
    """Whose requests these are; ``token`` is empty for a user's own keys."""

    key_id: str
    secret: str
    token: str = ""

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "Credentials":
        """The role's, as Lambda puts them into the environment."""
        return cls(
            variables["AWS_ACCESS_KEY_ID"],
            variables["AWS_SECRET_ACCESS_KEY"],
            variables.get("AWS_SESSION_TOKEN", ""),
        )


def sign(
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    service: str,
    region: str,
    credentials: Credentials,
    now: datetime,
) -> dict[str, str]:
    """Add what AWS asks of a request: Signature Version 4 (IAM user guide, "Signing requests").

    Args:
        method: HTTP method.
        target: path and query as they are sent, quoted once; parameters as ``name=value``, in the
            order of their names.
        headers: headers to send, ``host`` among them, names in lower case. All are signed.
        body: body to send.
        service: ``s3`` or ``dynamodb``.
        region: AWS region, e.g. ``us-east-1``.
        credentials: whose request it is.
        now: time of the request, in UTC.

    Returns:
        All headers to send.
    """
    time, digest = f"{now:%Y%m%dT%H%M%SZ}", hashlib.sha256(body).hexdigest()
    signed = {**headers, "x-amz-content-sha256": digest, "x-amz-date": time}
    if credentials.token:
        signed["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
    path, _, query = target.partition("?")
    request = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{digest}"
    scope = f"{time[:8]}/{region}/{service}/aws4_request"
    digested = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{credentials.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"{_ALGORITHM}\n{time}\n{scope}\n{digested}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    signed["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.key_id}/{scope},"
        f"SignedHeaders={names},Signature={signature}"
    )
    return signed


@dataclass(frozen=True)
class Host:
    """One of AWS's hosts; its connections stay open from one upload to the next.

    Attributes:
        service: ``s3`` or ``dynamodb``.
        url: scheme, host and port.
    """

    service: str
    url: str
    _idle: list[http.client.HTTPConnection] = field(
        default_factory=list[http.client.HTTPConnection], compare=False
    )

    def request(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """Send one idempotent request; safe to call from several threads.

        Args:
            method: HTTP method.
            target: path and query, as ``sign`` takes them.
            headers: headers, names in lower case.
            body: body.

        Raises:
            OSError: no answer.
            http.client.HTTPException: no whole answer.
        """
        while self._idle:
            try:
                return self._send(self._idle.pop(), method, target, headers, body)
            except (IndexError, ConnectionError, http.client.HTTPException):
                continue  # taken by another thread, or closed by AWS while this one was idle
        return self._send(self._connect(), method, target, headers, body)

    def _connect(self) -> http.client.HTTPConnection:
        url = urlsplit(self.url)
        https = url.scheme == "https"
        kind = http.client.HTTPSConnection if https else http.client.HTTPConnection
        return kind(url.netloc, timeout=TIMEOUT)

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Answer:
        signed = sign(
            method,
            target,
            {**headers, "host": urlsplit(self.url).netloc},
            body,
            service=self.service,
            region=os.environ["AWS_REGION"],
            credentials=Credentials.read(os.environ),
            now=datetime.now(UTC),
        )
        try:
            connection.request(method, target, body, signed)
            response = connection.getresponse()
            answer = Answer(response.status, response.read())
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return answer
