"""A mock kit for Pulumi programs: evaluates one and remembers all that the engine would see.

Pulumi's own mocks hand a test each resource's type, name and inputs. This kit adds the rest of what
a program asks of the engine, each with an assertion that says what it found instead:

    program = run("dev", memory=2048)            # this repository's program, with stated settings
    program = run_committed("dev")               # with those of Pulumi.dev.yaml, whatever they are
    program = record(lambda: Queue("q", …))      # or any program

    queue = program.one("Queue", "-uploads")     # by type and end of name; exactly one
    program.assert_after(notification, policy)   # dependsOn and inputs, also by way of others
    program.assert_within(queue, component)      # parents, also by way of others
    program.assert_protected(bucket)             # `protect`, its own or its parent's
    program.assert_tagged(queue, Stack="dev")    # tags, among others

``transforms`` in resource options, which Pulumi's mock monitor hands over without running them, run
here as the engine runs them: a resource's own first, then its parents', each seeing what the one
before made of the inputs. ``preview=True`` evaluates as `pulumi preview` does, with every output
that only AWS can tell unknown.
"""

import asyncio
import functools
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pulumi
from google.protobuf import json_format
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks, set_mocks

from local.program import evaluate, is_encrypted, read_config
from pipeline.configuration import load
from pipeline.settings import KEYS, Settings
from policy.guardrails import Resource
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


class Provider(Mocks):
    """Gives every resource the outputs that AWS would, made from its name.

    Args:
        transform: returns a resource's inputs as its transforms make them.
        preview: give no outputs, as before the resource exists.
    """

    def __init__(
        self, transform: Callable[[MockResourceArgs], dict[str, Any]], *, preview: bool = False
    ) -> None:
        self._transform, self._preview = transform, preview

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        inputs = self._transform(args)
        if self._preview:
            return None, inputs
        name = inputs.get("name") or f"{args.name}-1234567"
        service = args.typ.split(":")[1].split("/")[0]
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
        return name, outputs | inputs

    def call(self, args: MockCallArgs) -> dict[str, Any]:
        answers = {
            "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
            "aws:index/getRegion:getRegion": {"region": REGION},
            "aws:index/getPartition:getPartition": {"partition": PARTITION},
        }
        return answers[args.token]


@dataclass(frozen=True, kw_only=True)
class Registered(Resource):
    """One resource as the engine sees it registered; URNs tell parents and dependencies.

    ``outputs`` is the state that the engine keeps of it: what the provider made of the inputs.
    """

    parent: str
    dependencies: frozenset[str]
    protect: bool
    aliases: tuple[str, ...]
    ignore_changes: tuple[str, ...]
    retain_on_delete: bool
    outputs: dict[str, Any]

    def policy(self, key: str = "policy") -> dict[str, Any]:
        return json.loads(self.inputs[key])

    def statements(self) -> dict[str, dict[str, Any]]:
        return {statement["Sid"]: statement for statement in self.policy()["Statement"]}


