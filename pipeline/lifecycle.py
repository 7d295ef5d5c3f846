"""The lifecycle rules of the buckets: what S3 moves and deletes by itself, and when."""

from collections.abc import Iterator
from typing import Any, Final

from pulumi_aws import s3

from function.contract import REJECTED_TAG
from function.contract.keys import BATCH_OPERATIONS
from pipeline.settings import Settings

Rule = s3.BucketLifecycleConfigurationRuleArgs
Filter = s3.BucketLifecycleConfigurationRuleFilterArgs

ABORT_MULTIPART_DAYS: Final = 1
"""Days after which the parts of an abandoned multipart upload stop costing storage."""

JOB_DAYS: Final = 90
"""Days that lists and reports of S3 Batch Operations are kept: as long as S3 lists a job that has
ended (S3 user guide, "Listing jobs", read 2026-11-27)."""

EVERY_OBJECT: Final = Filter(prefix="")


def abort_multiparts() -> Rule:
    """Return the rule that deletes the parts of abandoned multipart uploads."""
    abort = {"days_after_initiation": ABORT_MULTIPART_DAYS}
    return _rule("abort-stale-multiparts", abort_incomplete_multipart_upload=abort)


def expire(days: int) -> Rule:
    """Return the rule that deletes every object at this age in days."""
    return _rule("expire", expiration={"days": days})


def expire_old_versions(days: int) -> Rule:
    """Return the rule that deletes versions this many days after they were replaced or deleted."""
    return _rule(
        "expire-noncurrent-versions",
        noncurrent_version_expiration={"noncurrent_days": days},
        expiration={"expired_object_delete_marker": True},
    )


def of_uploads(settings: Settings) -> Iterator[Rule]:
    """Yield the source bucket's further rules, by the stack's settings.

    Days are counted from an object's creation. A rejected upload that expires becomes an old
    version, like one that somebody deletes: it can be restored until that expires as well.
    """
    if settings.storage_classes:
        moves = [
            {"days": each.days, "storage_class": each.storage_class}
            for each in settings.storage_classes
        ]
        for number, prefix in enumerate(settings.prefixes):
            name = f"move-uploads-{number}" if number else "move-uploads"
            yield _rule(name, Filter(prefix=prefix), transitions=moves)
    if settings.rejected_upload_days:
        key, value = REJECTED_TAG
        expiration = {"days": settings.rejected_upload_days}
        tagged = Filter(tag=s3.BucketLifecycleConfigurationRuleFilterTagArgs(key=key, value=value))
        yield _rule("expire-rejected-uploads", tagged, expiration=expiration)
    if settings.batch_operations_concurrency:
        expiration = {"days": JOB_DAYS}
        yield _rule("expire-jobs", Filter(prefix=BATCH_OPERATIONS), expiration=expiration)


def _rule(name: str, of: Filter = EVERY_OBJECT, **actions: Any) -> Rule:
    return Rule(id=name, status="Enabled", filter=of, **actions)
