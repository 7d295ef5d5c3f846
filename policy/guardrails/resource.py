"""A resource as the Pulumi engine sees it, and how its policy documents are read."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""The engine's mark for a value that is known after the update (``pulumi.runtime.rpc``)."""

Statement = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource.

    Attributes:
        urn: the engine's name for it.
        type: type token, e.g. ``aws:sqs/queue:Queue``.
        name: logical name.
        inputs: the resource's inputs in the provider's spelling (camelCase), or its state, where
            the engine asks the policy pack about the whole stack.
        depends: by input, the URNs of the resources that its value comes from.
    """

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    depends: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    def uses(self, other: "Resource", key: str) -> bool:
        """Return whether the value of an input comes from another resource."""
        return other.urn in self.depends.get(key, frozenset())

    def mapping(self, key: str) -> Mapping[str, Any] | None:
        """An input that is a mapping, empty if absent; None if it is not yet known."""
        return as_mapping(self.inputs.get(key))

    def document(self, key: str) -> Any | None:
        """Read an input that holds a JSON document; None if it is absent or not yet known.

        The provider's state says ``""`` for a document that is absent.
        """
        value = self.inputs.get(key)
        if value in (None, "", UNKNOWN):
            return None
        return json.loads(value) if isinstance(value, str) else value

    def policy_statements(self, key: str = "policy") -> list[Statement] | None:
        """Statements of a policy document; None if it is absent or not yet known."""
        document = self.document(key)
        return None if document is None else as_list(document.get("Statement"))


def of_type(resources: Sequence[Resource], type_: str) -> list[Resource]:
    """Return the resources of one type."""
    return [resource for resource in resources if resource.type == type_]


def lacking(
    resources: Sequence[Resource], type_: str, companion: str, key: str
) -> Iterator[Resource]:
    """Yield the resources of a type that no companion of another type names by an input."""
    for resource in of_type(resources, type_):
        if not any(other.uses(resource, key) for other in of_type(resources, companion)):
            yield resource


def as_list(value: Any) -> list[Any]:
    """IAM lets one write a single value for a list of one."""
    if value is None:
        return []
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(cast("Sequence[Any]", value))
    return [value]


def as_mapping(value: Any) -> Mapping[str, Any] | None:
    """A value that is a mapping, empty if absent; None if it is not yet known."""
    return None if value == UNKNOWN else cast("Mapping[str, Any]", value or {})


def allows(statement: Statement) -> bool:
    """Return whether a statement grants, rather than denies."""
    return statement.get("Effect") == "Allow"


def names_anyone(statement: Statement) -> bool:
    """Return whether a statement's principal is everyone, signed in to AWS or not."""
    principal = statement.get("Principal")
    if isinstance(principal, Mapping):
        principals = cast("Mapping[str, Any]", principal)
        return "*" in as_list(principals.get("AWS"))
    return principal == "*"
