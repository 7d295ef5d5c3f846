"""URNs and aliases, made as the engine makes them.

The rules are those of pulumi/pulumi, ``pkg/resource/deploy/step_generator.go`` (``generateURN``,
``collapseAliasToUrn``, ``inheritedChildAlias``, ``generateAliases``), read at version 3.274.1.
"""

from collections.abc import Iterable
from typing import Any

ROOT_TYPE = "pulumi:pulumi:Stack"


def make(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """Return the URN of a resource; its parent's types are a part of it, except the stack's."""
    above = qualified_type(parent) if parent else ROOT_TYPE
    types = type_ if above == ROOT_TYPE else f"{above}${type_}"
    return f"urn:pulumi:{stack}::{project}::{types}::{name}"


def qualified_type(urn: str) -> str:
    """Return a resource's type with those of the components around it."""
    return urn.split("::", 3)[2]


def type_of(urn: str) -> str:
    """Return a resource's own type."""
    return qualified_type(urn).rpartition("$")[2]


def name_of(urn: str) -> str:
    """Return a resource's logical name."""
    return urn.split("::", 3)[3]


def aliases(
    urn: str, parent: str, specifications: Iterable[Any], parents: dict[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Return every URN by which a resource is also known, the inherited ones too.

    Args:
        urn: the resource's URN.
        parent: its parent's URN, or nothing.
        specifications: ``Alias`` messages of its registration.
        parents: aliases of each resource that was registered before it.
    """
    own = [_resolve(urn, parent, alias, parents) for alias in specifications]
    found = list(own)
    for above in parents.get(parent, ()):
        found += [_inherit(child, name_of(parent), above) for child in (urn, *own)]
    return tuple(dict.fromkeys(found))


def _resolve(urn: str, parent: str, alias: Any, parents: dict[str, tuple[str, ...]]) -> str:
    if alias.urn:
        return alias.urn
    spec = alias.spec
    _, _, stack, rest = urn.split(":", 3)
    project = rest.removeprefix(":").split("::")[0]
    above = parent
    if spec.parentUrn:
        above = next(iter(parents.get(spec.parentUrn, ())), spec.parentUrn)
    if spec.noParent:
        above = ""
    return make(
        spec.stack or stack,
        spec.project or project,
        above,
        spec.type or type_of(urn),
        spec.name or name_of(urn),
    )


def _inherit(child: str, parent_name: str, parent_alias: str) -> str:
    name = name_of(child)
    if name.startswith(parent_name):
        name = name_of(parent_alias) + name.removeprefix(parent_name)
    _, _, stack, rest = parent_alias.split(":", 3)
    return make(stack, rest.removeprefix(":").split("::")[0], parent_alias, type_of(child), name)
