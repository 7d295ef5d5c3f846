"""Removes chosen uploads from the CDN's cache, by an invalidation.

One path with a wildcard covers an upload's renditions in all formats and with all query strings, so
an erasure needs at most two paths. CloudFront processes up to 15 such paths of a distribution at
one time (developer guide, "Concurrent invalidation request maximum", read 2026-11-27). The first
1,000 paths a month are free, and a wildcard is one path ("Pay for file invalidation", read
2026-11-27).
"""

import time
import uuid
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import botocore.exceptions

from function.contract import StackOutput
from function.contract.keys import cdn_paths
from ops.scope import Scope
from ops.stack import Stack
from terminal import Failure

BUSY_SECONDS: Final = 900
"""Time to wait for earlier invalidations, each of which takes a minute or two."""

RETRY_SECONDS: Final = 20.0


def distribution_of(stack: Stack) -> str | None:
    """Return the id of the stack's CDN; None if readers are served by the bucket itself.

    Raises:
        Failure: there is a CDN, and the outputs, of an earlier release, do not name it.
    """
    found = stack.outputs.get(StackOutput.DISTRIBUTION_ID)
    delivery = stack.outputs.get(StackOutput.DELIVERY_URL, "")
    if not found and not _is_of_bucket(delivery, stack.destination):
        raise Failure(
            f"The outputs have a CDN ({delivery}) without its {StackOutput.DISTRIBUTION_ID}; run "
            "`pulumi up`, and with --outputs write the file again."
        )
    return found


def _is_of_bucket(url: str, bucket: str) -> bool:
    """Return whether readers are served by a bucket; a CDN's domain may be the bucket's name."""
    parts = urlsplit(url)
    return parts.path == f"/{bucket}" or parts.netloc.startswith(f"{bucket}.s3.")


def paths(scope: Scope) -> list[str]:
    """Return the paths of all that the function makes of uploads."""
    return cdn_paths(scope.destination)


def start(
    stack: Stack, distribution: str, scope: Scope, sleep: Callable[[float], None] = time.sleep
) -> str:
    """Create an invalidation and return its id.

    Raises:
        Failure: too many are in progress for too long.
    """
    cloudfront, items = stack.client("cloudfront"), paths(scope)
    batch = {
        "Paths": {"Quantity": len(items), "Items": items},
        "CallerReference": uuid.uuid4().hex,
    }
    for _try in range(int(BUSY_SECONDS / RETRY_SECONDS)):
        try:
            made = cloudfront.create_invalidation(
                DistributionId=distribution, InvalidationBatch=batch
            )
            return made["Invalidation"]["Id"]
        except cloudfront.exceptions.TooManyInvalidationsInProgress:
            sleep(RETRY_SECONDS)
    raise Failure(
        f"CloudFront has had too many invalidations of {distribution} in progress for "
        f"{BUSY_SECONDS / 60:.0f} minutes; run the same command again later."
    )


def wait(stack: Stack, distribution: str, identity: str) -> None:
    """Wait until the invalidation is complete, which takes a minute or two.

    Raises:
        Failure: it takes longer than botocore's waiter waits, ten minutes.
    """
    waiter = stack.client("cloudfront").get_waiter("invalidation_completed")
    try:
        waiter.wait(DistributionId=distribution, Id=identity)
    except botocore.exceptions.WaiterError as error:
        status = error.last_response.get("Invalidation", {}).get("Status")
        if status is None:  # CloudFront refused to say
            raise
        raise Failure(
            f"CloudFront has not completed the invalidation {identity} of {distribution} yet "
            f"({status}); run the same command again later."
        ) from error
