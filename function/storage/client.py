"""Signed requests to AWS for what obstore does not do.

That is a copy with new metadata, a conditional delete, the error code of a refused read, and
DynamoDB. Standard library alone, and imported only where one of these is needed: botocore would add
360 ms to a cold start (`python -m bench maintain imports`).
"""

import hashlib
import hmac
import http.client
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree as ET

from function.storage.deadline import Deadline
from function.storage.endpoint import endpoint_url, signing_region
from function.storage.errors import Refused

_THROTTLED: Final = (
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestThrottled",
)
"""Error codes of status 400 to retry (DynamoDB developer guide, "Error handling"; SQS API
reference, "SendMessage")."""

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


def sign(
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    service: str,
    variables: Mapping[str, str],
    now: datetime,
) -> dict[str, str]:
    """Return a request's headers with a Signature Version 4 (IAM user guide, "Signing requests").

    The target is path and query as they are sent, quoted once, with parameters as ``name=value`` in
    the order of their names. The headers, ``host`` among them, have names in lower case; all are
    signed. The variables are Lambda's, which have the role's keys and the region.
    """
    time, digest = f"{now:%Y%m%dT%H%M%SZ}", hashlib.sha256(body).hexdigest()
    signed = {**headers, "x-amz-content-sha256": digest, "x-amz-date": time}
    if "AWS_SESSION_TOKEN" in variables:  # a role's keys have one, a user's do not
        signed["x-amz-security-token"] = variables["AWS_SESSION_TOKEN"]
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{signed[name].strip()}\n" for name in sorted(signed))
    path, _, query = target.partition("?")
    if service != "s3":
        path = quote(path)  # once more than it is sent
    request = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{digest}"
    scope = f"{time[:8]}/{variables['AWS_REGION']}/{service}/aws4_request"
    digested = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{variables['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"{_ALGORITHM}\n{time}\n{scope}\n{digested}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    signed["authorization"] = (
        f"{_ALGORITHM} Credential={variables['AWS_ACCESS_KEY_ID']}/{scope},"
        f"SignedHeaders={names},Signature={signature}"
    )
    return signed


class SignedClient:
    """Sends signed requests to one AWS service, e.g. ``s3``, from any thread.

    The service is that of the function's region, unless another region is given. Connections stay
    open from one upload to the next. The deadline limits how long a request may take and how often
    it is retried.
    """

    def __init__(self, service: str, deadline: Deadline | None = None, *, region: str = "") -> None:
        self._service = service
        self._deadline = deadline or Deadline()
        self._other = {"AWS_REGION": region} if region else {}
        self._url = urlsplit(endpoint_url(service, os.environ | self._other))
        https = self._url.scheme == "https"
        self._connection = http.client.HTTPSConnection if https else http.client.HTTPConnection
        self._idle: list[http.client.HTTPConnection] = []

    def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        result: str = "",
        waits: bool = False,
    ) -> bytes:
        """Send an idempotent request, again while AWS is too busy, and return the answer's body.

        ``result`` names the XML element without which an answer of status 200 is a refusal, too.
        With ``waits`` the answer may take all the time that is left; one that takes longer is not
        asked for again.

        Raises:
            Refused: AWS did not do it.
            OSError: no answer.
            http.client.HTTPException: no whole answer.
        """
        path, sent = self._url.path.rstrip("/") + target, {**headers, "host": self._url.netloc}

        def send() -> bytes:
            variables = os.environ | self._other
            variables |= {"AWS_REGION": signing_region(self._service, variables)}
            signed = sign(
                method,
                path,
                sent,
                body,
                service=self._service,
                variables=variables,
                now=datetime.now(UTC),
            )
            status, answer = self._exchange(method, path, body, signed, waits=waits)
            is_done = not result or _xml(answer).tag.endswith(result)
            if status < HTTPStatus.MULTIPLE_CHOICES and is_done:
                return answer
            asked = headers.get("x-amz-target", f"{method} {path}")
            raise Refused(asked, status, *_error_of(self._service, answer))

        def is_transient(error: Exception) -> bool:
            return _is_transient(error) and not (waits and isinstance(error, TimeoutError))

        return self._deadline.retry(send, is_transient)

    def call(self, operation: str, body: Mapping[str, Any]) -> Any:
        """Call an operation of a service that speaks JSON, by its ``x-amz-target``.

        Raises:
            Exception: as ``request``.
        """
        headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": operation}
        return json.loads(self.request("POST", "/", headers, json.dumps(body).encode()))

    def _exchange(self, *request: Any, waits: bool) -> tuple[int, bytes]:
        """Return status and body of the answer."""
        while True:
            try:
                connection, is_new = self._idle.pop(), False
            except IndexError:
                connection, is_new = self._connection(self._url.netloc), True
            timeout = self._deadline.timeout()
            connection.timeout = max(timeout, self._deadline.left()) if waits else timeout
            if connection.sock:
                connection.sock.settimeout(connection.timeout)
            try:
                connection.request(*request)
                response = connection.getresponse()
                answer = response.status, response.read()
            except BaseException as error:
                connection.close()
                # AWS may have closed a connection while it was idle.
                if is_new or not isinstance(error, ConnectionError | http.client.HTTPException):
                    raise
            else:
                self._idle.append(connection)
                return answer


def _is_transient(error: Exception) -> bool:
    """Return True where AWS was too busy, or gave no whole answer."""
    if isinstance(error, Refused):
        return error.status >= HTTPStatus.INTERNAL_SERVER_ERROR or error.code in _THROTTLED
    return isinstance(error, OSError | http.client.HTTPException)


def _error_of(service: str, answer: bytes) -> tuple[str, str]:
    """Return the error code and the message of an answer; empty if it has none."""
    if service in ("s3", "cloudfront"):
        error = _xml(answer)
        found = error.find("{*}Error")  # CloudFront's is inside of an ErrorResponse
        error = error if found is None else found
        return error.findtext("{*}Code", ""), error.findtext("{*}Message", "")
    try:
        fields = json.loads(answer)
    except ValueError:
        return "", ""
    # The type is a name in a namespace, e.g. com.amazon.coral.service#ThrottlingException.
    code = fields.get("__type", "").rpartition("#")[2]
    return code, fields.get("message") or fields.get("Message", "")


def _xml(body: bytes) -> ET.Element:
    """Return the root element; one without a name if the body is not XML."""
    try:
        # S3 sends spaces first while an answer takes long.
        return ET.fromstring(body.strip())  # noqa: S314 - S3's own answer
    except ET.ParseError:
        return ET.Element("")
