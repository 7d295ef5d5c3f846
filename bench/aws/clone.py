"""The names of a clone of the deployed function, and the removal of all that they name."""

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import botocore.exceptions

from ops import teardown
from ops.stack import Stack, read_or_none
from pipeline.bundle.target import Machine
from terminal import Failure, Misuse

ARCHITECTURES: Final[tuple[Machine, ...]] = ("x86_64", "arm64")

POLICY: Final = "bench"
"""Name of the role's inline policy."""

TAG: Final = "Clone"
"""Tag of all that a clone has, whose value is the clone's name."""

Tags = dict[str, str]

_ABSENT: Final = ("ResourceNotFoundException", "NoSuchEntity")
"""Codes by which Lambda, CloudWatch Logs and IAM say that there is no such resource."""

_LONGEST: Final = 40
"""Characters of the function's name in a clone's: of S3's 63 for a bucket, 23 are left."""

_NAME: Final = re.compile(r"[a-z0-9-]{1,40}-bench-[0-9a-f]{6}")


@dataclass(frozen=True, kw_only=True)
class Removal:
    """The resources of a clone that were removed, and sentences about the ones that were not."""

    removed: list[str]
    left: list[str]


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A clone by its name, e.g. ``image-pipeline-dev-resizer-bench-1a2b3c``.

    All its resources' names follow from it, so whatever is left of a clone, by whatever end of the
    process that made it, can be found and removed.
    """

    stack: Stack
    name: str

    @classmethod
    def new(cls, stack: Stack, function: str) -> "Clone":
        """Return a clone of a function that has nothing yet."""
        return cls(stack=stack, name=f"{_base(function)}-bench-{secrets.token_hex(3)}")

    @classmethod
    def named(cls, stack: Stack, name: str) -> "Clone":
        """Return an earlier clone.

        Raises:
            Misuse: the name is not that of a clone.
        """
        if not _NAME.fullmatch(name):
            raise Misuse(f"{name} is no clone: their names end in -bench- and six hex digits.")
        return cls(stack=stack, name=name)

    @property
    def source(self) -> str:
        """The bucket that it reads; the first that is made and the last that is removed."""
        return f"{self.name}-in"

    @property
    def destination(self) -> str:
        """The bucket that it writes."""
        return f"{self.name}-out"

    @property
    def role(self) -> str:
        """Its role."""
        return self.name

    def function(self, architecture: str) -> str:
        """Return the name of its function of an architecture."""
        return f"{self.name}-{architecture.replace('_', '-')}"

    def log_group(self, architecture: str) -> str:
        """Return the log group of its function of an architecture."""
        return f"/aws/lambda/{self.function(architecture)}"

    def remove(self) -> Removal:
        """Delete every resource of it, even if some cannot be deleted."""
        found = Removal(removed=[], left=[])
        for what, delete in self._deletions():
            try:
                if delete() is not None:
                    found.removed.append(what)
            except (
                botocore.exceptions.BotoCoreError,
                botocore.exceptions.ClientError,
                Failure,
            ) as error:
                found.left.append(f"The {what} is left: {error}")
        return found

    def _deletions(self) -> Iterator[tuple[str, Callable[[], Any]]]:
        """Yield each resource, and a function that deletes it, or returns None if it is missing."""
        lambda_, logs = self.stack.client("lambda"), self.stack.client("logs")
        iam = self.stack.client("iam")
        for architecture in ARCHITECTURES:
            name, group = self.function(architecture), self.log_group(architecture)
            delete = partial(lambda_.delete_function, FunctionName=name)
            tags = partial(self._function_tags, name)
            yield f"function {name}", partial(self._delete_own, tags, delete)
            delete = partial(logs.delete_log_group, logGroupName=group)
            tags = partial(self._log_group_tags, group)
            yield f"log group {group}", partial(self._delete_own, tags, delete)
        delete = partial(iam.delete_role_policy, RoleName=self.role, PolicyName=POLICY)
        yield f"policy of role {self.role}", partial(self._delete_own, self._role_tags, delete)
        delete = partial(iam.delete_role, RoleName=self.role)
        yield f"role {self.role}", partial(self._delete_own, self._role_tags, delete)
        for bucket in (self.destination, self.source):
            delete = partial(self._delete_bucket, bucket)
            yield f"bucket {bucket}", partial(read_or_none, delete, "NoSuchBucket")

    def _delete_own(self, tags: Callable[[], Tags | None], delete: Callable[[], Any]) -> Any:
        """Delete what has the clone's tag, which it is made with; None if there is nothing.

        Raises:
            Failure: it has another tag or none, so that someone else made it.
        """
        found = read_or_none(tags, *_ABSENT)
        if found is None:
            return None
        if found.get(TAG) != self.name:
            raise Failure(f"it has no tag {TAG}={self.name}, so bench aws has not made it.")
        return read_or_none(delete, *_ABSENT)

    def _function_tags(self, name: str) -> Tags:
        lambda_ = self.stack.client("lambda")
        arn = lambda_.get_function_configuration(FunctionName=name)["FunctionArn"]
        return lambda_.list_tags(Resource=arn)["Tags"]

    def _log_group_tags(self, name: str) -> Tags | None:
        logs = self.stack.client("logs")
        found = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        for group in found:
            if group["logGroupName"] == name:
                arn = group["arn"].removesuffix(":*")
                return logs.list_tags_for_resource(resourceArn=arn)["tags"]
        return None

    def _role_tags(self) -> Tags:
        found = self.stack.client("iam").list_role_tags(RoleName=self.role)["Tags"]
        return {tag["Key"]: tag["Value"] for tag in found}

    def _delete_bucket(self, bucket: str) -> Any:
        s3 = self.stack.client("s3")
        found = read_or_none(partial(s3.get_bucket_tagging, Bucket=bucket), "NoSuchTagSet")
        # A clone's bucket is tagged before anything is put into it. A bucket without the tag was
        # made by someone else, or is empty; S3 refuses to delete one that is not empty.
        if found and {"Key": TAG, "Value": self.name} in found["TagSet"]:
            teardown.empty(self.stack, bucket)
        return s3.delete_bucket(Bucket=bucket)


def leftovers(stack: Stack, function: str) -> list[str]:
    """Return the names of a function's clones that have a bucket: left, or being measured now."""
    buckets = (item["Name"] for item in stack.client("s3").list_buckets()["Buckets"])
    pattern = re.compile(rf"({re.escape(_base(function))}-bench-[0-9a-f]{{6}})-(?:in|out)")
    return sorted({found[1] for bucket in buckets if (found := pattern.fullmatch(bucket))})


def _base(function: str) -> str:
    """Return the start of a clone's name, in the characters that a bucket's name may have."""
    return re.sub(r"[^a-z0-9-]", "-", function.lower())[:_LONGEST]
