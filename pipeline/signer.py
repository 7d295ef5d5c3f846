"""The Lambda function that signs upload forms (presigned POSTs), and its URL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import pulumi
from pulumi_aws import lambda_

from pipeline import function_urls
from pipeline.auth import Auth
from pipeline.buckets import Bucket
from pipeline.bundle import Bundle
from pipeline.component import Component, Options
from pipeline.execution import Execution, vpc_config
from pipeline.naming import resource_name, tags
from pipeline.permissions import roles
from pipeline.quotas import UserQuotas
from pipeline.vpc import Vpc

HANDLER: Final = "signer.handler.handle"
"""Gives anyone a form."""

AUTHORIZED: Final = "signer.authorized.handle"
"""Gives a signed-in user a form."""

MEMORY: Final = 512
"""MB. It computes almost nothing; memory buys the CPU that loads boto3 in a cold start."""

TIMEOUT: Final = 10
"""Seconds; a warm answer takes milliseconds, a cold start one or two."""

CONCURRENCY: Final = 10
"""Invocations at a time, to limit the cost that strangers can cause; others get status 429."""

BODY_HASH: Final = "x-amz-content-sha256"
"""Header with the SHA-256 of a POST's body. CloudFront signs requests to the function by it
(CloudFront developer guide, "Restrict access to an AWS Lambda function URL origin")."""

AUTHORIZATION: Final = "authorization"
"""Header with a user's token, for which CORS has no wildcard (Fetch Standard, "CORS-preflight
fetch")."""

AUTHORIZATION_BEHIND_CDN: Final = "x-authorization"
"""Where CloudFront signs the request, its own signature takes the place of ``Authorization``
(API reference, OriginAccessControlConfig, SigningBehavior, read 2026-11-27)."""

RETRY_AFTER: Final = "retry-after"
"""Header of a response when a quota is used up; CORS must let other origins' pages read it."""

FOLDER: Final = Path(__file__).resolve().parent.parent / "signer"
"""The function's sources."""


@dataclass(frozen=True, kw_only=True)
class SignerArgs:
    """The bucket that forms upload to, who may ask for them, and the Lambda runtime.

    Attributes:
        source: the bucket.
        announced: announces the keys that forms are for, and must exist before any form.
        kms_key_arn: the stack's key; empty for S3-managed keys.
        auth: issuer whose tokens let users ask; None lets anyone ask.
        bundle: the function with its libraries, which only ``auth`` needs.
        quotas: table that counts users' uploads; None without quotas.
        variables: the function's.
        allowed_origins: web origins whose pages may ask (CORS).
        runtime: of Lambda, with its ``architecture``.
        log_retention_days: how long its log is kept.
        permissions_boundary: ARN of a policy that limits its role; empty for none.
        vpc: where Lambda connects it; None for no VPC.
        prefix: of the keys that forms are for.
        signer_behind_cdn: nobody may call the function until ``allow`` names a distribution.
    """

    source: Bucket
    announced: pulumi.Resource
    kms_key_arn: pulumi.Input[str]
    auth: Auth | None
    bundle: Bundle | None
    quotas: UserQuotas | None
    variables: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    allowed_origins: Sequence[str]
    runtime: str
    architecture: str
    log_retention_days: int
    permissions_boundary: pulumi.Input[str]
    vpc: Vpc | None
    signer_behind_cdn: bool
    prefix: str


class Signer(Component):
    """A function that anyone may call by its URL or through the CDN; its role may only upload."""

    url: pulumi.Output[str]
    function_name: pulumi.Output[str]

    def __init__(self, name: str, args: SignerArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:signer:Signer", name, opts)
        self._label = resource_name(name, "signer")
        execution = Execution(
            self,
            name,
            "signer",
            partial(roles.signer_role, in_vpc=args.vpc is not None, prefix=args.prefix),
            args.log_retention_days,
            permissions_boundary=args.permissions_boundary,
            source_arn=args.source.arn,
            key_arn=args.kms_key_arn,
            quota_arn=args.quotas.arn if args.quotas else "",
        )
        self._signer = function = self._function(args, execution)
        tokens = [AUTHORIZATION, AUTHORIZATION_BEHIND_CDN] if args.auth else []
        headers = ["content-type", *tokens]
        if args.signer_behind_cdn:
            authorization, opts = "AWS_IAM", self.child
            headers.append(BODY_HASH)
        else:
            authorization = "NONE"
            anyone = function_urls.Caller(principal="*", auth_type=authorization)
            opts = self.after(*self._allow(anyone))
        url = lambda_.FunctionUrl(
            self._label,
            function_name=function.name,
            authorization_type=authorization,
            cors={
                "allow_origins": list(args.allowed_origins),
                "allow_methods": ["POST"],
                "allow_headers": headers,
                "expose_headers": [RETRY_AFTER] if args.auth else None,
                "max_age": 3600,
            },
            opts=opts,
        )
        self.url, self.function_name = url.function_url, function.name
        self.register_outputs({"url": self.url})

    def _function(self, args: SignerArgs, execution: Execution) -> lambda_.Function:
        return lambda_.Function(
            self._label,
            description="Hands out presigned POSTs to the source bucket",
            code=_code(args.bundle),
            handler=AUTHORIZED if args.auth else HANDLER,
            runtime=args.runtime,
            architectures=[args.architecture],
            memory_size=MEMORY,
            timeout=TIMEOUT,
            reserved_concurrent_executions=CONCURRENCY,
            role=execution.role.arn,
            environment={"variables": args.variables},
            vpc_config=vpc_config(args.vpc),
            logging_config={"log_format": "JSON", "log_group": execution.log_group.name},
            tags=tags(),
            opts=self.after(execution.policy, args.announced),
        )

    def allow(self, distribution_arn: pulumi.Input[str]) -> None:
        """Let one CloudFront distribution call the function by its URL, and nobody else."""
        self._allow(function_urls.distribution(distribution_arn))

    def _allow(self, caller: function_urls.Caller) -> list[lambda_.Permission]:
        return function_urls.allow(self, self._label, self._signer, caller)


def _code(bundle: Bundle | None) -> pulumi.Archive:
    """Return the bundle, or the package without libraries: Lambda's runtime has all it imports."""
    if bundle:
        return pulumi.FileArchive(str(bundle.path))
    files = (FOLDER / name for name in ("__init__.py", "handler.py"))
    return pulumi.AssetArchive({f"signer/{f.name}": pulumi.FileAsset(str(f)) for f in files})