class Engine(MockMonitor):
    """Remembers what ``MockResourceArgs`` leaves out, and runs transforms."""

    def __init__(self, *, preview: bool = False) -> None:
        super().__init__(Provider(self.transform, preview=preview))
        self.registered: list[Registered] = []
        self._transforms: dict[str, list[Callable[..., Any]]] = {}
        self._now = threading.local()  # the registration that a thread is at

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 (the engine's own name)
        self._now.request = request
        answer = super().RegisterResource(request)
        depends = {
            key: frozenset(found.urns) for key, found in request.propertyDependencies.items()
        }
        self.registered.append(
            Registered(
                urn=answer.urn,
                type=request.type,
                name=request.name,
                inputs=present(json_format.MessageToDict(request.object)),
                depends=depends,
                parent=request.parent,
                dependencies=frozenset(request.dependencies).union(*depends.values()),
                protect=request.protect,
                aliases=tuple(alias.urn or alias.spec.name for alias in request.aliases),
                ignore_changes=tuple(request.ignoreChanges),
                retain_on_delete=request.retainOnDelete,
                outputs=present(json_format.MessageToDict(answer.object)),
            )
        )
        return answer

    def transform(self, args: MockResourceArgs) -> dict[str, Any]:
        """Replace a registration's inputs and protection by what its transforms make of them."""
        request, inputs = self._now.request, args.inputs
        urn = self.make_urn(request.parent, request.type, request.name)
        self._transforms[urn] = [*args.transforms, *self._transforms.get(request.parent, [])]
        for transform in [*self._transforms[urn], *self.get_registered_transforms()]:
            made = transform(
                pulumi.ResourceTransformArgs(
                    custom=request.custom,
                    type_=request.type,
                    name=request.name,
                    props=inputs,
                    opts=pulumi.ResourceOptions(protect=request.protect),
                )
            )
            if made is not None:
                request.object.CopyFrom(serialized(made.props))
                request.protect = bool(made.opts.protect)
                inputs = rpc.deserialize_properties(request.object)
        return inputs


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program, evaluated."""

    resources: list[Registered]
    outputs: dict[str, Any] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)

    @property
    def by_urn(self) -> dict[str, Registered]:
        return {resource.urn: resource for resource in self.resources}

    def all(self, type_: str) -> list[Registered]:
        return [r for r in self.resources if r.type.endswith(f":{type_}")]

    def one(self, type_: str, part: str = "") -> Registered:
        found = [r for r in self.all(type_) if r.name.endswith(part)]
        assert len(found) == 1, f"{len(found)} {type_} {part}: {[r.name for r in found]}"
        return found[0]

    def assert_after(self, later: Registered, earlier: Registered) -> None:
        """The engine makes ``later`` after ``earlier``, and deletes it before."""
        seen = {r.urn for r in self._all_dependencies(later)}
        assert earlier.urn in seen, f"{later.name} does not wait for {earlier.name}: {seen}"

    def assert_within(self, child: Registered, ancestor: Registered) -> None:
        """``child`` is shown, deleted and configured as part of ``ancestor``."""
        above = [r.name for r in self.ancestors(child)]
        assert ancestor in self.ancestors(child), f"{child.name} is within {above}"

    def assert_protected(self, resource: Registered) -> None:
        """`pulumi destroy` refuses to delete it."""
        assert resource.protect, f"{resource.urn} is not protected"

    def assert_tagged(self, resource: Registered, **tags: str) -> None:
        """It carries these tags, whatever others there are."""
        found = resource.inputs.get("tags") or {}
        assert found | tags == found, f"{resource.urn} has the tags {found}"

    def ancestors(self, resource: Registered) -> Iterator[Registered]:
        """Yield a resource's parent, that one's parent, and so on."""
        while parent := self.by_urn.get(resource.parent):
            yield parent
            resource = parent

    def _all_dependencies(self, resource: Registered) -> Iterator[Registered]:
        left, seen = [resource], {resource.urn}
        while left:
            for urn in left.pop().dependencies - seen:
                seen.add(urn)
                left.append(self.by_urn[urn])
                yield self.by_urn[urn]


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
    return dict.fromkeys(KEYS.values()) | STATED[stack] | settings


def run_committed(stack: str) -> Program:
    """Evaluate the program for a stack with the settings of its file.

    A secret, which only the Pulumi engine can decrypt, is left at its default.
    """
    secrets = {key: None for key, value in read_config(stack).items() if is_encrypted(value)}
    return _run(stack, secrets, preview=False)


def _run(stack: str, overrides: dict[str, Any], *, preview: bool) -> Program:
    engine = Engine(preview=preview)
    outputs = evaluate(stack, engine.mocks, overrides, engine, preview=preview)
    return Program(resources=engine.registered, outputs=outputs, settings=load())


def record(program: Callable[[], Any]) -> Program:
    """Evaluate any program, given as a function that makes resources."""
    engine = Engine()
    pulumi.runtime.settings.ROOT.set(None)
    set_mocks(engine.mocks, "kit", "test", preview=False, monitor=engine)

    def once() -> pulumi.Output[None]:
        program()
        return pulumi.Output.from_input(None)

    pulumi.runtime.test(once)()
    return Program(resources=engine.registered)


def present(value: Any) -> Any:
    """Leave out what is null, which the provider takes for absent."""
    if isinstance(value, dict):
        return {key: present(item) for key, item in value.items() if item is not None}
    return [present(item) for item in value] if isinstance(value, list) else value


def serialized(properties: Any) -> Any:
    """Return properties as the engine is sent them."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(rpc.serialize_properties(properties, {}))
    finally:
        loop.close()


def takes_tags(type_: str) -> bool:
    """Whether a resource type can be tagged, as the provider's own classes know."""
    return hasattr(inputs_class(type_), "tags")
