"""A stack's settings: their names, defaults and limits.

``Pulumi.yaml`` declares the same keys, types and defaults for the Pulumi CLI. They are repeated
here for the tests and the embedded AWS, which run the program without it; a test compares the two.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Final

import pulumi

from function.contract import DuplicateSearch, Publish
from function.contract.keys import UPLOADS
from function.engine.limits import max_megapixels
from function.engine.renditions import DEFAULT_RENDITIONS, Encoders, Hdr, Quality, Rendition
from pipeline import adopted, contradictions, moderation, prefixes, storage_classes, tagging
from pipeline.auth import Auth
from pipeline.pollers import Pollers
from pipeline.settings_checks import (
    SettingsError,
    checked,
    in_range,
    require_certificate,
    require_email,
    require_one_of,
    require_zone,
)
from pipeline.storage_classes import MAX_DAYS, Transition
from pipeline.vpc import Vpc

RUNTIMES: Final = ("python3.12", "python3.13", "python3.14")
"""Lambda runtimes on Amazon Linux 2023 (glibc 2.34), which Pillow's wheels need."""

LOG_RETENTION_DAYS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557),
    *(2922, 3288, 3653),
)
"""Values that CloudWatch Logs accepts (PutRetentionPolicy, API reference)."""

PRICE_CLASSES: Final = ("PriceClass_100", "PriceClass_200", "PriceClass_All")
"""CloudFront's names for sets of edge locations, fewest and cheapest first."""

MONITORING: Final = ("off", "lean", "full")
"""Least to most: no alarm; three alarms that tell of lost uploads; all alarms and a dashboard."""

UPLOADERS: Final = ("public", "presigned", "private")
"""Anyone; holders of a form that the signer signed; principals with a policy that allows it."""

