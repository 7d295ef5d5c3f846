"""This program evaluated by pytest-pulumi, with stated settings and the answers of AWS.

    program = run("dev", memory=2048)            # with stated settings
    program = run_committed("dev")               # with those of Pulumi.dev.yaml, whatever they are

    queue = program.one("Queue", "-uploads")     # by type and end of name; exactly one
    program.assert_after(notification, policy)   # dependsOn and inputs, also by way of others
    program.assert_within(queue, component)      # parents, also by way of others
    program.assert_protected(bucket)             # `protect`, its own or its parent's
    program.assert_tagged(queue, Stack="dev")    # tags, among others

packages/pytest-pulumi/README.md tells what else a program and its resources know.
"""

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import pytest_pulumi
from local.program import ROOT, full_key, is_encrypted, project_name, read_config
from pipeline.configuration import KNOWN, load
from pipeline.settings import Settings
from policy import guardrails
from pytest_pulumi.values import encode
from tests.support.provider import inputs_class

ACCOUNT = "123456789012"
PARTITION, REGION = "aws", "eu-central-1"
DOMAINS = {"aws-cn": "amazonaws.com.cn"}

STATED: dict[str, dict[str, Any]] = {
    "dev": {"logRetentionDays": 7, "maxConcurrency": 0, "monitoring": "lean", "tracing": False},
    "local": {
        "logRetentionDays": 1,
        "aws:endpoints": [{"s3": "http://127.0.0.1:4566"}],
    },
    "prod": {
        "uploads": "presigned",
        "delivery": "cdn",
        "maxConcurrency": 100,
        "logRetentionDays": 90,
        "protect": True,
    },
}
"""Each stack as this repository ships it; all other settings are at their defaults.

Tests of what a setting does start from these, and not from the stacks' files, which are their
users' to edit."""

EVERYTHING: dict[str, Any] = {
    "encryption": "kms",
    "site": True,
    "domain": "photos.example.com",
    "certificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/1",
    "hostedZoneId": "Z123",
    "duplicates": "near",
    "alarmEmail": "a@example.com",
    "monthlyBudgetUsd": 10,
    "eventbridge": True,
    "batchOperationsConcurrency": 5,
    "oldVersionDays": 90,
    "rejectedUploadDays": 7,
    "storageClasses": {"STANDARD_IA": 30, "GLACIER_IR": 90},
    "accessLog": True,
    "wafRequestsPerMinute": 1000,
}
"""Settings over those of prod, with which the program makes every type of resource."""


def outputs_of(resource: pytest_pulumi.Resource) -> dict[str, Any]:
    """Return the outputs that AWS would give a resource, made from its name."""
    name = resource.inputs.get("name") or f"{resource.name}-1234567"
    service = resource.type.split(":")[1].split("/")[0]
    place = "::" if service == "s3" else f"{REGION}:{ACCOUNT}:"
    domain = DOMAINS.get(PARTITION, "amazonaws.com")
    outputs = {
        "arn": f"arn:{PARTITION}:{service}:{place}{name}",
        "name": name,
        "bucket": name,
        "bucketRegionalDomainName": f"{name}.s3.{REGION}.{domain}",
        "url": f"https://sqs.{REGION}.{domain}/{ACCOUNT}/{name}",
        "keyId": name,
        "functionUrl": f"https://{name}.lambda-url.{REGION}.on.aws/",
        "hostedZoneId": "Z2FDTNDATAQYW2",
        "domainName": "d111111abcdef8.cloudfront.net",
    }
    computed = {key: value for key, value in outputs.items() if key not in resource.inputs}
    return {"id": name, **computed}


SILENT = "silent-photos"
"""A bucket of the account that does not send its events to EventBridge."""

ELSEWHERE = "photos-of-another-region"


def bucket_of(given: dict[str, Any]) -> dict[str, Any]:
    """Return what AWS tells of a bucket that the account has."""
    name, region = given["bucket"], "us-west-2" if given["bucket"] == ELSEWHERE else REGION
    return {
        "bucket": name,
        "arn": f"arn:{PARTITION}:s3:::{name}",
        "bucketRegion": region,
        "bucketRegionalDomainName": f"{name}.s3.{region}.{DOMAINS.get(PARTITION, 'amazonaws.com')}",
    }


