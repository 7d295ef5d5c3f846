"""Names, URLs and tags of a stack's resources, each from one function."""

import re
from typing import Final

import pulumi

MAX_NAME: Final = 55
"""S3's limit of 63 characters, the tightest of all, less the 8 that Pulumi's suffix takes."""

_ALLOWED = re.compile(r"[a-z0-9][a-z0-9-]*")

_CHOOSE: Final = "the stack's setting `name`, or the first argument of ImagePipeline"


class NamingError(pulumi.RunError):
    """A pipeline's name that AWS would not accept; says what to change."""


def resource_name(base: str, part: str) -> str:
    """Return a resource's logical name; Pulumi makes the physical one by adding a random suffix.

    Args:
        base: the component's name, e.g. ``image-pipeline-dev``.
        part: what the resource is, e.g. ``source``.

    Raises:
        NamingError: the name is longer than AWS takes, or has other characters.
    """
    name = f"{base}-{part}"
    if not _ALLOWED.fullmatch(base):
        raise NamingError(
            f"The pipeline's name must be lower-case letters, digits and -, and start with a "
            f"letter or digit; got {base!r}. Choose another: {_CHOOSE}."
        )
    if len(name) > MAX_NAME:
        raise NamingError(
            f"The name {name!r} has {len(name)} characters and AWS leaves room for {MAX_NAME}, so "
            f"the pipeline's name must have at most {MAX_NAME - len(part) - 1}; got {len(base)}. "
            f"Choose a shorter one: {_CHOOSE}."
        )
    return name


def bucket_url(bucket: str, domain: str, *, s3_endpoint: str) -> str:
    """Return the URL of a bucket, without the slash that separates it from a key.

    A name with a dot is in the path: S3's certificate, for ``*.s3.REGION.amazonaws.com``, has no
    host with a further dot (S3 user guide, "Virtual hosting of general purpose buckets").

    Args:
        bucket: its name.
        domain: its own host name at Amazon's S3.
        s3_endpoint: where S3 is, if it is not Amazon's; else empty.
    """
    if s3_endpoint:
        return f"{s3_endpoint}/{bucket}"
    if "." in bucket:
        return f"https://{domain.removeprefix(f'{bucket}.')}/{bucket}"
    return f"https://{domain}"


def tags() -> dict[str, str]:
    """Return the tags of every resource that AWS can tag."""
    return {"Project": pulumi.get_project(), "Stack": pulumi.get_stack(), "ManagedBy": "pulumi"}
