"""Amazon S3: server access logs; MiniStack (1.5.33) accepts their settings and never writes one.

"Logging requests with server access logging" and "Amazon S3 server access log format" (S3 user
guide, read 2026-11-27). S3 collects records for hours, and loses some; here each request to an
object becomes a separate log file, at once. Requests that IAM refuses are not logged here, because
MiniStack answers them before this.
"""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final

from local.access_record import Record
from local.rules.ministack import iam_evaluator, replaces, responses, router, s3

Response = tuple[int, dict[str, str], bytes]

SERVICE: Final = "logging.s3.amazonaws.com"
"""Principal that delivers the log."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """The bucket of a log, and how its files are named."""

    bucket: str
    prefix: str
    is_partitioned: bool
    by_event_time: bool

    @classmethod
    def parse(cls, configuration: str | bytes) -> "Target | None":
        """Read a bucket's logging status; None if it is off."""
        enabled = s3.fromstring(configuration).find("{*}LoggingEnabled")
        if enabled is None:
            return None
        partitioned = enabled.find(".//{*}PartitionedPrefix")
        source = enabled.findtext(".//{*}PartitionDateSource", "EventTime")
        return cls(
            bucket=enabled.findtext("{*}TargetBucket", ""),
            prefix=enabled.findtext("{*}TargetPrefix", ""),
            is_partitioned=partitioned is not None,
            by_event_time=partitioned is not None and source == "EventTime",
        )

    def key(self, bucket: str, now: datetime) -> str:
        """Return the key of a new file ("PartitionedPrefix", API reference)."""
        time = "00-00-00" if self.by_event_time else f"{now:%H-%M-%S}"
        name = f"{now:%Y-%m-%d}-{time}-{uuid.uuid4().hex[:16].upper()}"
        if not self.is_partitioned:
            return f"{self.prefix}{name}"
        of = f"{responses.get_account_id()}/{responses.get_region()}/{bucket}"
        return f"{self.prefix}{of}/{now:%Y/%m/%d}/{name}"


@replaces(vars(s3), "_put_bucket_logging")
def possible_target(put: Callable[[str, bytes], Response], name: str, body: bytes) -> Response:
    """Refuse a log in a bucket that is not there, or that is another account's."""
    target = Target.parse(body)
    if target and s3._bucket_owner_account(target.bucket) != responses.get_account_id():
        message = (
            "The target bucket for logging does not exist, is not owned by you, or does not have "
            "the appropriate grants for the log-delivery group."
        )
        return s3._error("InvalidTargetBucketForLogging", message, 400)
    return put(name, body)


@replaces(vars(s3), "handle_request")
async def logged(
    handle: Callable[..., Awaitable[Response]], *given: Any, **options: Any
) -> Response:
    """Handle a request, and deliver a record of it if its bucket is logged."""
    started = datetime.now(UTC)
    answer = await handle(*given, **options)
    method, path, headers, body, query = given
    bucket, key = s3._parse_bucket_key(path, headers)
    status = s3._bucket_logging_config.get(bucket)
    target = Target.parse(status) if status and not options.get("internal") else None
    if target is None:
        return answer
    form = _form(method, headers, body)
    batch = _deleted(method, query, body, answer)
    keys = batch or [key or form.get("key", "")]
    for key in filter(None, keys):
        credential = form.get("x-amz-credential", "").partition("/")[0]
        stored: Any = s3._buckets[bucket]["objects"].get(key) if bucket in s3._buckets else None
        record = Record(
            owner=s3._canonical_owner_id(),
            bucket=bucket,
            key=key,
            started=started,
            address=iam_evaluator._request_origin.get()[0],
            requester=_requester(credential or router.extract_access_key_id(headers, query)),
            is_form=bool(form),
            is_batch=bool(batch),
            method=method,
            path=path,
            query=query,
            headers=headers,
            size=stored and int(stored["size"]),
            status=answer[0],
            answer=answer[1],
            content=answer[2],
            region=responses.get_region(),
        )
        _deliver(target, bucket, started, record.line())
    return answer


def _deleted(method: str, query: Mapping[str, Any], body: bytes, answer: Response) -> list[str]:
    """Return the keys that a DeleteObjects has deleted; none for other requests."""
    if method != "POST" or "delete" not in query or answer[0] != HTTPStatus.OK:
        return []
    kept = {each.findtext("{*}Key") for each in s3.fromstring(answer[2]).findall("{*}Error")}
    asked = [each.findtext("{*}Key", "") for each in s3.fromstring(body).findall("{*}Object")]
    return [key for key in asked if key not in kept]


def _form(method: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """Return the fields of an HTML form but its file, by their names in lower case."""
    kind = headers.get("content-type", "")
    if method != "POST" or not kind.startswith("multipart/form-data"):
        return {}
    parts = s3._parse_multipart_form(kind, body)
    return {p[0].lower(): p[3].decode(errors="replace") for p in parts if p[0].lower() != "file"}


def _requester(access_key: str) -> str:
    """Return who signed a request: a user's or session's ARN, or the account's canonical id."""
    if not access_key:
        return ""
    found = iam_evaluator.resolve_principal(access_key, responses.get_account_id())
    if isinstance(found, iam_evaluator.AuthError):
        return ""
    return s3._canonical_owner_id() if found.type == "Root" else found.arn


def _deliver(target: Target, bucket: str, now: datetime, line: str) -> None:
    """Write a record, if the policy of the log's bucket allows it and no KMS key encrypts it.

    S3 tells no one that it could not deliver ("Enabling Amazon S3 server access logging").
    """
    key, account = target.key(bucket, now), responses.get_account_id()
    encryption = s3._bucket_default_sse_headers(target.bucket)
    context = iam_evaluator.EvalContext(
        principal_arn="*",
        principal_type="Service",
        principal_account="",
        action="s3:PutObject",
        resource_arn=f"arn:aws:s3:::{target.bucket}/{key}",
        region=responses.get_region(),
        secure_transport=True,
        service_context={
            "aws:sourcearn": f"arn:aws:s3:::{bucket}",
            "aws:sourceaccount": account,
        },
    )
    policy = s3._bucket_policies.get(target.bucket)
    allowed = iam_evaluator.evaluate_resource_policy(policy, context, service=SERVICE)
    if allowed.decision != "Allow" or encryption["x-amz-server-side-encryption"] != "AES256":
        return
    s3._put_object(target.bucket, key, line.encode(), {"content-type": "text/plain"})
