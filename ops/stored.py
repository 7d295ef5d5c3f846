"""Reads what the function has stored in the destination bucket."""

from typing import TYPE_CHECKING

from ops.stack import read_or_none

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def read(s3: "S3Client", bucket: str, key: str) -> bytes | None:
    """Return an object's bytes; None if there is none."""
    found = read_or_none(lambda: s3.get_object(Bucket=bucket, Key=key), "NoSuchKey")
    return found["Body"].read() if found else None
