"""The route from the CDN to the function that makes renditions on first view.

CloudFront chooses a behaviour by the viewer's path, before ``edge/route.js`` rewrites it, so a
rendition has a path without an extension beside one for each of its formats.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from pulumi_aws import cloudfront

from function.engine.renditions import Rendition, file_name

ORIGIN: Final = "views"

GROUP: Final = "first-view"

FAILOVER: Final = (403, 404)
"""Statuses of the bucket that make CloudFront ask the function. S3 answers 403 for a missing key if
the caller may not list the bucket, and the CDN may not (API reference, "GetObject")."""


def patterns(renditions: Sequence[Rendition]) -> Iterator[str]:
    """Yield the path patterns of lazy renditions and formats; ``*`` stands for an upload's name.

    They name each extension: ``*/large.*`` would match the manifest of an upload called
    ``large.jpg``, so that each poll of it would invoke the function.
    """
    for rendition in renditions:
        formats = (*(rendition.formats if rendition.lazy else ()), *rendition.lazy_formats)
        if formats:
            yield f"*/{rendition.name}"
            yield from (f"*/{file_name(rendition.name, format_)}" for format_ in formats)


def group(bucket: str) -> cloudfront.DistributionOriginGroupArgsDict:
    """Return the origin group: the bucket, and the function for what the bucket does not have.

    Args:
        bucket: id of the origin of renditions.
    """
    return {
        "origin_id": GROUP,
        "failover_criteria": {"status_codes": list(FAILOVER)},
        "members": [{"origin_id": bucket}, {"origin_id": ORIGIN}],
    }
