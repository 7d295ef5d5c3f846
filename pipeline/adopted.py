"""Checks of resources that the account already has: buckets, KMS key, SNS topic, boundary.

The pipeline never changes them, so their owner has to add what it needs to their policies
(docs/adopt.md).
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import pulumi

from pipeline.settings_checks import SettingsError

if TYPE_CHECKING:
    from pipeline.settings import Settings

_KEY: Final = re.compile(r"arn:[\w-]+:kms:[\w-]+:\d{12}:key/[\w-]+", re.ASCII)
_TOPIC: Final = re.compile(r"arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+", re.ASCII)
_BOUNDARY: Final = re.compile(r"arn:[\w-]+:iam::(\d{12}|aws):policy/[\w+=,.@/-]+", re.ASCII)

_BUCKET: Final = re.compile(r"(?:arn:[\w-]+:s3:::)?([\w.-]{3,63})", re.ASCII)
"""A bucket's ARN or name; the oldest ones have capitals and underscores."""


def bucket_name(key: str, given: str) -> str:
    """Return the name of a bucket that is given by its name or its ARN.

    Args:
        key: the setting that names it.
        given: its value.

    Raises:
        SettingsError: it is neither.
    """
    found = _BUCKET.fullmatch(given)
    if not found:
        raise SettingsError(
            f"{key} must be a bucket's name or ARN, like photos or arn:aws:s3:::photos; got "
            f"{given!r}."
        )
    return found[1]


def check_not_own(key: str, names: Sequence[str], bucket: str) -> str:
    """Return the name of a bucket that the pipeline has not made itself.

    With the setting, such a bucket is no longer one of the pipeline's resources: an update would
    delete its policy and its other settings, and then the bucket.

    Args:
        key: the setting that names it.
        names: the pipeline's, former ones too.
        bucket: its name.

    Raises:
        SettingsError: the pipeline has made it, to tell by the name.
    """
    for name in names:
        if re.fullmatch(rf"{re.escape(name)}-(source|destination)-[0-9a-f]{{7}}", bucket):
            raise SettingsError(
                f"{key} must not be a bucket that this stack has made, because `pulumi up` would "
                f"delete its settings and then the bucket; leave out {key}, or copy what is in it "
                "to a bucket of yours."
            )
    return bucket


def check_key(arn: str) -> None:
    """Raise a ``SettingsError`` unless it is a key's ARN; an alias has no permissions."""
    if arn and not _KEY.fullmatch(arn):
        raise SettingsError(
            "kmsKeyArn must be a key's ARN like arn:aws:kms:eu-west-1:123456789012:key/1234abcd, "
            f"because a policy that names an alias allows nothing; got {arn!r}."
        )


def check_topic(arn: str) -> None:
    """Raise a ``SettingsError`` unless it is a topic's ARN."""
    if arn and not _TOPIC.fullmatch(arn):
        raise SettingsError(
            "alarmTopicArn must be a topic's ARN like "
            f"arn:aws:sns:eu-central-1:123456789012:alarms; got {arn!r}."
        )


def in_region(key: str, arn: pulumi.Input[str], region: pulumi.Output[str]) -> pulumi.Input[str]:
    """Return an ARN that is of the stack's region; an empty one as it is.

    AWS itself refuses another one only in the middle of an update, or when the first upload comes.
    The output raises a ``SettingsError`` for it.

    Args:
        key: the setting that has the ARN.
        arn: the setting's value.
        region: the stack's.
    """
    if isinstance(arn, str) and not arn:
        return arn

    def check(known: Sequence[str]) -> str:
        text, here = known
        there = text.split(":")[3]
        if there != here:
            raise SettingsError(f"{key} must be of the stack's region {here}; it is of {there}.")
        return text

    return pulumi.Output.all(arn, region).apply(check)


def check_use(settings: "Settings") -> None:
    """Raise a ``SettingsError`` if a key or a topic is given, also as an output, and not used."""
    if settings.kms_key_arn and settings.encryption != "kms":
        raise SettingsError("kmsKeyArn needs encryption: kms, which encrypts with it; set it.")
    if settings.alarm_topic_arn and settings.monitoring == "off":
        raise SettingsError(
            "alarmTopicArn needs monitoring: lean or full, because off has no alarms; set "
            "monitoring or leave out alarmTopicArn."
        )
    if settings.alarm_topic_arn and settings.alarm_email and not settings.monthly_budget_usd:
        raise SettingsError(
            "alarmEmail cannot subscribe to alarmTopicArn, which is not this stack's to change; "
            "subscribe the address there and leave out alarmEmail."
        )


def check_boundary(arn: str) -> None:
    """Raise a ``SettingsError`` unless it is the ARN of a managed policy."""
    if arn and not _BOUNDARY.fullmatch(arn):
        raise SettingsError(
            "permissionsBoundary must be a managed policy's ARN like "
            f"arn:aws:iam::123456789012:policy/boundary; got {arn!r}."
        )
