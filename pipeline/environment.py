"""The environment variables of the stack's functions, as plain data."""

import json
from collections.abc import Mapping
from typing import Final

from function.contract import DuplicateSearch, Publish
from function.contract.keys import UPLOADS, write_prefixes
from function.engine.renditions import Encoders, Hdr
from pipeline.settings import Settings

GLIBC_TUNABLES: Final = (
    f"glibc.malloc.mmap_threshold={16 << 20}:glibc.malloc.trim_threshold={24 << 20}"
)
"""Bytes up to which memory comes from the heap, and bytes of free heap that are kept.

By default glibc returns most of an image's memory to the system, which maps it anew for the next
image and zeroes it page by page: 5 to 11 % of the time of four JPEGs. 16 MB because most uploads
fit and Pillow's own blocks of 16 MB still go back at once; 24 MB because 16 were too few for a
12 MP JPEG's eight renditions, and 32 raised a HEIC's peak by 20 % (docs/engine.md, "Memory kept";
GNU C Library manual, "Memory Allocation Tunables").
"""


MOST_VIEW_SECONDS: Final = 30
"""Longest that CloudFront waits for an origin by default (developer guide, "Response timeout"): a
function for first views that ran longer would answer nobody."""


def environment_variables(
    settings: Settings,
    destination_bucket: str,
    delivery_url: str,
    kms_key_arn: str,
    index_table: str = "",
    *,
    moderator: str = "",
    distribution_id: str = "",
    source_bucket: str = "",
) -> Mapping[str, str]:
    """Return the function's variables, which ``Environment.read`` and its C library read.

    ``distribution_id`` is of the CDN that forgets what a moderator takes down.
    ``source_bucket`` is for the function that makes lazy renditions, because no event tells it
    where the uploads are. The others must not have it: the guardrail ``no-loop`` assumes that a
    function writes to a bucket if its variables depend on the bucket's name, which a preview does
    not know.
    """
    # Without defaults, three times as many renditions fit into Lambda's 4 KB (pipeline/sizes.py).
    renditions = [rendition.without_defaults() for rendition in settings.renditions]
    return {
        "DESTINATION_BUCKET": destination_bucket,
        "DELIVERY_URL": delivery_url,
        "RENDITIONS": json.dumps(renditions, separators=(",", ":")),
        "MAX_UPLOAD_BYTES": str(settings.max_upload_bytes),
        "MAX_PIXELS": str(settings.max_pixels),
        "KMS_KEY_ARN": kms_key_arn,
        "BACKGROUND": settings.background,
        "TIMEOUT": str(settings.timeout),
        "QUALITY": settings.quality.value,
        "DUPLICATES": settings.duplicates.value,
        "INDEX_TABLE": index_table,
        "GLIBC_TUNABLES": GLIBC_TUNABLES,
        # Only where they are not the default: an upgrade changes no variable of a stack.
        **({} if settings.monitoring == "full" else {"PUBLISH_METRICS": "false"}),
        **({} if settings.native_decoder else {"NATIVE_DECODER": "false"}),
        **({"TAGS_REJECTED": "true"} if settings.rejected_upload_days else {}),
        **({} if settings.hdr == Hdr.KEEP else {"HDR": settings.hdr.value}),
        **({} if settings.publish == Publish.AT_ONCE else {"PUBLISH": settings.publish.value}),
        **({"MODERATOR": moderator} if moderator else {}),
        **({"DISTRIBUTION_ID": distribution_id} if distribution_id else {}),
        **({"SOURCE_BUCKET": source_bucket} if source_bucket else {}),
        **({} if settings.encoders == Encoders.CURRENT else {"ENCODERS": settings.encoders.value}),
        **({"UPLOAD_PREFIXES": told} if (told := write_prefixes(settings.prefixes)) else {}),
    }


def without_metrics(variables: Mapping[str, str]) -> Mapping[str, str]:
    """Return the function's variables for S3 Batch Operations, which sends no metrics."""
    return {**variables, "PUBLISH_METRICS": "false"}


def view_variables(
    settings: Settings,
    source_bucket: str,
    destination_bucket: str,
    kms_key_arn: str,
    format_queue_url: str = "",
) -> Mapping[str, str]:
    """Return the variables of the functions for first views and for lazy formats.

    The CDN is made after this function, so its URL is not known yet: the function takes it from
    the URLs of a manifest. It has no access to the index of duplicates. Both get the URL of the
    queue of lazy formats, to which first views send; it is empty without such formats.
    """
    variables = environment_variables(
        settings, destination_bucket, "", kms_key_arn, source_bucket=source_bucket
    )
    return {
        **without_metrics(variables),
        "DUPLICATES": DuplicateSearch.OFF.value,
        "TIMEOUT": str(min(settings.timeout, MOST_VIEW_SECONDS)),
        **({"FORMAT_QUEUE_URL": format_queue_url} if format_queue_url else {}),
    }


def signer_variables(
    settings: Settings, source_bucket: str, upload_url: str, quota_table: str = ""
) -> Mapping[str, str]:
    """Return the signer's variables, which ``signer/handler.py`` and ``authorized.py`` read."""
    auth = settings.auth
    quotas = {
        "QUOTA_TABLE": quota_table,
        "QUOTA_PER_HOUR": str(settings.quota_per_hour),
        "QUOTA_BYTES_PER_DAY": str(settings.quota_bytes_per_day),
    }
    return {
        "SOURCE_BUCKET": source_bucket,
        "UPLOAD_URL": upload_url,
        "MAX_UPLOAD_BYTES": str(settings.max_upload_bytes),
        **({} if settings.prefix == UPLOADS else {"UPLOAD_PREFIX": settings.prefix}),
        **({"ISSUER": auth.issuer, "AUDIENCE": auth.audience} if auth else {}),
        **(quotas if quota_table else {}),
    }
