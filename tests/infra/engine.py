"""A mock kit: evaluates the whole program and remembers all that the engine would see."""

import json
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks

from local.program import evaluate

ACCOUNT = "123456789012"
REGION = "eu-central-1"


class Provider(Mocks):
    """Gives every resource the outputs that AWS would, made from its name."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        name = args.inputs.get("name") or f"{args.name}-1234567"
        service = args.typ.split(":")[1].split("/")[0]
        outputs = {
            "arn": f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}",
            "name": name,
            "bucket": name,
            "bucketRegionalDomainName": f"{name}.s3.{REGION}.amazonaws.com",
            "url": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}",
            "keyId": name,
            "functionUrl": f"https://{name}.lambda-url.{REGION}.on.aws/",
            "hostedZoneId": "Z2FDTNDATAQYW2",
            "domainName": "d111111abcdef8.cloudfront.net",
        }
        return name, outputs | args.inputs

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        answers = {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
            "aws:index/getRegion:getRegion": {"region": REGION},
            "aws:index/getPartition:getPartition": {"partition": "aws"},
        }
        return answers[args.token]


@dataclass(frozen=True, kw_only=True)
class Registered:
    """One resource as the engine sees it registered; URNs tell parents and dependencies."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    dependencies: frozenset[str]

    def policy(self, key: str = "policy") -> dict[str, Any]:
        return json.loads(self.inputs[key])

    def statements(self) -> dict[str, dict[str, Any]]:
        return {statement["Sid"]: statement for statement in self.policy()["Statement"]}


class Engine(MockMonitor):
    """Remembers what ``MockResourceArgs`` leaves out: parents and dependencies."""

    def __init__(self) -> None:
        super().__init__(Provider())
        self.registered: list[Registered] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the engine's own name)
        answer = super().RegisterResource(request)
        inputs = pulumi.runtime.rpc.deserialize_properties(request.object)
        self.registered.append(
            Registered(
                urn=answer.urn,
                type=request.type,
                name=request.name,
                inputs=inputs,
                parent=request.parent,
                dependencies=frozenset(request.dependencies)
                | {urn for p in request.propertyDependencies.values() for urn in p.urns},
            )
        )
        return answer


@dataclass(frozen=True, kw_only=True)
class Program:
    """The program, evaluated for one stack."""

    resources: list[Registered]
    outputs: dict[str, Any]
    by_urn: dict[str, Registered] = field(default_factory=dict)

    def all(self, type_: str) -> list[Registered]:
        return [r for r in self.resources if r.type.endswith(f":{type_}")]

    def one(self, type_: str, part: str = "") -> Registered:
        found = [r for r in self.all(type_) if r.name.endswith(part)]
        assert len(found) == 1, f"{len(found)} {type_} {part}"
        return found[0]


def run(stack: str, **settings: Any) -> Program:
    """Evaluate the program for a stack, with settings of ours over the stack's own."""
    engine = Engine()
    overrides = {f"image-pipeline:{key}": value for key, value in settings.items()}
    outputs = evaluate(stack, engine.mocks, overrides, engine)
    by_urn = {resource.urn: resource for resource in engine.registered}
    return Program(resources=engine.registered, outputs=outputs, by_urn=by_urn)


def takes_tags(type_: str) -> bool:
    """Whether a resource type can be tagged, as the provider's own classes know."""
    module, name = type_.split(":")[1].split("/", maxsplit=1)[0], type_.split(":")[2]
    module = "lambda_" if module == "lambda" else module
    resource = getattr(getattr(aws, module), name)
    return "tags" in resource._internal_init.__annotations__