AWS = pytest_pulumi.Cloud(
    outputs=outputs_of,
    invokes={
        "getCallerIdentity": lambda _given: {"accountId": ACCOUNT},
        "getRegion": lambda _given: {"region": REGION},
        "getPartition": lambda _given: {"partition": PARTITION},
        "getBucket": bucket_of,
        "getBucketNotification": lambda given: {"eventbridge": given["bucket"] != SILENT},
    },
)


@dataclass(frozen=True, kw_only=True)
class Registered(guardrails.Resource, pytest_pulumi.Resource):
    """A resource that the guardrails can judge too; unknown inputs are the engine's mark."""

    def policy(self, key: str = "policy") -> dict[str, Any]:
        return json.loads(self.inputs[key])

    def statements(self) -> dict[str, dict[str, Any]]:
        return {statement["Sid"]: statement for statement in self.policy()["Statement"]}


def registered(resource: pytest_pulumi.Resource) -> Registered:
    known = {field.name: getattr(resource, field.name) for field in fields(resource)}
    known |= {"inputs": encode(resource.inputs), "outputs": encode(resource.outputs)}
    return Registered(**known, depends=resource.property_dependencies)


@dataclass(frozen=True, kw_only=True)
class Program(pytest_pulumi.Program[Any]):
    """A program, evaluated."""

    resources: tuple[Registered, ...]
    settings: Settings

    def all(self, type_: str) -> list[Registered]:
        return [r for r in self.resources if r.is_a(type_)]

    def one(self, type_: str, part: str = "") -> Registered:
        return super().one(type_, f"*{part}")

    def assert_protected(self, resource: Registered) -> None:
        """`pulumi destroy` refuses to delete it."""
        assert resource.protect, f"{resource.urn} is not protected"

    def assert_tagged(self, resource: Registered, **tags: str) -> None:
        """It carries these tags, whatever others there are."""
        found = resource.inputs.get("tags") or {}
        assert found | tags == found, f"{resource.urn} has the tags {found}"


def run(stack: str, *, preview: bool = False, **settings: Any) -> Program:
    """Evaluate the program for a stack as it ships, with settings of ours over its own."""
    return _run(stack, stated(stack, **settings), preview=preview)


def evaluated(stack: str, **settings: Any) -> Program:
    """Return what ``run`` does, evaluated once for all tests that only look at it."""
    return _evaluated(stack, json.dumps(settings, sort_keys=True))


@functools.cache
def _evaluated(stack: str, settings: str) -> Program:
    return run(stack, **json.loads(settings))


def stated(stack: str, **settings: Any) -> dict[str, Any]:
    """Return overrides that leave nothing to the stack's file: ours over those of ``STATED``."""
    return dict.fromkeys(KNOWN) | STATED[stack] | settings


def run_committed(stack: str) -> Program:
    """Evaluate the program for a stack with the settings of its file.

    A secret, which only the Pulumi engine can decrypt, is left at its default.
    """
    secrets = {key: None for key, value in read_config(stack).items() if is_encrypted(value)}
    return _run(stack, secrets, preview=False)


def _run(stack: str, overrides: dict[str, Any], *, preview: bool) -> Program:
    made = pytest_pulumi.evaluate_folder(
        ROOT, stack=stack, config=overrides, cloud=AWS, preview=preview
    )
    given = {full_key(key): value for key, value in overrides.items()}
    config = read_config(stack) | given
    settings = pytest_pulumi.evaluate(load, project=project_name(), stack=stack, config=config)
    return _program(made, settings.returned)


def record(program: Callable[[], Any]) -> Program:
    """Evaluate any program, given as a function that makes resources."""
    return _program(pytest_pulumi.evaluate(program, cloud=AWS), Settings())


def _program(made: pytest_pulumi.Program[Any], settings: Settings) -> Program:
    known = {field.name: getattr(made, field.name) for field in fields(made)}
    resources = tuple(map(registered, made.resources))
    return Program(**known | {"resources": resources}, settings=settings)


def assert_nothing_was_registered(error: BaseException) -> None:
    """A program that ended with an error had made no resource, beside the stack's own."""
    assert [r.type for r in error.pulumi_program.resources] == ["pulumi:pulumi:Stack"]


def takes_tags(type_: str) -> bool:
    """Return True if a resource type can be tagged, by the provider's own classes."""
    return hasattr(inputs_class(type_), "tags")
