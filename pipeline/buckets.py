"""A private, encrypted, TLS-only bucket; what the public may do is added where it is decided."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from pipeline.naming import resource_name, tags

NONCURRENT_DAYS = 30
"""Days that an overwritten or deleted upload can still be brought back."""

ABORT_MULTIPART_DAYS = 1
"""Days after which the parts of an abandoned multipart upload stop costing storage."""


@dataclass(frozen=True, kw_only=True)
class SecureBucketArgs:
    """What one bucket is to be.

    Attributes:
        base: what the stack's resources are named after.
        part: what it is, for its name: ``source`` or ``destination``.
        public_policy: whether its bucket policy will allow anonymous requests.
        versioned: keep overwritten and deleted objects for ``NONCURRENT_DAYS``.
        methods: HTTP methods that web pages may use (CORS); none for no pages at all.
        allowed_origins: web origins that may use them.
        kms_key_arn: key that encrypts by default; None for S3-managed keys.
        protect: whether Pulumi refuses to delete it.
        force_destroy: whether Pulumi deletes it with all that is in it.
        expire_days: days after which objects are deleted; None to keep them.
    """

    base: str
    part: str
    public_policy: bool
    versioned: bool
    methods: Sequence[str] = ()
    allowed_origins: Sequence[str] = ()
    kms_key_arn: pulumi.Input[str] | None = None
    expire_days: int | None = None
    protect: bool = False
    force_destroy: bool = False


class SecureBucket(pulumi.ComponentResource):
    """A bucket with all that S3 configures beside it, except its policy and notifications."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    domain: pulumi.Output[str]
    public_access_block: s3.BucketPublicAccessBlock

    def __init__(
        self, name: str, args: SecureBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("image-pipeline:buckets:SecureBucket", name, None, opts)
        self._child_opts = pulumi.ResourceOptions(parent=self)
        self._label = resource_name(args.base, args.part)
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
            opts=self._child_opts,
        )
        self.public_access_block = self._block_public_access(args)
        self._encrypt(args)
        self._expire(args, self._keep_versions(args))
        if args.methods:
            self._allow_browsers(args)
        self.register_outputs({"name": self.name, "arn": self.arn})

    def _block_public_access(self, args: SecureBucketArgs) -> s3.BucketPublicAccessBlock:
        """ACLs are never public; a public policy only where the stack's settings ask for one."""
        return s3.BucketPublicAccessBlock(
            self._label,
            bucket=self.name,
            block_public_acls=True,
            ignore_public_acls=True,
            block_public_policy=not args.public_policy,
            restrict_public_buckets=not args.public_policy,
            opts=self._child_opts,
        )

    def _encrypt(self, args: SecureBucketArgs) -> None:
        algorithm = "AES256" if args.kms_key_arn is None else "aws:kms"
        s3.BucketServerSideEncryptionConfiguration(
            self._label,
            bucket=self.name,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": algorithm,
                        "kms_master_key_id": args.kms_key_arn,
                    },
                    "bucket_key_enabled": args.kms_key_arn is not None,
                    # New buckets block it by themselves; older ones may not (S3 user guide,
                    # "Default SSE-C setting for new buckets FAQ").
                    "blocked_encryption_types": ["SSE-C"],
                }
            ],
            opts=self._child_opts,
        )

    def _keep_versions(self, args: SecureBucketArgs) -> s3.BucketVersioning | None:
        if not args.versioned:
            return None
        return s3.BucketVersioning(
            self._label,
            bucket=self.name,
            versioning_configuration={"status": "Enabled"},
            opts=self._child_opts,
        )

    def _expire(self, args: SecureBucketArgs, versioning: s3.BucketVersioning | None) -> None:
        rules: list[s3.BucketLifecycleConfigurationRuleArgsDict] = [
            {
                "id": "abort-stale-multiparts",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "abort_incomplete_multipart_upload": {
                    "days_after_initiation": ABORT_MULTIPART_DAYS
                },
            }
        ]
        if args.versioned:
            rules.append(
                {
                    "id": "expire-noncurrent-versions",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "noncurrent_version_expiration": {"noncurrent_days": NONCURRENT_DAYS},
                    "expiration": {"expired_object_delete_marker": True},
                }
            )
        if args.expire_days is not None:
            rules.append(
                {
                    "id": "expire",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": args.expire_days},
                }
            )
        after = [versioning] if versioning else []
        s3.BucketLifecycleConfiguration(
            self._label,
            bucket=self.name,
            rules=rules,
            opts=pulumi.ResourceOptions(parent=self, depends_on=after),
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
            opts=self._child_opts,
        )
