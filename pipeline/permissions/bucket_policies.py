"""The buckets' policies: each denies plain HTTP and old TLS, and allows its one use."""

from collections.abc import Sequence
from typing import Final

from function.contract.keys import INDEX, MANIFEST, UPLOADS
from function.engine.renditions import FORMATS, Rendition, file_name
from pipeline.permissions.documents import ANYONE, Document, Statement, allow, deny, document

MIN_TLS: Final = "1.2"


def source(bucket_arn: str, *, public: bool, prefix: str = UPLOADS) -> Document:
    """Return the source bucket's policy.

    Args:
        bucket_arn: the bucket.
        public: let anyone upload; otherwise an upload needs a form that the signer signed.
        prefix: of new uploads.
    """
    # Renditions of such uploads would be written among the private indexes.
    index = [f"{bucket_arn}/{prefix}{INDEX}*", f"{bucket_arn}/{prefix}{INDEX[:-1]}"]
    statements = [*_tls_only(bucket_arn), deny("DenyIndexUpload", "s3:PutObject", index)]
    return document([*statements, _public_upload(bucket_arn, prefix)] if public else statements)


def destination(
    bucket_arn: str, account_id: str, distribution_arn: str, *, renditions: Sequence[Rendition]
) -> Document:
    """Return the destination bucket's policy.

    Args:
        bucket_arn: the bucket.
        account_id: whose principals may read the indexes, if their own policies allow it.
        distribution_arn: the CDN, which alone may read; empty to let anyone read.
        renditions: the stack's renditions, which name what may be read.
    """
    outside = {"StringNotEquals": {"aws:PrincipalAccount": account_id}}
    private_index = deny("DenyIndex", "s3:*", f"{bucket_arn}/{INDEX}*", outside)
    reader = readers(bucket_arn, distribution_arn, renditions=renditions)["Statement"]
    return document([*_tls_only(bucket_arn), private_index, *reader])


def readers(bucket_arn: str, distribution_arn: str, *, renditions: Sequence[Rendition]) -> Document:
    """Return the policy that lets the CDN alone read, or anyone if there is no CDN."""
    objects = public_objects(bucket_arn, renditions)
    if distribution_arn:
        return document([_cdn_read(objects, distribution_arn)])
    return document([allow("PublicRead", "s3:GetObject", objects, ANYONE)])


def site(bucket_arn: str, distribution_arn: str) -> Document:
    """Return the policy of the page's bucket: the CDN alone reads the page's files."""
    return document([*_tls_only(bucket_arn), _cdn_read(f"{bucket_arn}/*", distribution_arn)])


def access_log(bucket_arn: str, account_id: str, partition: str) -> Document:
    """Return the policy of the access log's bucket: only CloudWatch's log delivery writes to it.

    The statement is AWS's own, name included: log delivery appends it to a policy that lacks it
    (CloudWatch Logs user guide, "Logs sent to Amazon S3"), and Pulumi would remove it again.
    """
    delivery = {"Service": "delivery.logs.amazonaws.com"}
    condition = {
        "StringEquals": {
            "s3:x-amz-acl": "bucket-owner-full-control",
            "aws:SourceAccount": account_id,
        },
        "ArnLike": {
            "aws:SourceArn": f"arn:{partition}:logs:us-east-1:{account_id}:delivery-source:*"
        },
    }
    objects = f"{bucket_arn}/AWSLogs/{account_id}/*"
    write = allow("AWSLogDeliveryWrite", "s3:PutObject", objects, delivery, condition)
    return document([*_tls_only(bucket_arn), write])


def source_log(bucket_arn: str, account_id: str, source_arn: str) -> Document:
    """Return the policy of the source bucket's log: only S3's log delivery writes to it.

    And only for this source bucket (S3 user guide, "Enabling Amazon S3 server access logging",
    permissions by a bucket policy, read 2026-11-27).
    """
    delivery = {"Service": "logging.s3.amazonaws.com"}
    condition = {
        "ArnLike": {"aws:SourceArn": source_arn},
        "StringEquals": {"aws:SourceAccount": account_id},
    }
    write = allow("ServerAccessLogs", "s3:PutObject", f"{bucket_arn}/*", delivery, condition)
    return document([*_tls_only(bucket_arn), write])


def public_objects(bucket_arn: str, renditions: Sequence[Rendition]) -> list[str]:
    """Return ARN patterns of all that readers may see: manifests and the stack's renditions.

    Renditions are matched in any format, as ``large.???`` and ``large.????``: until a backfill,
    manifests from before a change of formats name files that are no longer made.
    """
    lengths = sorted({len(format_.extension) for format_ in FORMATS.values()})
    names = [f"{made.name}.{'?' * length}" for made in renditions for length in lengths]
    return [f"{bucket_arn}/*/{name}" for name in (MANIFEST, *names)]


def made_objects(bucket_arn: str, renditions: Sequence[Rendition]) -> list[str]:
    """Return ARN patterns of all that the stack writes: manifests and its renditions."""
    names = [file_name(made.name, format_) for made in renditions for format_ in made.formats]
    return [f"{bucket_arn}/*/{name}" for name in (MANIFEST, *names)]


def _public_upload(bucket_arn: str, prefix: str) -> Statement:
    """Let anyone PUT under one prefix: no read, no list, no delete, no other prefix.

    The storage class must be STANDARD: the function cannot read an archived upload, and S3 bills
    the owner for it for months. The encryption must be with S3-managed keys: the function could not
    decrypt with the uploader's key. ``aws:kms`` without a key id is refused as well, because it
    means a default key of KMS, which is not the stack's.
    """
    condition = {
        "StringEqualsIfExists": {
            "s3:x-amz-storage-class": "STANDARD",
            "s3:x-amz-server-side-encryption": "AES256",
        },
        "Null": {
            "s3:x-amz-server-side-encryption-aws-kms-key-id": "true",
            "s3:x-amz-server-side-encryption-customer-algorithm": "true",
        },
    }
    return allow("PublicUpload", "s3:PutObject", f"{bucket_arn}/{prefix}*", ANYONE, condition)


def _cdn_read(objects: str | list[str], distribution_arn: str) -> Statement:
    """Let one CloudFront distribution, and no one else, read objects."""
    cdn = {"Service": "cloudfront.amazonaws.com"}
    condition = {"StringEquals": {"aws:SourceArn": distribution_arn}}
    return allow("CdnRead", "s3:GetObject", objects, cdn, condition)


def _tls_only(bucket_arn: str) -> list[Statement]:
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
