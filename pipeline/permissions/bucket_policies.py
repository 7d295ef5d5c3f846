"""The buckets' own policies: all deny anything but HTTPS, and each lets in what it is there for."""

from collections.abc import Sequence
from typing import Final

from function.contract import INDEX, MANIFEST, UPLOADS
from function.engine.renditions import Rendition, file_name
from pipeline.permissions.documents import ANYONE, Document, Statement, document

MIN_TLS: Final = "1.2"


def source(bucket_arn: str, *, public: bool) -> Document:
    """Return the source bucket's policy.

    Args:
        bucket_arn: the bucket.
        public: let anyone upload; otherwise only those who have a form that the signer signed.
    """
    statements = [*_tls_only(bucket_arn), _no_index_upload(bucket_arn)]
    if public:
        statements.append(_public_upload(bucket_arn))
    return document(statements)


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
    public = public_objects(bucket_arn, renditions)
    reader = _cdn_read(public, distribution_arn) if distribution_arn else _public_read(public)
    return document([*_tls_only(bucket_arn), _private_index(bucket_arn, account_id), reader])


def site(bucket_arn: str, distribution_arn: str) -> Document:
    """Return the policy of the page's bucket: the CDN alone reads the page's files."""
    return document([*_tls_only(bucket_arn), _cdn_read(f"{bucket_arn}/*", distribution_arn)])


def access_log(bucket_arn: str, account_id: str, partition: str) -> Document:
    """Return the policy of the access log's bucket: log delivery alone writes to it."""
    return document(
        [*_tls_only(bucket_arn), _log_delivery_write(bucket_arn, account_id, partition)]
    )


def public_objects(bucket_arn: str, renditions: Sequence[Rendition]) -> list[str]:
    """Return ARN patterns of all that readers may see: manifests and the stack's renditions."""
    files = [MANIFEST] + [
        file_name(rendition.name, format_name)
        for rendition in renditions
        for format_name in rendition.formats
    ]
    return [f"{bucket_arn}/*/{file}" for file in files]


def _public_upload(bucket_arn: str) -> Statement:
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


def _no_index_upload(bucket_arn: str) -> Statement:
    """Deny uploads whose renditions would land among the private indexes."""
    return {
        "Sid": "DenyIndexUpload",
        "Effect": "Deny",
        "Principal": ANYONE,
        "Action": "s3:PutObject",
        "Resource": [f"{bucket_arn}/{UPLOADS}{INDEX}*", f"{bucket_arn}/{UPLOADS}{INDEX[:-1]}"],
    }


def _public_read(objects: list[str]) -> Statement:
    return {
        "Sid": "PublicRead",
        "Effect": "Allow",
        "Principal": ANYONE,
        "Action": "s3:GetObject",
        "Resource": objects,
    }


def _cdn_read(objects: str | list[str], distribution_arn: str) -> Statement:
    """Let one CloudFront distribution, and no one else, read objects."""
    return {
        "Sid": "CdnRead",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": objects,
        "Condition": {"StringEquals": {"aws:SourceArn": distribution_arn}},
    }


def _private_index(bucket_arn: str, account_id: str) -> Statement:
    """Deny ``_index/`` to everyone outside the account, whatever else is allowed."""
    return {
        "Sid": "DenyIndex",
        "Effect": "Deny",
        "Principal": ANYONE,
        "Action": "s3:*",
        "Resource": f"{bucket_arn}/{INDEX}*",
        "Condition": {"StringNotEquals": {"aws:PrincipalAccount": account_id}},
    }


def _log_delivery_write(bucket_arn: str, account_id: str, partition: str) -> Statement:
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
