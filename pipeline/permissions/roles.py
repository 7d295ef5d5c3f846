"""The roles of the functions: each may do what its code does, and nothing else."""

from collections.abc import Sequence
from typing import Final

from function.contract.keys import MODERATION, PREFIXES, UPLOADS, manifest_key
from function.engine.renditions import (
    FORMATS,
    Rendition,
    made_at_upload,
    made_at_view,
    made_in_background,
)
from pipeline import moderation
from pipeline.permissions.bucket_policies import made_objects
from pipeline.permissions.documents import Document, Statement, allow, document, objects_under

POLL: Final = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
"""Actions that a function's role must allow, so that Lambda can poll a queue for it."""


def assumed_by_lambda() -> Document:
    """Return the trust policy of a function's role: Lambda, and no one else, may assume it."""
    lambda_ = {"Service": "lambda.amazonaws.com"}
    return document([{"Effect": "Allow", "Principal": lambda_, "Action": "sts:AssumeRole"}])


def resizer_role(
    *,
    source_arn: str,
    destination_arn: str,
    queue_arn: str,
    backfill_arn: str,
    log_group_arn: str,
    key_arn: str,
    index_arn: str,
    renditions: Sequence[Rendition],
    tracing: bool,
    tags_rejected: bool = False,
    in_vpc: bool = False,
    prefixes: Sequence[str] = PREFIXES,
    moderator_arn: str = "",
    distribution_arn: str = "",
) -> Document:
    """Return the resizer's policy: one statement for each step of an upload.

    Args:
        source_arn: source bucket; list keys, and read by version under the prefixes alone.
        destination_arn: destination bucket; list keys, and write what is made, nothing else.
        queue_arn: queue of new uploads, which Lambda polls with this role, and which the function
            may send messages back to; empty for a function that no queue feeds.
        backfill_arn: queue of backfills, likewise.
        log_group_arn: the function's own log group.
        key_arn: the stack's KMS key; empty for S3-managed keys.
        index_arn: table of the index of duplicates; empty if they are off.
        renditions: the stack's renditions, which name what may be written, or read if lazy.
        tracing: whether it sends traces.
        tags_rejected: whether it tags rejected uploads, which then expire.
        in_vpc: whether Lambda connects it to a VPC.
        prefixes: of the uploads.
        moderator_arn: moderator that held uploads are sent to; empty for none.
        distribution_arn: CDN that forgets what a moderator takes down; empty for none.
    """
    written = made_objects(destination_arn, made_at_upload(renditions))
    later = [*made_at_view(renditions), *made_in_background(renditions)]
    _, *lazy = made_objects(destination_arn, later)
    leftovers = [f"{destination_arn}/*/*.{format_.extension}" for format_ in FORMATS.values()]
    leftovers.append(f"{destination_arn}/{manifest_key('*')}")
    # A message for which no time is left goes back as a new one (function/postpone.py). One
    # statement for both: a second with the same queues would leave less room for renditions.
    queues = [allow("UseQueues", [*POLL, "sqs:SendMessage"], [queue_arn, backfill_arn])]
    statements = [
        *(queues if queue_arn else []),
        allow(
            "ReadUploads",
            ["s3:GetObject", "s3:GetObjectVersion"],
            objects_under(source_arn, prefixes),
        ),
        # Without it S3 answers 403 for a missing key, as for a denied one (API reference,
        # GetObject). No condition on the prefix: reading one object has none in its context.
        allow("TellMissingFromDenied", ["s3:ListBucket"], [source_arn, destination_arn]),
        # It reads its own manifests to tell newer uploads from older ones.
        allow("WriteRenditions", ["s3:PutObject", "s3:GetObject"], written),
        # An older version may have left files of a rendition that the stack no longer has.
        allow("RemoveLeftovers", ["s3:DeleteObject"], leftovers),
        # Held uploads and the moderators' decisions. Every stack has this: without a moderator as
        # well, held uploads stay held, and public ones can be rejected.
        allow(
            "Moderate",
            ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"],
            f"{destination_arn}/{MODERATION}*",
        ),
        _write_log(log_group_arn),
    ]
    if lazy:
        # It reads which version a first view made a file from, and deletes files of older ones.
        statements.append(allow("ReadLazyRenditions", ["s3:GetObject"], lazy))
    if moderator_arn:
        statements.append(moderation.ask(moderator_arn))
    if distribution_arn:
        statements.append(moderation.forget(distribution_arn))
    if tags_rejected:
        # It reads the other tags of an upload, because S3 replaces all of them or none.
        tag = ["s3:GetObjectVersionTagging", "s3:PutObjectVersionTagging"]
        statements.append(allow("TagRejected", tag, objects_under(source_arn, prefixes)))
    if index_arn:
        items = ["dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
        statements.append(allow("UseIndex", items, index_arn))
    if in_vpc:
        statements.append(_connect())
    if tracing:
        statements.append(_write_traces())
    if key_arn:
        statements.append(_use_key(key_arn))
    return document(statements)


def views_role(
    *,
    source_arn: str,
    destination_arn: str,
    log_group_arn: str,
    key_arn: str,
    renditions: Sequence[Rendition],
    tracing: bool,
    format_queue_arn: str = "",
    in_vpc: bool = False,
    prefixes: Sequence[str] = PREFIXES,
) -> Document:
    """Return the policy of the function for first views, which makes lazy renditions and no other.

    Args:
        source_arn: source bucket; list keys, and read by version under the prefixes alone.
        destination_arn: destination bucket; list keys, write lazy renditions, and enter them in
            manifests.
        log_group_arn: the function's own log group.
        key_arn: the stack's KMS key; empty for S3-managed keys.
        renditions: the stack's renditions.
        tracing: whether it sends traces.
        format_queue_arn: queue of lazy formats, to which it sends; empty without such formats.
        in_vpc: whether Lambda connects it to a VPC.
        prefixes: of the uploads.
    """
    made = made_at_view(renditions)
    statements = _make(source_arn, destination_arn, made, log_group_arn, prefixes)
    if format_queue_arn:
        # A lazy format, once it is there; until then the same rendition in another format. By the
        # name alone, because a policy with each file would be too long.
        names = [each.name for each in renditions if each.lazy_formats]
        objects = [f"{destination_arn}/*/{name}.*" for name in names]
        statements += [
            allow("ReadFormats", ["s3:GetObject"], objects),
            allow("AskForFormats", ["sqs:SendMessage"], format_queue_arn),
        ]
    return document(statements + _everywhere(key_arn, tracing=tracing, in_vpc=in_vpc))


def formats_role(
    *,
    source_arn: str,
    destination_arn: str,
    log_group_arn: str,
    key_arn: str,
    format_queue_arn: str,
    renditions: Sequence[Rendition],
    tracing: bool,
    in_vpc: bool = False,
    prefixes: Sequence[str] = PREFIXES,
) -> Document:
    """Return the policy of the function that makes lazy formats, and nothing else.

    The arguments are those of ``views_role``; Lambda polls the queue with this role.
    """
    made = made_in_background(renditions)
    statements = [
        allow("UseQueue", [*POLL], format_queue_arn),
        *_make(source_arn, destination_arn, made, log_group_arn, prefixes),
    ]
    return document(statements + _everywhere(key_arn, tracing=tracing, in_vpc=in_vpc))


def _make(
    source_arn: str,
    destination_arn: str,
    renditions: Sequence[Rendition],
    log_group_arn: str,
    prefixes: Sequence[str],
) -> list[Statement]:
    """Allow what ``function/first_view.py`` does to make these renditions one by one."""
    uploads = objects_under(source_arn, prefixes)
    manifests, *made = made_objects(destination_arn, renditions)
    # An invocation that lost a conditional write returns what the winner stored; one whose upload
    # was replaced or deleted meanwhile deletes its own rendition again.
    write = allow("WriteRenditions", ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"], made)
    return [
        allow("ReadUploads", ["s3:GetObject", "s3:GetObjectVersion"], uploads),
        allow("TellMissingFromDenied", ["s3:ListBucket"], [source_arn, destination_arn]),
        # A manifest says which upload a key has, and that it is not rejected. A rendition that is
        # newer than the manifest is entered there, so that a deletion finds it.
        allow("EnterInManifests", ["s3:PutObject", "s3:GetObject"], manifests),
        *([write] if made else []),
        _write_log(log_group_arn),
    ]


def _everywhere(key_arn: str, *, tracing: bool, in_vpc: bool) -> list[Statement]:
    """Allow what a function needs for the stack's key, for traces and for a VPC."""
    return [
        *([_connect()] if in_vpc else []),
        *([_write_traces()] if tracing else []),
        *([_use_key(key_arn)] if key_arn else []),
    ]


def bench_role(*, source_arn: str, destination_arn: str, log_group_arns: Sequence[str]) -> Document:
    """Return the policy of the clone that ``bench aws`` measures: two buckets and two logs.

    It names nothing of the stack: no bucket, queue, table, key or log group.

    Args:
        source_arn: temporary bucket that it reads.
        destination_arn: temporary bucket that it writes, with the manifests that it reads.
        log_group_arns: its own log groups.
    """
    written = ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"]
    statements = [
        allow(
            "ReadUploads",
            ["s3:GetObject", "s3:GetObjectVersion"],
            objects_under(source_arn, PREFIXES),
        ),
        allow("TellMissingFromDenied", ["s3:ListBucket"], [source_arn, destination_arn]),
        allow("WriteRenditions", written, f"{destination_arn}/*"),
        _write_log(*log_group_arns),
    ]
    return document(statements)


def signer_role(
    *,
    source_arn: str,
    log_group_arn: str,
    key_arn: str,
    quota_arn: str = "",
    in_vpc: bool = False,
    prefix: str = UPLOADS,
) -> Document:
    """Return the signer's policy, which is also the limit of what its forms allow.

    Args:
        source_arn: source bucket; write under the prefix of new uploads alone.
        log_group_arn: the signer's own log group.
        key_arn: the stack's KMS key; empty for S3-managed keys.
        quota_arn: table of what users have uploaded; empty without quotas.
        in_vpc: whether Lambda connects it to a VPC.
        prefix: of new uploads.
    """
    statements = [
        allow("WriteUploads", ["s3:PutObject"], objects_under(source_arn, [prefix])),
        _write_log(log_group_arn),
    ]
    if key_arn:
        statements.append(allow("UseKey", ["kms:GenerateDataKey"], key_arn))
    if quota_arn:
        statements.append(allow("CountUploads", ["dynamodb:UpdateItem"], quota_arn))
    if in_vpc:
        statements.append(_connect())
    return document(statements)


def _use_key(key_arn: str) -> Statement:
    """Allow reading and writing what the stack's key encrypts."""
    return allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], key_arn)


def _write_traces() -> Statement:
    """Allow traces: X-Ray has no resources to name, and AWS's own managed policy has "*" too."""
    return allow("WriteTraces", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*")


def _connect() -> Statement:
    """Let Lambda itself make and remove the function's network interfaces in a VPC.

    The actions are those of AWS's managed policy AWSLambdaVPCAccessExecutionRole, version 3, on
    "*" as there. The function's own requests carry its ARN; Lambda's requests to EC2 for it do not
    (Lambda developer guide, "Using source function ARN to control function access behavior", read
    2026-11-27), so the function's code may do none of this.
    """
    actions = [
        *("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"),
        *("ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses"),
        "ec2:UnassignPrivateIpAddresses",
    ]
    own = {"Null": {"lambda:SourceFunctionArn": "true"}}
    return allow("ConnectToVpc", actions, "*", condition=own)


def _write_log(*log_group_arns: str) -> Statement:
    """Allow writing log groups: a stream is created in its group and written as its child."""
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    arns = [arn for group in log_group_arns for arn in (group, f"{group}:*")]
    return allow("WriteLog", actions, arns)
