"""Checks a component against the guardrails while it is built, under any Pulumi engine."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import pulumi
from google.protobuf import json_format
from pulumi.resource import DependencyResource
from pulumi.runtime import rpc

from policy.guardrails import RULES, Resource, violations


class GuardrailError(pulumi.RunError):
    """A resource that breaks a guardrail; the message names both, and what to do."""


class Guard:
    """Checks every AWS resource of a component before it is registered.

    Rules about a single resource are checked then, rules about several resources or a missing one
    by ``finish``, and values that a preview cannot know by the update. Only the policy pack sees
    the changes that a caller's transforms make.
    """

    def __init__(self) -> None:
        self._seen: list[pulumi.Output[Resource]] = []

    def options(self) -> pulumi.ResourceOptions:
        """Return options that put a component and all its children under this guard."""
        return pulumi.ResourceOptions(transformations=[self._watch])

    def finish(self) -> pulumi.Output[None]:
        """Check all resources together; raises a ``GuardrailError`` when it is awaited."""
        return pulumi.Output.all(*self._seen).apply(
            lambda resources: _refuse(violations(RULES, resources)), run_with_unknowns=True
        )

    def _watch(
        self, args: pulumi.ResourceTransformationArgs
    ) -> pulumi.ResourceTransformationResult | None:
        if not isinstance(args.resource, pulumi.CustomResource):
            return None
        checked = pulumi.Output.from_input(_checked(args))
        self._seen.append(checked)
        # A registration waits for its dependencies, and fails with them.
        after = pulumi.ResourceOptions(depends_on=checked.apply(lambda _: list[pulumi.Resource]()))
        return pulumi.ResourceTransformationResult(
            args.props, pulumi.ResourceOptions.merge(args.opts, after)
        )


async def _checked(args: pulumi.ResourceTransformationArgs) -> Resource:
    """Wait for a resource's inputs and check the rules about a single resource."""
    depends: dict[str, list[pulumi.Resource]] = {}
    struct = await rpc.serialize_properties(
        args.props, depends, args.resource, typ=_input_type(args.resource)
    )
    resource = Resource(
        urn=_label(args.type_, args.name),
        type=args.type_,
        name=args.name,
        inputs=json_format.MessageToDict(struct),
        depends={key: frozenset(_labels(found)) for key, found in depends.items()},
    )
    broken = [f"{rule.name}: {text}" for rule in RULES for text in rule.check(resource)]
    _refuse(broken)
    return resource


def _input_type(resource: pulumi.Resource) -> Any:
    """Return the class of a resource's inputs, which knows how the provider spells them."""
    own = type(resource)
    beside = vars(sys.modules[own.__module__])
    # pulumi-aws says InitArgs where another class has the shorter name.
    return beside.get(f"{own.__name__}InitArgs") or beside[f"{own.__name__}Args"]


def _labels(resources: Iterable[pulumi.Resource]) -> Iterator[str]:
    """Yield the labels of a component's resources.

    A dependency can also be a resource of the calling program, passed in as an output. It has no
    name here, and no rule is about it.
    """
    for resource in resources:
        if not isinstance(resource, DependencyResource):
            yield _label(resource.pulumi_resource_type, resource.pulumi_resource_name)


def _label(type_: str, name: str) -> str:
    """Return what identifies a resource before the engine has given it a URN."""
    return f"{type_}::{name}"


def _refuse(broken: list[str]) -> None:
    if broken:
        raise GuardrailError("\n".join(broken))
