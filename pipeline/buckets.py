"""A private, encrypted bucket; its policy is added by the component that decides who may use it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import pulumi
from pulumi_aws import s3

from pipeline import lifecycle
from pipeline.component import Component, Options, policy_of
from pipeline.naming import bucket_url, tags
from pipeline.permissions.documents import Document


class Bucket(Protocol):
    """A bucket that the pipeline uses: its own, or one that the account already had."""

    @property
    def name(self) -> pulumi.Output[str]:
        """Its name."""
        ...

    @property
    def arn(self) -> pulumi.Output[str]:
        """Its ARN."""
        ...

    @property
    def domain(self) -> pulumi.Output[str]:
        """Its own host name at Amazon's S3, in its region."""
        ...

    def url(self, s3_endpoint: str) -> pulumi.Output[str]:
        """Return the bucket's URL; ``s3_endpoint`` is empty for Amazon's S3."""
        ...

    def set_policy(
        self,
        owner: Component,
        make: Callable[..., Document],
        *values: pulumi.Input[str],
        write: Callable[[Document], str] = json.dumps,
        after: Sequence[pulumi.Resource] = (),
    ) -> object:
        """Set the policy that ``make`` returns, if the bucket is the pipeline's own."""
        ...


@dataclass(frozen=True, kw_only=True)
class SecureBucketArgs:
    """Settings of one bucket.

    Attributes:
        public_policy: whether its bucket policy will allow anonymous requests.
        old_days: days that overwritten and deleted objects are kept; None for no versions.
        methods: HTTP methods that web pages may use (CORS); none for no pages at all.
        allowed_origins: web origins that may use them.
        kms_key_arn: key that encrypts by default; empty for S3-managed keys.
        expire_days: days after which objects are deleted; None to keep them.
        rules: further lifecycle rules.
        protect: whether Pulumi refuses to delete it.
        force_destroy: whether Pulumi deletes it with all that is in it.
    """

    public_policy: bool = False
    old_days: int | None = None
    methods: Sequence[str] = ()
    allowed_origins: Sequence[str] = ()
    kms_key_arn: pulumi.Input[str] = ""
    expire_days: int | None = None
    rules: Sequence[lifecycle.Rule] = ()
    protect: bool = False
    force_destroy: bool = False


class SecureBucket(Component):
    """A bucket of this name with all its settings, except its policy and notifications."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    domain: pulumi.Output[str]
    public_access_block: s3.BucketPublicAccessBlock

    def __init__(self, name: str, args: SecureBucketArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:buckets:SecureBucket", name, opts)
        self._label = name
        kept = pulumi.ResourceOptions(parent=self, protect=args.protect or None)
        bucket = s3.Bucket(
            self._label, force_destroy=args.force_destroy or None, tags=tags(), opts=kept
        )
        self.name, self.arn = bucket.bucket, bucket.arn
        self.domain = bucket.bucket_regional_domain_name
        s3.BucketOwnershipControls(
            self._label,
            bucket=self.name,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=self.child,
        )
        # ACLs are never public; a policy is only if ``public_policy`` asks for one.
        self.public_access_block = s3.BucketPublicAccessBlock(
            self._label,
            bucket=self.name,
            block_public_acls=True,
            ignore_public_acls=True,
            block_public_policy=not args.public_policy,
            restrict_public_buckets=not args.public_policy,
            opts=self.child,
        )
        self._encrypt(args)
        self._expire(args)
        if args.methods:
            self._allow_browsers(args)
        self.register_outputs({"name": self.name, "arn": self.arn})

    def url(self, s3_endpoint: str) -> pulumi.Output[str]:
        """Return the bucket's URL; ``s3_endpoint`` is empty for Amazon's S3."""
        return pulumi.Output.all(self.name, self.domain).apply(
            lambda parts: bucket_url(*parts, s3_endpoint=s3_endpoint)
        )

    def set_policy(
        self,
        owner: Component,
        make: Callable[..., Document],
        *values: pulumi.Input[str],
        write: Callable[[Document], str] = json.dumps,
        after: Sequence[pulumi.Resource] = (),
    ) -> s3.BucketPolicy:
        """Set the policy that ``make`` returns, given the bucket's ARN and ``values``.

        The policy is a child of ``owner``. It is set after Block Public Access, which refuses a
        public policy until it allows one, and after the resources in ``after``.
        """
        policy = policy_of(make, self.arn, *values, write=write)
        opts = owner.after(self.public_access_block, *after)
        return s3.BucketPolicy(self._label, bucket=self.name, policy=policy, opts=opts)

    def _encrypt(self, args: SecureBucketArgs) -> None:
        has_key = args.kms_key_arn != ""
        s3.BucketServerSideEncryptionConfiguration(
            self._label,
            bucket=self.name,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms" if has_key else "AES256",
                        "kms_master_key_id": args.kms_key_arn if has_key else None,
                    },
                    "bucket_key_enabled": has_key,
                    # New buckets block it by themselves; older ones may not (S3 user guide,
                    # "Default SSE-C setting for new buckets FAQ").
                    "blocked_encryption_types": ["SSE-C"],
                }
            ],
            opts=self.child,
        )

    def _expire(self, args: SecureBucketArgs) -> None:
        rules, earlier = [lifecycle.abort_multiparts()], list[pulumi.Resource]()
        if args.old_days is not None:
            versioning = s3.BucketVersioning(
                self._label,
                bucket=self.name,
                versioning_configuration={"status": "Enabled"},
                opts=self.child,
            )
            earlier.append(versioning)
            rules.append(lifecycle.expire_old_versions(args.old_days))
        if args.expire_days is not None:
            rules.append(lifecycle.expire(args.expire_days))
        rules.extend(args.rules)
        s3.BucketLifecycleConfiguration(
            self._label, bucket=self.name, rules=rules, opts=self.after(*earlier)
        )

    def _allow_browsers(self, args: SecureBucketArgs) -> None:
        s3.BucketCorsConfiguration(
            self._label,
            bucket=self.name,
            cors_rules=[
                {
                    "allowed_methods": list(args.methods),
                    "allowed_origins": list(args.allowed_origins),
                    "allowed_headers": ["*"],
                    "expose_headers": ["ETag", "x-amz-version-id", "x-amz-request-id"],
                    "max_age_seconds": 3600,
                }
            ],
            opts=self.child,
        )
