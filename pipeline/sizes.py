"""Limits on what a stack's renditions add up to, checked before any resource is registered.

Pulumi previews none of them: without this check, AWS refuses the function or its role in the middle
of an update. Names and ARNs that only the update will tell are taken at their longest.
"""

import json
from collections.abc import Mapping
from typing import Final

from function.contract import DuplicateSearch
from pipeline import edge, page
from pipeline.environment import environment_variables
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

_PARTITION: Final = "aws-us-gov"
_REGION: Final = "ap-southeast-1"
_DOMAIN: Final = "amazonaws.com.cn"
"""The longest names of each kind."""

_ACCOUNT: Final = "123456789012"
_KEY: Final = "1234abcd-12ab-34cd-56ef-1234567890ab"
_DISTRIBUTION: Final = "E1A2B3C4D5E6F7"
_CDN_DOMAIN: Final = "d1a2b3c4d5e6f7.cloudfront.net"


def check(name: str, settings: Settings) -> None:
    """Refuse renditions that AWS's limits leave no room for.

    Args:
        name: what the stack's resources are named after, e.g. ``image-pipeline-dev``.
        settings: the stack's settings.

    Raises:
        SettingsError: a limit is exceeded; the sentence names it, the size and what to change.
    """
    names = _Names(name, settings)
    variables = json.dumps(names.environment(), separators=(",", ":"))
    role, bucket = names.role_policy(), names.bucket_policy()
    for what, text, unit, service, most in (
        ("the function's environment variables", variables, "bytes", "Lambda", MAX_ENVIRONMENT),
        ("the policy of the function's role", role, "characters", "IAM", MAX_ROLE_POLICY),
        ("the destination bucket's policy", bucket, "bytes", "S3", MAX_BUCKET_POLICY),
    ):
        if len(text) > most:
            raise SettingsError(
                f"renditions make {what} up to {len(text)} {unit} long and {service} takes {most}; "
                "name fewer renditions, or give them fewer formats or shorter names."
            )
    if settings.delivery == "cdn":
        edge.function_code(settings.renditions, page.file_names() if settings.site else ())


class _Names:
    """A stack's documents, with names and ARNs as long as they can get."""

    def __init__(self, name: str, settings: Settings) -> None:
        self._name, self._settings = name, settings
        self._destination = self._physical("destination")
        kms = self._arn("kms", f"key/{_KEY}")
        self._key_arn = kms if settings.encryption == "kms" else ""
        self._index = (
            "" if settings.duplicates == DuplicateSearch.OFF else self._physical("duplicates")
        )

    def environment(self) -> Mapping[str, str]:
        """Return the function's environment variables."""
        if self._settings.delivery == "cdn":
            url = f"https://{self._settings.domain or _CDN_DOMAIN}"
        else:
            domain = f"{self._destination}.s3.{_REGION}.{_DOMAIN}"
            url = bucket_url(self._destination, domain, s3_endpoint=self._settings.s3_endpoint)
        return environment_variables(
            self._settings, self._destination, url, self._key_arn, self._index
        )

    def role_policy(self) -> str:
        """Return the policy of the function's role."""
        return to_json(
            roles.resizer_role(
                source_arn=_bucket_arn(self._physical("source")),
                destination_arn=_bucket_arn(self._destination),
                queue_arn=self._arn("sqs", self._physical("uploads")),
                log_group_arn=self._arn("logs", f"log-group:/{self._name}/resizer:*"),
                key_arn=self._key_arn,
                index_arn=self._index and self._arn("dynamodb", f"table/{self._index}"),
                renditions=self._settings.renditions,
                tracing=self._settings.tracing,
            )
        )

    def bucket_policy(self) -> str:
        """Return the destination bucket's policy."""
        distribution = f"arn:{_PARTITION}:cloudfront::{_ACCOUNT}:distribution/{_DISTRIBUTION}"
        return to_json(
            bucket_policies.destination(
                _bucket_arn(self._destination),
                _ACCOUNT,
                distribution if self._settings.delivery == "cdn" else "",
                renditions=self._settings.renditions,
            )
        )

    def _physical(self, part: str) -> str:
        """Return a resource's name with a random suffix as long as Pulumi's."""
        return f"{resource_name(self._name, part)}-1234567"

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{_PARTITION}:{service}:{_REGION}:{_ACCOUNT}:{resource}"


def _bucket_arn(bucket: str) -> str:
    return f"arn:{_PARTITION}:s3:::{bucket}"
