"""Holds a component to the guardrails while it is built, whichever engine runs the program."""

import sys
from typing import Any

import pulumi
from google.protobuf import json_format
from pulumi.runtime import rpc

from policy.guardrails import RULES, Resource, violations


class GuardrailError(pulumi.RunError):
    """A resource that breaks a guardrail; the message names both, and what to do."""


class Guard:
    """Sees every AWS resource of a component before it is registered.

    A resource that breaks a rule by itself is refused; what resources are to one another, and what
    is missing, is judged by ``finish``. Values that a preview cannot know are judged by the update.
    Changes that the caller's own transforms make are not seen here: the policy pack sees them.
    """

    def __init__(self) -> None:
        self._seen: list[pulumi.Output[Resource]] = []

    def options(self) -> pulumi.ResourceOptions:
        """Options that put a component and all its children under this guard."""
        return pulumi.ResourceOptions(transformations=[self._watch])

    def finish(self) -> pulumi.Output[None]:
        """Judge all that was built; fails if a guardrail is broken.

        Raises:
            GuardrailError: when awaited.
        """
        return pulumi.Output.all(*self._seen).apply(_refuse_all, run_with_unknowns=True)

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
    """Wait for a resource's inputs and hold it against each rule by itself."""
    depends: dict[str, list[pulumi.Resource]] = {}
    struct = await rpc.serialize_properties(
        args.props, depends, args.resource, typ=_input_type(args.resource)
    )
    resource = Resource(
        urn=_label(args.type_, args.name),
        type=args.type_,
        name=args.name,
        inputs=json_format.MessageToDict(struct),
        depends={
            key: frozenset(_label(r.pulumi_resource_type, r.pulumi_resource_name) for r in found)
            for key, found in depends.items()
        },
    )
    broken = [f"{rule.name}: {text}" for rule in RULES for text in rule.check(resource)]
    _refuse(broken)
    return resource


def _input_type(resource: pulumi.Resource) -> Any:
    """The class beside a resource's own that knows how the provider spells its inputs."""
    own = type(resource)
    beside = vars(sys.modules[own.__module__])
    # pulumi-aws says InitArgs where another class has the shorter name.
    return beside.get(f"{own.__name__}InitArgs") or beside[f"{own.__name__}Args"]


def _label(type_: str, name: str) -> str:
    """What tells resources apart before the engine has given them URNs."""
    return f"{type_}::{name}"


def _refuse_all(resources: list[Resource]) -> None:
    _refuse(violations(RULES, resources))


def _refuse(broken: list[str]) -> None:
    if broken:
        raise GuardrailError("\n".join(broken))
