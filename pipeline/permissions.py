"""IAM policy documents as plain functions of ARNs: who may do what, and why.

Each returns data that ``to_json`` or ``json.dumps`` writes; components only wire them. The access
matrix in ``tests/local`` tries each of these for real, and more than twenty things that they must
not allow.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from function.contract import INDEX, MANIFEST, UPLOADS, manifest_key
from function.engine.renditions import FORMATS, Rendition, file_name

Statement = dict[str, Any]

MIN_TLS: Final = "1.2"
ANYONE: Final = "*"


def document(statements: Iterable[Statement]) -> dict[str, Any]:
    """Wrap statements in a policy document of the current language version."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def to_json(document: dict[str, Any]) -> str:
    """Write a document without spaces, which count towards AWS's limits on its size."""
    return json.dumps(document, separators=(",", ":"))


def tls_only_bucket(bucket_arn: str) -> list[Statement]:
    """Deny every request to a bucket that is not HTTPS with TLS 1.2 or later."""
    deny = {
        "Effect": "Deny",
        "Principal": ANYONE,
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
    }
    return [
        deny | {"Sid": "DenyPlainHttp", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        deny | {"Sid": "DenyOldTls", "Condition": {"NumericLessThan": {"s3:TlsVersion": MIN_TLS}}},
    ]


def tls_only_queue(queue_arn: str) -> Statement:
    """Deny every request to a queue that is not HTTPS (SQS itself refuses TLS below 1.2)."""
    return {
        "Sid": "DenyPlainHttp",
        "Effect": "Deny",
        "Principal": ANYONE,
        "Action": "sqs:*",
        "Resource": queue_arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def public_upload(bucket_arn: str) -> Statement:
    """Let anyone PUT under ``uploads/``: no read, no list, no delete, no other prefix.

    The storage class must be STANDARD: the function cannot read an archived upload, and S3 bills
    the owner for it for months. The encryption must be with S3-managed keys: the function could not
    decrypt with the uploader's key. ``aws:kms`` without a key id is refused as well, because it
    means a default key of KMS, which is not the stack's.
    """
    return {
        "Sid": "PublicUpload",
        "Effect": "Allow",
        "Principal": ANYONE,
        "Action": "s3:PutObject",
        "Resource": f"{bucket_arn}/{UPLOADS}*",
        "Condition": {
            "StringEqualsIfExists": {
                "s3:x-amz-storage-class": "STANDARD",
                "s3:x-amz-server-side-encryption": "AES256",
            },
            "Null": {
                "s3:x-amz-server-side-encryption-aws-kms-key-id": "true",
                "s3:x-amz-server-side-encryption-customer-algorithm": "true",
            },
        },
    }


def no_index_upload(bucket_arn: str) -> Statement:
    """Deny uploads whose renditions would land among the private indexes."""
    return {
        "Sid": "DenyIndexUpload",
        "Effect": "Deny",
        "Principal": ANYONE,
        "Action": "s3:PutObject",
        "Resource": [f"{bucket_arn}/{UPLOADS}{INDEX}*", f"{bucket_arn}/{UPLOADS}{INDEX[:-1]}"],
    }


def public_objects(bucket_arn: str, renditions: Sequence[Rendition]) -> list[str]:
    """ARN patterns of all that readers may see: manifests and the stack's own renditions."""
    files = [MANIFEST] + [
        file_name(rendition.name, format_name)
        for rendition in renditions
        for format_name in rendition.formats
    ]
    return [f"{bucket_arn}/*/{file}" for file in files]


def public_read(bucket_arn: str, renditions: Sequence[Rendition]) -> Statement:
    """Let anyone GET renditions and manifests, and nothing else."""
    return {
        "Sid": "PublicRead",
        "Effect": "Allow",
        "Principal": ANYONE,
        "Action": "s3:GetObject",
        "Resource": public_objects(bucket_arn, renditions),
    }


def private_index(bucket_arn: str, account_id: str) -> Statement:
    """Deny ``_index/`` to everyone outside the account, whatever else is allowed."""
    return {
        "Sid": "DenyIndex",
        "Effect": "Deny",
        "Principal": ANYONE,
        "Action": "s3:*",
        "Resource": f"{bucket_arn}/{INDEX}*",
        "Condition": {"StringNotEquals": {"aws:PrincipalAccount": account_id}},
    }


def cdn_read(bucket_arn: str, renditions: Sequence[Rendition], distribution_arn: str) -> Statement:
    """Let one CloudFront distribution, and no one else, read what is public."""
    return {
        "Sid": "CdnRead",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": public_objects(bucket_arn, renditions),
        "Condition": {"StringEquals": {"aws:SourceArn": distribution_arn}},
    }


def cdn_read_site(bucket_arn: str, distribution_arn: str) -> Statement:
    """Let one CloudFront distribution, and no one else, read the page's files."""
    return {
        "Sid": "CdnRead",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": f"{bucket_arn}/*",
        "Condition": {"StringEquals": {"aws:SourceArn": distribution_arn}},
    }


def cdn_log_delivery(bucket_arn: str, account_id: str, partition: str) -> Statement:
    """Let CloudWatch's log delivery write the CDN's access log, for this account's sources.

    The statement is AWS's own, name included: log delivery appends it to a policy that lacks it
    (CloudWatch Logs user guide, "Logs sent to Amazon S3"), and Pulumi would remove it again.
    """
    return {
        "Sid": "AWSLogDeliveryWrite",
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{bucket_arn}/AWSLogs/{account_id}/*",
        "Condition": {
            "StringEquals": {
                "s3:x-amz-acl": "bucket-owner-full-control",
                "aws:SourceAccount": account_id,
            },
            "ArnLike": {
                "aws:SourceArn": f"arn:{partition}:logs:us-east-1:{account_id}:delivery-source:*"
            },
        },
    }


def s3_may_send(queue_arn: str, bucket_arn: str, account_id: str) -> Statement:
    """Let S3 announce this bucket's uploads; both conditions stop a confused deputy."""
    return {
        "Sid": "S3MaySend",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {
            "ArnEquals": {"aws:SourceArn": bucket_arn},
            "StringEquals": {"aws:SourceAccount": account_id},
        },
    }


def alarm_topic(topic_arn: str, account_id: str) -> dict[str, Any]:
    """Topic policy: this account's alarms may publish, over HTTPS only."""
    return document(
        [
            {
                "Sid": "AlarmsMayPublish",
                "Effect": "Allow",
                "Principal": {"Service": "cloudwatch.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
            },
            {
                "Sid": "DenyPlainHttp",
                "Effect": "Deny",
                "Principal": ANYONE,
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ]
    )


def assumed_by_lambda() -> dict[str, Any]:
    """Trust policy of the function's role: Lambda, and no one else, takes it on."""
    return document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ]
    )


def resizer_role(
    *,
    source_arn: str,
    destination_arn: str,
    queue_arn: str,
    log_group_arn: str,
    key_arn: str,
    index_arn: str,
    renditions: Sequence[Rendition],
    tracing: bool,
) -> dict[str, Any]:
    """All that the function may do: one statement for each step of an upload's way.

    Args:
        source_arn: source bucket; list keys, and read by version under ``uploads/`` alone.
        destination_arn: destination bucket; list keys, and write what is public, nothing else.
        queue_arn: queue that the event source mapping polls with this role; takes messages back.
        log_group_arn: the function's own log group.
        key_arn: the stack's KMS key; empty for S3-managed keys.
        index_arn: table of the index of duplicates; empty if they are off.
        renditions: the stack's renditions, which name what may be written.
        tracing: whether it sends traces.
    """
    statements = [
        _allow(
            "ReceiveUploads",
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            queue_arn,
        ),
        # A message for which no time is left goes back as a new one (function/postpone.py).
        _allow("PostponeUploads", ["sqs:SendMessage"], queue_arn),
        _allow("ReadUploads", ["s3:GetObject", "s3:GetObjectVersion"], f"{source_arn}/{UPLOADS}*"),
        # Without it S3 answers 403 for a missing key, as for a denied one (API reference,
        # GetObject). No condition on the prefix: reading one object has none in its context.
        _allow("TellMissingFromDenied", ["s3:ListBucket"], [source_arn, destination_arn]),
        # It reads its own writes to tell newer from older.
        _allow(
            "WriteRenditions",
            ["s3:PutObject", "s3:GetObject"],
            public_objects(destination_arn, renditions),
        ),
        # What an older version left may be of a rendition that the stack no longer has.
        _allow(
            "RemoveLeftovers",
            ["s3:DeleteObject"],
            [f"{destination_arn}/*/*.{format_.extension}" for format_ in FORMATS.values()]
            + [f"{destination_arn}/{manifest_key('*')}"],
        ),
        _write_log(log_group_arn),
    ]
    if index_arn:
        statements.append(
            _allow(
                "UseIndex",
                ["dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:DeleteItem"],
                index_arn,
            )
        )
    if tracing:
        # X-Ray has no resources to name: AWS's own managed policy grants the same on "*".
        traces = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        statements.append(_allow("WriteTraces", traces, "*"))
    if key_arn:
        statements.append(_allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], key_arn))
    return document(statements)


