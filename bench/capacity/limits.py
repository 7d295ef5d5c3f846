"""AWS's limits that a burst of uploads can meet, each with its source.

All were read on 2026-11-27 in stored copies of the pages named. Values are the defaults of an
account; a new account may have less (its concurrency is often 10). AWS publishes no limit for S3's
event notifications, nor for requests to a standard queue ("a nearly unlimited number of API calls
per second": Amazon SQS Developer Guide, "Amazon SQS message quotas").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A limit: what it is of, its value and unit, where to have it raised, and where it is stated.

    ``quota`` is its name in Service Quotas, empty for what nobody can ask to have raised.
    """

    name: str
    value: float
    unit: str
    quota: str = ""
    source: str


CONCURRENCY: Final = Limit(
    name="Lambda, concurrent executions",
    value=1000,
    unit="at once",
    quota="AWS Lambda: Concurrent executions (L-B99A9384)",
    source='AWS Lambda Developer Guide, "Understanding Lambda function scaling"',
)

UNRESERVED: Final = 100
"""Concurrency that no function may reserve (AWS Lambda API reference, "PutFunctionConcurrency")."""

INVOCATIONS_EACH: Final = 10
"""Synchronous requests a second for each concurrent execution (AWS Lambda Developer Guide, "Lambda
quotas", and "Lambda scaling behavior": 1,000 environments or 10,000 requests a second)."""

SCALING: Final = Limit(
    name="Lambda, new environments of a function",
    value=1000,
    unit="in 10 s",
    source='AWS Lambda Developer Guide, "Lambda scaling behavior"',
)

IN_FLIGHT: Final = Limit(
    name="SQS, messages in flight",
    value=120_000,
    unit="at once, about",
    quota="Amazon SQS: messages in flight of a standard queue, by a support request",
    source='Amazon SQS Developer Guide, "Amazon SQS standard queue quotas"',
)

RETENTION_S: Final = 4 * 24 * 3600
"""Seconds that the stack's queue keeps a message: ``pipeline/queues.py``, held equal by a test."""

SIGNER_CONCURRENCY: Final = 10
"""Reserved concurrency of the signer: ``pipeline/signer.py``, held equal by a test."""

SIGNER: Final = Limit(
    name="Signer, forms",
    value=SIGNER_CONCURRENCY * INVOCATIONS_EACH,
    unit="a second",
    source="AWS Lambda Developer Guide, on function URLs: ten times the reserved concurrency, "
    f"which pipeline/signer.py sets to {SIGNER_CONCURRENCY}",
)

_S3: Final = (
    'Amazon S3 User Guide, "Best practices design patterns: optimizing Amazon S3 performance", as '
    "AWS's knowledge centre quotes it: at least as many, for each partitioned prefix"
)
S3_WRITES: Final = Limit(name="S3, uploads", value=3500, unit="a second and partition", source=_S3)
S3_OUTPUTS: Final = Limit(
    name="S3, renditions and manifests", value=3500, unit="a second and partition", source=_S3
)
S3_READS: Final = Limit(name="S3, reads", value=5500, unit="a second and partition", source=_S3)

_NEW_TABLE: Final = (
    'Amazon DynamoDB Developer Guide, "Pre-warming a table for on-demand capacity mode": a table '
    "that never had more; it takes twice its last peak at once"
)
NEW_TABLE_WRITES: Final = Limit(
    name="DynamoDB, writes of a new table", value=4000, unit="units a second", source=_NEW_TABLE
)
NEW_TABLE_READS: Final = Limit(
    name="DynamoDB, reads of a new table", value=12_000, unit="units a second", source=_NEW_TABLE
)
_TABLE: Final = (
    'Amazon DynamoDB Developer Guide, "DynamoDB maximum throughput for on-demand tables"; each '
    "partition takes 1,000 write and 3,000 read units a second"
)
TABLE_WRITES: Final = Limit(
    name="DynamoDB, writes of a table",
    value=40_000,
    unit="units a second",
    quota="Amazon DynamoDB: Table-level write throughput limit (L-AB614373)",
    source=_TABLE,
)
TABLE_READS: Final = Limit(
    name="DynamoDB, reads of a table",
    value=40_000,
    unit="units a second",
    quota="Amazon DynamoDB: Table-level read throughput limit (L-CF0CBE56)",
    source=_TABLE,
)

LOGS: Final = Limit(
    name="CloudWatch Logs, PutLogEvents",
    value=5000,
    unit="a second",
    quota="Amazon CloudWatch Logs: PutLogEvents throttle limit in transactions per second "
    "(L-7E1FAE88)",
    source='AWS General Reference, "Amazon CloudWatch Logs endpoints and quotas". Whether the '
    "delivery by Lambda itself counts is not documented; a call for each invocation is assumed",
)

CDN: Final = Limit(
    name="CloudFront, requests",
    value=250_000,
    unit="a second",
    quota="Amazon CloudFront: Requests per second per distribution",
    source='Amazon CloudFront Developer Guide, "Quotas"',
)

_KMS_BY_REGION: Final[Mapping[str, float]] = {
    **dict.fromkeys(("us-east-1", "us-west-2", "eu-west-1"), 100_000),
    **dict.fromkeys(("us-east-2", "ap-southeast-1", "ap-southeast-2"), 20_000),
    **dict.fromkeys(("ap-northeast-1", "eu-central-1", "eu-west-2"), 20_000),
}
_KMS_ELSEWHERE: Final = 10_000


def kms(region: str) -> Limit:
    """Return the limit on uses of keys in a region."""
    return Limit(
        name="KMS, uses of keys",
        value=_KMS_BY_REGION.get(region, _KMS_ELSEWHERE),
        unit="a second",
        quota="AWS KMS: Cryptographic operations (symmetric) request rate",
        source='AWS KMS Developer Guide, "Request quotas". Counted as if each request to S3 needed '
        "the key; with the bucket keys that the stack has on, far fewer do (no figure published)",
    )
