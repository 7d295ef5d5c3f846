"""Checks of settings that contradict one another."""

import re
from typing import TYPE_CHECKING, Final

from function.contract import FULL_MEMORY_MB, MOST_SECONDS, Publish
from function.engine.limits import kind_megapixels
from function.engine.renditions import Encoders, made_at_upload
from pipeline.settings_checks import SettingsError, in_range

if TYPE_CHECKING:
    from pipeline.settings import Settings

ANSWER_SECONDS: Final = 5
"""Seconds of an invocation that are kept for requests to S3 and SQS, and for the answer."""

MAX_VISIBILITY_TIMEOUT: Final = 43_200
"""Seconds; SQS's own limit of 12 hours."""


def check(settings: "Settings") -> None:
    """Raise a ``SettingsError`` for the first setting that another one rules out."""
    _check_uploads(settings)
    _check_budget(settings)
    _check_targets(settings)
    _check_lazy(settings)
    _check_held(settings)
    _check_domain(settings)
    _check_limits(settings)
    _check_adopted(settings)


def _check_uploads(settings: "Settings") -> None:
    if settings.auth and settings.uploads != "presigned":
        raise SettingsError(
            "auth needs uploads: presigned, because anyone may write to a public bucket; set "
            "uploads to presigned or leave out auth."
        )
    if settings.auth and not settings.auth.is_https and not settings.is_embedded:
        raise SettingsError(
            f"auth issuer must start with https:// on AWS; got {settings.auth.issuer!r}."
        )
    for key, quota in (
        ("quotaPerHour", settings.quota_per_hour),
        ("quotaBytesPerDay", settings.quota_bytes_per_day),
    ):
        if quota and not settings.auth:
            raise SettingsError(
                f"{key} needs auth, because only a signed-in user can be counted; set auth, or "
                f"set {key} to 0."
            )
    most = 10**15
    if settings.quota_bytes_per_day:
        least = settings.max_upload_bytes
        in_range("quotaBytesPerDay", settings.quota_bytes_per_day, least, most, "bytes, or 0")


def _check_budget(settings: "Settings") -> None:
    if settings.monthly_budget_usd and not settings.alarm_email:
        raise SettingsError(
            "monthlyBudgetUsd needs alarmEmail, or nobody is told; set alarmEmail too."
        )


def _check_targets(settings: "Settings") -> None:
    is_number = all(isinstance(each.quality, int) for each in settings.renditions)
    if settings.encoders != Encoders.CURRENT and not is_number:
        raise SettingsError(
            f"renditions need a number as quality with encoders: {settings.encoders}, whose scores "
            f"are not known; set encoders to current, or name no target."
        )


def _check_lazy(settings: "Settings") -> None:
    lazy = [rendition.name for rendition in settings.renditions if rendition.lazy]
    if lazy and settings.delivery != "cdn":
        raise SettingsError(
            f"renditions with lazy: true ({', '.join(lazy)}) need delivery: cdn, because only "
            "the CDN can have them made on first view; set delivery to cdn or leave out lazy."
        )
    later = [rendition.name for rendition in settings.renditions if rendition.lazy_formats]
    if later and settings.delivery != "cdn":
        raise SettingsError(
            f"renditions with lazyFormats ({', '.join(later)}) need delivery: cdn, because "
            "only the CDN knows which formats a reader can show; set delivery to cdn or leave out "
            "lazyFormats."
        )


def _check_held(settings: "Settings") -> None:
    animated = [each.name for each in settings.renditions if each.animated]
    at_upload = [each.name for each in made_at_upload(settings.renditions) if each.animated]
    if settings.publish == Publish.HELD and animated and not at_upload:
        raise SettingsError(
            f"publish: held needs an animated rendition that is made at upload, because moderators "
            f"would see only the first frame of what {', '.join(animated)} shows; leave out lazy "
            "and have webp in formats for one of them."
        )


