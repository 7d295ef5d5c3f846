"""The Lambda function that hands out presigned POSTs, and its URL."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulumi
from pulumi_aws import cloudwatch, iam, lambda_

from pipeline.buckets import SecureBucket
from pipeline.environment import signer_variables
from pipeline.naming import resource_name, tags
from pipeline.permissions import roles
from pipeline.settings import Settings

HANDLER: Final = "signer.handler.handle"

MEMORY: Final = 512
"""MB. It computes next to nothing; memory buys the CPU that loads boto3 in a cold start."""

TIMEOUT: Final = 10
"""Seconds; a warm answer takes milliseconds, a cold start one or two."""

CONCURRENCY: Final = 10
"""Ceiling on what strangers can make it cost; above it they get status 429."""

_ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class SignerArgs:
    """What is signed: uploads to ``source``, which ``upload_url`` leads to.

    ``kms_key_arn`` is empty for S3-managed keys.
    """

    settings: Settings
    source: SecureBucket
    upload_url: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]


class Signer(pulumi.ComponentResource):
    """A function that anyone may call, by its URL alone, and that may do nothing but upload."""

    url: pulumi.Output[str]
    function_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: SignerArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("image-pipeline:signer:Signer", name, None, opts)
        self._child_opts = pulumi.ResourceOptions(parent=self)
        self._label = resource_name(name, "signer")
        log_group = cloudwatch.LogGroup(
            self._label,
            name=f"/{name}/signer",
            retention_in_days=args.settings.log_retention_days,
            tags=tags(),
            opts=self._child_opts,
        )
        role, policy = self._role(args, log_group.arn)
        function = self._function(args, log_group, role, policy)
        url = lambda_.FunctionUrl(
            self._label,
            function_name=function.name,
            authorization_type="NONE",
            cors={
                "allow_origins": list(args.settings.allowed_origins),
                "allow_methods": ["POST"],
                "allow_headers": ["content-type"],
                "max_age": 3600,
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._open_to_anyone(function)),
        )
        self.url, self.function_name = url.function_url, function.name
        self.register_outputs({"url": self.url})

    def _role(
        self, args: SignerArgs, log_group_arn: pulumi.Output[str]
    ) -> tuple[iam.Role, iam.RolePolicy]:
        role = iam.Role(
            self._label,
            assume_role_policy=json.dumps(roles.assumed_by_lambda()),
            tags=tags(),
            opts=self._child_opts,
        )
        policy = iam.RolePolicy(
            self._label,
            role=role.name,
            policy=pulumi.Output.all(
                source_arn=args.source.arn, log_group_arn=log_group_arn, key_arn=args.kms_key_arn
            ).apply(lambda arns: json.dumps(roles.signer_role(**arns))),
            opts=self._child_opts,
        )
        return role, policy

    def _function(
        self,
        args: SignerArgs,
        log_group: cloudwatch.LogGroup,
        role: iam.Role,
        policy: iam.RolePolicy,
    ) -> lambda_.Function:
        variables = pulumi.Output.all(bucket=args.source.name, url=args.upload_url).apply(
            lambda v: signer_variables(args.settings.max_upload_bytes, v["bucket"], v["url"])
        )
        return lambda_.Function(
            self._label,
            description="Hands out presigned POSTs to the source bucket",
            code=_code(),
            handler=HANDLER,
            runtime=args.settings.runtime,
            architectures=[args.settings.architecture],
            memory_size=MEMORY,
            timeout=TIMEOUT,
            reserved_concurrent_executions=CONCURRENCY,
            role=role.arn,
            environment={"variables": variables},
            logging_config={"log_format": "JSON", "log_group": log_group.name},
            tags=tags(),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    def _open_to_anyone(self, function: lambda_.Function) -> list[lambda_.Permission]:
        """Grant the two permissions that function URLs made since October 2025 need.

        The second holds for calls through the URL alone. Each changes the function's one policy,
        and so does making the URL: Lambda answers 409 (ResourceConflictException) to changes that
        overlap, so each of the three waits for the one before.
        """
        url = lambda_.Permission(
            f"{self._label}-url",
            function=function.name,
            action="lambda:InvokeFunctionUrl",
            principal="*",
            function_url_auth_type="NONE",
            opts=self._child_opts,
        )
        invoke = lambda_.Permission(
            f"{self._label}-invoke",
            function=function.name,
            action="lambda:InvokeFunction",
            principal="*",
            invoked_via_function_url=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[url]),
        )
        return [url, invoke]


def _code() -> pulumi.AssetArchive:
    """The package as it is: it needs nothing that the Lambda runtime does not have."""
    files = sorted((_ROOT / "signer").glob("*.py"))
    return pulumi.AssetArchive(
        {f"signer/{file.name}": pulumi.FileAsset(str(file)) for file in files}
    )