def signer_role(*, source_arn: str, log_group_arn: str, key_arn: str) -> dict[str, Any]:
    """All that the signer may do; what it signs is done in its name, so this bounds that too.

    Args:
        source_arn: source bucket; write under ``uploads/`` alone.
        log_group_arn: the signer's own log group.
        key_arn: the stack's KMS key; empty for S3-managed keys.
    """
    statements = [
        _allow("WriteUploads", ["s3:PutObject"], f"{source_arn}/{UPLOADS}*"),
        _write_log(log_group_arn),
    ]
    if key_arn:
        statements.append(_allow("UseKey", ["kms:GenerateDataKey"], key_arn))
    return document(statements)


def encryption_key(account_id: str, partition: str) -> dict[str, Any]:
    """Key policy: IAM of this account decides, and CloudFront may decrypt for this account."""
    return document(
        [
            {
                "Sid": "AccountDecides",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:{partition}:iam::{account_id}:root"},
                "Action": "kms:*",
                "Resource": "*",
            },
            {
                "Sid": "CdnMayDecrypt",
                "Effect": "Allow",
                "Principal": {"Service": "cloudfront.amazonaws.com"},
                "Action": "kms:Decrypt",
                "Resource": "*",
                "Condition": {
                    "ArnLike": {
                        "aws:SourceArn": f"arn:{partition}:cloudfront::{account_id}:distribution/*"
                    }
                },
            },
        ]
    )


def _write_log(log_group_arn: str) -> Statement:
    """A stream is created in the group and written as the group's child."""
    return _allow(
        "WriteLog",
        ["logs:CreateLogStream", "logs:PutLogEvents"],
        [log_group_arn, f"{log_group_arn}:*"],
    )


def _allow(sid: str, actions: list[str], resource: str | list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
