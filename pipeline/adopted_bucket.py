"""A bucket that the account already has: the pipeline looks it up and never changes it."""

from collections.abc import Callable, Sequence
from functools import partial

import pulumi
from pulumi_aws import s3

from pipeline import adopted
from pipeline.component import Component
from pipeline.identity import Identity
from pipeline.naming import bucket_url
from pipeline.permissions.documents import Document
from pipeline.settings_checks import SettingsError


class AdoptedBucket:
    """An existing bucket, with the same interface as the pipeline's own buckets.

    Each preview that knows its name looks it up, and fails with one sentence if the pipeline cannot
    use it. The sentence does not have the name, which may be a secret.
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    domain: pulumi.Output[str]

    def __init__(
        self,
        key: str,
        given: pulumi.Input[str],
        identity: Identity,
        opts: pulumi.InvokeOutputOptions,
        *,
        names: Sequence[str],
        raises_events: bool = False,
        other: pulumi.Input[str] = "",
    ) -> None:
        """Look the bucket up.

        Args:
            key: the setting that names it.
            given: its name or ARN.
            identity: of the stack; the bucket must be in its region.
            opts: of the look-ups.
            names: the pipeline's, former ones too.
            raises_events: whether its events start the pipeline.
            other: name of a bucket that it must not be.
        """
        stated = pulumi.Output.from_input(given).apply(partial(adopted.bucket_name, key))
        name = stated.apply(partial(adopted.check_not_own, key, names))
        found = s3.get_bucket_output(bucket=name, opts=opts)
        checked = pulumi.Output.all(found, identity.region, other).apply(
            lambda facts: _usable(key, *facts)
        )
        if raises_events:
            notification = s3.get_bucket_notification_output(bucket=name, opts=opts)
            checked = pulumi.Output.all(checked, notification).apply(
                lambda facts: _announced(key, *facts)
            )
        self.name = checked.bucket
        self.arn = checked.arn
        self.domain = checked.bucket_regional_domain_name

    def url(self, s3_endpoint: str) -> pulumi.Output[str]:
        """Return the bucket's URL; ``s3_endpoint`` is empty for Amazon's S3."""
        return pulumi.Output.all(self.name, self.domain).apply(
            lambda parts: bucket_url(*parts, s3_endpoint=s3_endpoint)
        )

    def set_policy(
        self, owner: Component, make: Callable[..., Document], *values: object, **how: object
    ) -> None:
        """Leave the policy alone: only the bucket's owner changes it."""


def _usable(
    key: str, found: s3.AwaitableGetBucketResult, region: str, other: str
) -> s3.AwaitableGetBucketResult:
    """Return a bucket that the pipeline can reach; raise a ``SettingsError`` for another."""
    if found.bucket_region != region:
        raise SettingsError(
            f"{key} must be in the stack's region {region}; the bucket is in {found.bucket_region}."
        )
    if found.bucket == other:
        raise SettingsError(
            f"{key} must not be the bucket of the uploads, because a rendition must not "
            "raise the event of an upload; sourceBucket names the same one."
        )
    return found


def _announced(
    key: str, found: s3.AwaitableGetBucketResult, sent: s3.AwaitableGetBucketNotificationResult
) -> s3.AwaitableGetBucketResult:
    """Return a bucket whose events EventBridge gets; raise a ``SettingsError`` for another."""
    if not sent.eventbridge:
        raise SettingsError(
            f"{key} names a bucket that does not send its events to EventBridge, and this stack "
            'does not change it; turn that on (docs/adopt.md, "Buckets") and run this again.'
        )
    return found
