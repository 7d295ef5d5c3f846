"""Presigned URLs: anyone who has one may read one object for a while."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlencode, urlsplit

from function.storage.endpoint import endpoint_url

_ALGORITHM: Final = "AWS4-HMAC-SHA256"


def presign(
    bucket: str,
    key: str,
    seconds: int,
    variables: Mapping[str, str],
    now: datetime | None = None,
) -> str:
    """Return a URL to GET an object, good for some seconds.

    As in the S3 API reference, "Authenticating Requests: Using Query Parameters". It allows no more
    than the role whose keys are in ``variables``, and no longer than they live.
    """
    url = urlsplit(endpoint_url("s3", variables))
    time = f"{now or datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    scope = f"{time[:8]}/{variables['AWS_REGION']}/s3/aws4_request"
    query = {
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{variables['AWS_ACCESS_KEY_ID']}/{scope}",
        "X-Amz-Date": time,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    if token := variables.get("AWS_SESSION_TOKEN"):  # a role's keys have one, a user's do not
        query["X-Amz-Security-Token"] = token
    path = f"{url.path.rstrip('/')}{quote(f'/{bucket}/{key}')}"
    text = urlencode(sorted(query.items()), quote_via=quote, safe="")
    request = f"GET\n{path}\n{text}\nhost:{url.netloc}\n\nhost\nUNSIGNED-PAYLOAD"
    digest = hashlib.sha256(request.encode()).hexdigest()
    signing = f"AWS4{variables['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in scope.split("/"):
        signing = hmac.digest(signing, part.encode(), "sha256")
    to_sign = f"{_ALGORITHM}\n{time}\n{scope}\n{digest}"
    signature = hmac.digest(signing, to_sign.encode(), "sha256").hex()
    return f"{url.scheme}://{url.netloc}{path}?{text}&X-Amz-Signature={signature}"
