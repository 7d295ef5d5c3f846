"""AWS's limits on policies and variables, checked before any resource is registered.

A preview does not check them, so AWS would refuse the function or its role in the middle of an
update. Names and ARNs that only the update knows are assumed to be as long as they can get.
"""

import json
from collections.abc import Mapping
from typing import Final

import pulumi

from function.contract import DuplicateSearch
from function.engine.renditions import made_in_background
from pipeline import adopted, edge, ingest, page, view_route
from pipeline.environment import environment_variables, view_variables, without_metrics
from pipeline.naming import bucket_url, resource_name
from pipeline.permissions import bucket_policies, roles
from pipeline.permissions.documents import to_json
from pipeline.settings import Settings, SettingsError

MAX_ENVIRONMENT: Final = 4_096
"""Bytes of all variables as one JSON object (Lambda developer guide, "Lambda quotas"). Lambda's own
error shows that object as "String measured": the quotes inside RENDITIONS are escaped in it."""

MAX_ROLE_POLICY: Final = 10_240
"""Characters of a role's inline policies (IAM user guide, "IAM and AWS STS quotas")."""

MAX_BUCKET_POLICY: Final = 20_480
"""Bytes (S3 user guide, "Bucket policies")."""

MAX_PATTERN: Final = 2_048
"""Characters of a rule's event pattern, unless the account was given more (EventBridge user guide,
"Amazon EventBridge quotas", read 2026-11-28)."""

MAX_NOTIFICATIONS: Final = 100
"""Of one bucket, and each prefix has one. Guides of others state this limit (read 2026-11-28). S3's
API reference, PutBucketNotificationConfiguration, only refers to the list of S3's quotas."""

MAX_BUCKET: Final = 63
"""Characters of a bucket's name (S3 user guide, "Bucket naming rules")."""

MAX_BEHAVIORS: Final = 75
"""Cache behaviors per distribution, the default one counted too (CloudFront developer guide,
"Quotas", read 2026-11-27)."""

_PARTITION: Final = "aws-us-gov"
_REGION: Final = "ap-southeast-1"
_DOMAIN: Final = "amazonaws.com.cn"
"""The longest names of each kind."""

_ACCOUNT: Final = "123456789012"
_KEY: Final = "1234abcd-12ab-34cd-56ef-1234567890ab"
_DISTRIBUTION: Final = "E1A2B3C4D5E6F7"
_CDN_DOMAIN: Final = "d1a2b3c4d5e6f7.cloudfront.net"


def check(name: str, settings: Settings) -> None:
    """Refuse renditions and prefixes that AWS's limits leave no room for.

    Args:
        name: the pipeline's, e.g. ``image-pipeline-dev``.
        settings: the stack's settings.

    Raises:
        SettingsError: a limit is exceeded; the sentence names it, the size and what to change.
    """
    environment, role, bucket = longest(name, settings)
    variables, cause = _json(environment), "renditions make"
    less = "name fewer renditions, or give them fewer formats or shorter names"
    if settings.former_prefixes:
        cause, less = "renditions and formerPrefixes make", f"name fewer formerPrefixes; or {less}"
    for what, text, unit, service, most in (
        ("the function's environment variables", variables, "bytes", "Lambda", MAX_ENVIRONMENT),
        ("the policy of the function's role", role, "characters", "IAM", MAX_ROLE_POLICY),
        ("the destination bucket's policy", bucket, "bytes", "S3", MAX_BUCKET_POLICY),
    ):
        if len(text) > most:
            raise SettingsError(
                f"{cause} {what} up to {len(text)} {unit} long and {service} takes {most}; {less}."
            )
    if settings.source_bucket != "":
        _check_pattern(settings)
    elif len(settings.prefixes) > MAX_NOTIFICATIONS:
        raise SettingsError(
            f"formerPrefixes make {len(settings.prefixes)} event notifications and S3 takes "
            f"{MAX_NOTIFICATIONS}; name fewer of them."
        )
    if settings.delivery == "cdn":
        files = page.file_names() if settings.site else ()
        edge.function_code(settings.renditions, settings.negotiated, files)
        _check_behaviors(settings)


def _check_pattern(settings: Settings) -> None:
    """Refuse more prefixes than fit into the rule for the events of an adopted bucket."""
    bucket = _adopted_name("source", settings.source_bucket)
    length = len(ingest.pattern(settings.prefixes, bucket))
    if length > MAX_PATTERN:
        raise SettingsError(
            f"formerPrefixes make the event pattern for sourceBucket up to {length} characters "
            f"long and EventBridge takes {MAX_PATTERN}; name fewer of them."
        )


