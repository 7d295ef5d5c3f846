"""The policy pack: the guardrails as the Pulumi engine asks for them.

``pulumi up --policy-pack policy`` runs this file from this folder, in the environment that
``requirements.txt`` describes. Nothing here depends on the rest of the repository.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from guardrails import RULES, Resource, Rule
from guardrails.resource import UNKNOWN
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError


def policies(rule: Rule) -> list[Policy]:
    """A rule's checks: of each resource before it is made, and of the stack as a whole."""

    def each(args: ResourceValidationArgs, report: ReportViolation) -> None:
        inputs = plain(args.props)
        resource = Resource(urn=args.urn, type=args.resource_type, name=args.name, inputs=inputs)
        for problem in rule.check(resource):
            report(problem, args.urn)

    def whole(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = [
            Resource(
                urn=found.urn,
                type=found.resource_type,
                name=found.name,
                inputs=plain(found.props),
                depends={
                    key: frozenset(other.urn for other in others)
                    for key, others in found.property_dependencies.items()
                },
            )
            for found in args.resources
        ]
        for resource, problem in rule.whole(resources) if rule.whole else ():
            report(f"{resource.name} ({resource.type}): {problem}", resource.urn)

    made: list[Policy] = []
    if rule.each:
        made.append(ResourceValidationPolicy(rule.name, rule.description, each))
    if rule.whole:
        made.append(StackValidationPolicy(f"{rule.name}-of-the-stack", rule.description, whole))
    return made


def plain(value: Any) -> Any:
    """Undo the SDK's wrapping, which raises where a value is not known during a preview."""
    if isinstance(value, Mapping):
        mapping = cast("Mapping[str, Any]", value)
        return {key: _item(mapping, key) for key in mapping}
    if isinstance(value, Sequence) and not isinstance(value, str):
        sequence = cast("Sequence[Any]", value)
        return [_item(sequence, index) for index in range(len(sequence))]
    return value


def _item(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except UnknownValueError:
        return UNKNOWN


PolicyPack(
    name="image-pipeline",
    policies=[policy for rule in RULES for policy in policies(rule)],
    enforcement_level=EnforcementLevel.MANDATORY,
)