def _check_domain(settings: "Settings") -> None:
    if settings.site and settings.delivery != "cdn":
        raise SettingsError("site: true needs delivery: cdn, which serves the page; set it.")
    if settings.site and settings.uploads == "private":
        raise SettingsError(
            "site: true needs uploads: public or presigned, because its page uploads; set uploads "
            "or leave out site."
        )
    if settings.domain and settings.delivery != "cdn":
        raise SettingsError("domain needs delivery: cdn, which answers under it; set it.")
    if settings.domain and not re.fullmatch(r"([a-z0-9-]+\.)+[a-z]{2,}", settings.domain):
        raise SettingsError(f"domain must be like photos.example.com; got {settings.domain!r}.")
    if bool(settings.domain) != bool(settings.certificate_arn):
        raise SettingsError("domain and certificateArn need each other; set both or neither.")
    if settings.hosted_zone_id and not settings.domain:
        raise SettingsError("hostedZoneId needs domain, whose records it will hold; set it.")


def _check_limits(settings: "Settings") -> None:
    if settings.waf_requests_per_minute and settings.delivery != "cdn":
        raise SettingsError(
            "wafRequestsPerMinute needs delivery: cdn, because AWS WAF can stand in front of "
            "the CDN, but not of a bucket; set delivery to cdn or wafRequestsPerMinute to 0."
        )
    if settings.encryption == "kms" and settings.delivery == "public":
        raise SettingsError(
            "encryption: kms needs delivery: cdn, because anonymous readers cannot decrypt; "
            "set delivery to cdn or encryption to s3."
        )
    if settings.encryption == "kms" and settings.uploads == "public":
        raise SettingsError(
            "encryption: kms needs uploads: presigned, because anonymous uploaders may not use "
            "the key; set uploads to presigned or encryption to s3."
        )
    if settings.pollers and settings.max_concurrency:
        raise SettingsError(
            "pollers needs maxConcurrency: 0, because AWS takes only one of the two; set "
            f"maxConcurrency to 0 (got {settings.max_concurrency}) or leave out pollers."
        )
    if settings.visibility_timeout > MAX_VISIBILITY_TIMEOUT:
        raise SettingsError(
            f"timeout must keep 6 x timeout within SQS's {MAX_VISIBILITY_TIMEOUT} s of "
            f"visibility; got {settings.timeout}."
        )
    needed = settings.batch_size * MOST_SECONDS + ANSWER_SECONDS
    if settings.memory >= FULL_MEMORY_MB and settings.timeout < needed:
        raise SettingsError(
            f"timeout must be at least {needed} at batchSize {settings.batch_size}, as each upload "
            f"may take {MOST_SECONDS} s; got {settings.timeout}. Raise it or lower batchSize."
        )
    borne = kind_megapixels(settings.memory, "jpeg")
    if settings.max_megapixels > borne:
        raise SettingsError(
            f"maxMegapixels must be at most {borne} at memory {settings.memory}; "
            f"got {settings.max_megapixels}. Raise memory or lower it."
        )


def _check_adopted(settings: "Settings") -> None:
    """Refuse settings that would change a bucket which is not the stack's own."""
    if settings.destination_bucket != "" and settings.eventbridge:
        raise SettingsError(
            "eventbridge needs the stack's own destination bucket, because it replaces the "
            "bucket's notification; turn EventBridge on yourself and leave out eventbridge."
        )
    if settings.source_bucket == "":
        return
    if settings.uploads == "public":
        raise SettingsError(
            "sourceBucket needs uploads: private or presigned, because the policy of a bucket "
            "that is not the stack's own stays as it is; set uploads."
        )
    for key, value, needed in (
        ("rejectedUploadDays", settings.rejected_upload_days, "a lifecycle rule"),
        ("storageClasses", settings.storage_classes, "a lifecycle rule"),
        ("accessLog", settings.access_log, "server access logging"),
        ("batchOperationsConcurrency", settings.batch_operations_concurrency, "lists of jobs"),
    ):
        if value:
            raise SettingsError(
                f"{key} cannot be set with sourceBucket, because it puts {needed} into a bucket "
                f"that is not the stack's own; leave out {key}."
            )