def _adopted_name(part: str, given: pulumi.Input[str]) -> str:
    """Return the name of an adopted bucket; as long as it can get if only the update knows it."""
    return adopted.bucket_name(part, given) if isinstance(given, str) else "b" * MAX_BUCKET


def _json(variables: Mapping[str, str]) -> str:
    return json.dumps(variables, separators=(",", ":"))


def _check_behaviors(settings: Settings) -> None:
    """Refuse more lazy renditions than a distribution has cache behaviours for.

    Each has one for its path without an extension, and one for each of its formats. So few files
    always fit into the policy of the role that makes them.
    """
    others = 1 + len(page.PATTERNS) * settings.site + settings.signer_behind_cdn
    lazy = len(list(view_route.patterns(settings.renditions)))
    if others + lazy > MAX_BEHAVIORS:
        raise SettingsError(
            f"renditions with lazy: true make {others + lazy} cache behaviors and CloudFront takes "
            f"{MAX_BEHAVIORS}; make fewer of them lazy, or give them fewer formats."
        )


def longest(name: str, settings: Settings) -> tuple[Mapping[str, str], str, str]:
    """Return a stack's documents, with names and ARNs as long as they can get.

    Returns:
        The variables of the function that has the longest, the policy of the role of the function
        for uploads, and the policy of the destination bucket.
    """

    def physical(part: str) -> str:
        return f"{resource_name(name, part)}-1234567"  # a suffix as long as Pulumi's

    def arn(service: str, resource: str) -> str:
        return f"arn:{_PARTITION}:{service}:{_REGION}:{_ACCOUNT}:{resource}"

    def bucket_of(given: pulumi.Input[str], part: str) -> str:
        """Return the name of an adopted bucket, or of one that the stack makes."""
        if given == "":
            return physical(part)
        return _adopted_name(part, given)

    source = bucket_of(settings.source_bucket, "source")
    destination = bucket_of(settings.destination_bucket, "destination")
    distribution = ""
    destination_arn = f"arn:{_PARTITION}:s3:::{destination}"
    if settings.delivery == "cdn":
        distribution = f"arn:{_PARTITION}:cloudfront::{_ACCOUNT}:distribution/{_DISTRIBUTION}"
        url = f"https://{settings.domain or _CDN_DOMAIN}"
    else:
        domain = f"{destination}.s3.{_REGION}.{_DOMAIN}"
        url = bucket_url(destination, domain, s3_endpoint=settings.s3_endpoint)
    key_arn = settings.kms_key_arn if isinstance(settings.kms_key_arn, str) else ""
    if settings.encryption == "kms" and not key_arn:
        key_arn = arn("kms", f"key/{_KEY}")
    index = "" if settings.duplicates == DuplicateSearch.OFF else physical("duplicates")
    # A function's ARN, with its alias, is the longest.
    moderator = settings.moderator if isinstance(settings.moderator, str) else ""
    if settings.moderator and not moderator:
        moderator = arn("lambda", f"function:{'f' * 64}:{'a' * 128}")
    role = roles.resizer_role(
        source_arn=f"arn:{_PARTITION}:s3:::{source}",
        destination_arn=destination_arn,
        queue_arn=arn("sqs", physical("uploads")),
        backfill_arn=arn("sqs", physical("backfill")),
        log_group_arn=arn("logs", f"log-group:{physical('resizer')}:*"),
        key_arn=key_arn,
        index_arn=index and arn("dynamodb", f"table/{index}"),
        renditions=settings.renditions,
        tracing=settings.tracing,
        tags_rejected=settings.rejected_upload_days > 0,
        in_vpc=settings.vpc is not None,
        prefixes=settings.prefixes,
        moderator_arn=moderator,
        distribution_arn=distribution if settings.takes_down else "",
    )
    bucket = bucket_policies.destination(
        destination_arn, _ACCOUNT, distribution, renditions=settings.renditions
    )
    forgets = _DISTRIBUTION if settings.takes_down else ""
    variables = environment_variables(
        settings, destination, url, key_arn, index, moderator=moderator, distribution_id=forgets
    )
    if settings.batch_operations_concurrency:
        variables = without_metrics(variables)  # the longer of the two functions' variables
    if settings.has_lazy:
        queue = f"https://sqs.{_REGION}.{_DOMAIN}/{_ACCOUNT}/{physical('formats')}"
        later = queue if made_in_background(settings.renditions) else ""
        viewed = view_variables(settings, source, destination, key_arn, later)
        variables = max(variables, viewed, key=lambda each: len(_json(each)))
    return variables, to_json(role), to_json(bucket)