NEGOTIABLE: Final = ("avif", "webp")
"""Formats that not every reader can show, so that the CDN asks the Accept header."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one stack; docs/settings.md has the table of keys.

    Attributes are the keys of ``Pulumi.<stack>.yaml`` in snake case. ``max_megapixels`` 0 means
    the largest image that fits in ``memory``; read ``max_pixels`` instead. ``max_concurrency`` 0
    means no ceiling but the account's own; with ``pollers`` it must be 0. A quota of 0 is none, and
    ``rejected_upload_days`` 0 keeps rejected uploads.
    A program may pass an output for any ``pulumi.Input``. ``batch_operations_concurrency`` 0 means
    no function for S3 Batch Operations. ``s3_endpoint`` is not a key of the stack: it is the
    provider's ``aws:endpoints``, set for the embedded AWS.
    """

    memory: int = 1024
    timeout: int = 60
    architecture: str = "arm64"
    runtime: str = "python3.13"
    batch_size: int = 4
    max_concurrency: int = 10
    backfill_concurrency: int = 2
    pollers: Pollers | None = None
    batch_operations_concurrency: int = 0
    view_concurrency: int = 10
    renditions: tuple[Rendition, ...] = DEFAULT_RENDITIONS
    negotiate: tuple[str, ...] | None = None
    uploads: str = "public"
    prefix: str = UPLOADS
    former_prefixes: tuple[str, ...] = ()
    source_bucket: pulumi.Input[str] = ""
    destination_bucket: pulumi.Input[str] = ""
    auth: Auth | None = None
    quota_per_hour: int = 0
    quota_bytes_per_day: int = 0
    delivery: str = "public"
    site: bool = False
    domain: str = ""
    certificate_arn: pulumi.Input[str] = ""
    hosted_zone_id: pulumi.Input[str] = ""
    price_class: str = "PriceClass_All"
    waf_requests_per_minute: int = 0
    encryption: str = "s3"
    kms_key_arn: pulumi.Input[str] = ""
    quality: Quality = Quality.FAST
    native_decoder: bool = True
    hdr: Hdr = Hdr.KEEP
    encoders: Encoders = Encoders.CURRENT
    background: str = "#ffffff"
    duplicates: DuplicateSearch = DuplicateSearch.OFF
    publish: Publish = Publish.AT_ONCE
    moderator: pulumi.Input[str] = ""
    max_upload_mb: int = 25
    max_megapixels: int = 0
    log_retention_days: int = 30
    old_version_days: int = 30
    rejected_upload_days: int = 0
    storage_classes: tuple[Transition, ...] = ()
    access_log: bool = False
    allowed_origins: tuple[str, ...] = ("*",)
    alarm_topic_arn: pulumi.Input[str] = ""
    alarm_email: pulumi.Input[str] = ""
    monthly_budget_usd: int = 0
    monitoring: str = "full"
    tracing: bool = True
    eventbridge: bool = False
    permissions_boundary: pulumi.Input[str] = ""
    vpc: Vpc | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    protect: bool = False
    s3_endpoint: str = ""

    def __post_init__(self) -> None:
        """Raise a ``SettingsError`` for the first value that cannot work or contradicts another."""
        in_range("memory", self.memory, 128, 10240, "MB")
        in_range("timeout", self.timeout, 1, 900, "seconds")
        require_one_of("architecture", self.architecture, ("arm64", "x86_64"))
        require_one_of("runtime", self.runtime, RUNTIMES)
        in_range("batchSize", self.batch_size, 1, 10, "uploads")
        if self.max_concurrency:
            in_range("maxConcurrency", self.max_concurrency, 2, 1000, "invocations, or 0")
        in_range("backfillConcurrency", self.backfill_concurrency, 2, 1000, "invocations")
        in_range(
            "batchOperationsConcurrency", self.batch_operations_concurrency, 0, 1000, "invocations"
        )
        require_one_of("uploads", self.uploads, UPLOADERS)
        prefixes.check(self.prefix, self.former_prefixes)
        in_range("viewConcurrency", self.view_concurrency, 1, 1000, "invocations")
        require_one_of("delivery", self.delivery, ("public", "cdn"))
        require_one_of("priceClass", self.price_class, PRICE_CLASSES)
        if self.waf_requests_per_minute:
            most = 2_000_000_000
            in_range("wafRequestsPerMinute", self.waf_requests_per_minute, 10, most, "or 0")
        require_one_of("encryption", self.encryption, ("s3", "kms"))
        require_one_of("quality", self.quality, tuple(Quality))
        require_one_of("hdr", self.hdr, tuple(Hdr))
        require_one_of("encoders", self.encoders, tuple(Encoders))
        require_one_of("duplicates", self.duplicates, tuple(DuplicateSearch))
        require_one_of("publish", self.publish, tuple(Publish))
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", self.background):
            raise SettingsError(f"background must be #rrggbb; got {self.background!r}.")
        in_range("maxUploadMb", self.max_upload_mb, 1, 5000, "MB")
        in_range("maxMegapixels", self.max_megapixels, 0, 1000, "megapixels")
        require_one_of("logRetentionDays", self.log_retention_days, LOG_RETENTION_DAYS)
        in_range("oldVersionDays", self.old_version_days, 1, MAX_DAYS, "days")
        in_range("rejectedUploadDays", self.rejected_upload_days, 0, MAX_DAYS, "days")
        storage_classes.check(self.storage_classes)
        in_range("monthlyBudgetUsd", self.monthly_budget_usd, 0, 1_000_000, "USD")
        require_one_of("monitoring", self.monitoring, MONITORING)
        in_range("quotaPerHour", self.quota_per_hour, 0, 1_000_000, "uploads, or 0")
        self._check_renditions()
        self._check_origins()
        contradictions.check(self)
        self._check_inputs()
        adopted.check_use(self)
        tagging.check(self.tags, site=self.site)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Prefixes of the uploads in the source bucket, the one of new uploads first."""
        return (self.prefix, *self.former_prefixes)

    @property
    def cdn_scheme(self) -> str:
        """Scheme of the CDN's URLs: HTTPS, except in the embedded AWS, which speaks HTTP."""
        return "http" if self.is_embedded else "https"

    @property
    def max_pixels(self) -> int:
        """Largest image (width x height) that the function accepts."""
        return (self.max_megapixels or max_megapixels(self.memory)) * 1_000_000

    @property
    def negotiated(self) -> tuple[str, ...]:
        """Formats that a URL of the CDN without an extension may give besides JPEG and PNG.

        By default, the formats that each of the ``renditions`` has. The default renditions have
        none: uploads of release 0.1.0 have no AVIF, and a reader would be sent to a missing file.
        No lazy format is ever missing, because a reader gets another one meanwhile.
        """
        if self.negotiate is not None:
            return self.negotiate
        return tuple(f for f in NEGOTIABLE if is_never_missing(self.renditions, f))

    @property
    def has_lazy(self) -> bool:
        """True if a rendition, or a format of one, is made only after its first view."""
        return any(rendition.lazy for rendition in self.renditions) or self.has_lazy_formats

    @property
    def has_lazy_formats(self) -> bool:
        """True if a format of a rendition is made in the background."""
        return any(rendition.lazy_formats for rendition in self.renditions)

    @property
    def max_upload_bytes(self) -> int:
        """Largest upload that the function fetches; 1 MB is 1,000,000 bytes."""
        return self.max_upload_mb * 1_000_000

    @property
    def visibility_timeout(self) -> int:
        """Seconds before SQS delivers an unacknowledged message again: six function timeouts.

        AWS's rule for SQS event sources (Lambda developer guide, "Using Lambda with Amazon SQS").
        """
        return 6 * self.timeout

    def _check_renditions(self) -> None:
        if not self.renditions:
            raise SettingsError("renditions must name at least one rendition; got an empty list.")
        # Rendering is what shows that an upload is valid.
        if all(rendition.lazy for rendition in self.renditions):
            raise SettingsError("renditions must name at least one without lazy: true.")
        for format_name in self.negotiate or ():
            require_one_of("negotiate", format_name, NEGOTIABLE)
        names = [rendition.name for rendition in self.renditions]
        for name in names:
            if names.count(name) > 1:
                raise SettingsError(f"renditions must have distinct names; got {name!r} twice.")

    @property
    def is_embedded(self) -> bool:
        """True for the embedded AWS, which speaks plain HTTP on this machine."""
        return self.s3_endpoint.startswith("http:")

    @property
    def has_quotas(self) -> bool:
        """True if the signer counts what users upload."""
        return self.quota_per_hour > 0 or self.quota_bytes_per_day > 0

    def _check_inputs(self) -> None:
        """Check what may be an output, now or once it is known."""
        for name, check in (
            ("alarm_email", require_email),
            ("certificate_arn", require_certificate),
            ("source_bucket", partial(_check_bucket, "sourceBucket")),
            ("destination_bucket", partial(_check_bucket, "destinationBucket")),
            ("hosted_zone_id", require_zone),
            ("kms_key_arn", adopted.check_key),
            ("alarm_topic_arn", adopted.check_topic),
            ("moderator", moderation.check),
            ("permissions_boundary", adopted.check_boundary),
        ):
            object.__setattr__(self, name, checked(KEYS[name], getattr(self, name), check))

    def _check_origins(self) -> None:
        if not self.allowed_origins:
            raise SettingsError('allowedOrigins must name at least one origin, or "*"; got none.')
        for origin in self.allowed_origins:
            if origin != "*" and not origin.startswith(("http://", "https://")):
                raise SettingsError(
                    f'allowedOrigins must be "*" or start with http:// or https://; got {origin!r}.'
                )

    @property
    def measures_held(self) -> bool:
        """True if the function measures how many uploads wait for a moderator, and how long."""
        return self.publish == Publish.HELD and self.monitoring == "full"

    @property
    def takes_down(self) -> bool:
        """True if the function has the CDN forget what a moderator rejects after it was public."""
        is_moderated = self.publish == Publish.HELD or self.moderator != ""
        return is_moderated and self.delivery == "cdn"

    @property
    def signer_behind_cdn(self) -> bool:
        """True if requests to the signer go through the CDN, so that AWS WAF sees them too.

        AWS WAF cannot stand in front of a function URL.
        """
        return self.uploads == "presigned" and self.waf_requests_per_minute > 0


def is_never_missing(renditions: Sequence[Rendition], format_name: str) -> bool:
    """Return True if no reader who asks for a format finds it missing."""
    if all(format_name in (*each.formats, *each.lazy_formats) for each in renditions):
        return True
    made_at_once = any(format_name in each.formats and not each.lazy for each in renditions)
    return not made_at_once and any(format_name in each.lazy_formats for each in renditions)


def _check_bucket(key: str, given: str) -> None:
    if given:
        adopted.bucket_name(key, given)


KEYS: Final = {
    each.name: re.sub("_(.)", lambda found: found[1].upper(), each.name)
    for each in fields(Settings)
    if each.name != "s3_endpoint"
}
"""Attribute of ``Settings`` to its key in ``Pulumi.<stack>.yaml``."""
