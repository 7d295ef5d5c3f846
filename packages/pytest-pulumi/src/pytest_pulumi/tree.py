"""A program's resources as a tree, for people who look for one of them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from pytest_pulumi.resource import Resource

LONGEST: Final = 200
"""Most lines of a tree; further ones are only counted."""


def draw(resources: Sequence[Resource]) -> str:
    """Return the tree of parents and children, with types, options and where each was made."""
    lines = list(_lines(resources))
    if len(lines) > LONGEST:
        lines[LONGEST:] = [f"… and {len(lines) - LONGEST} more"]
    return "\n".join(lines) or "(no resources)"


def _lines(resources: Sequence[Resource]) -> Iterator[str]:
    children: defaultdict[str, list[Resource]] = defaultdict(list)
    urns = {resource.urn for resource in resources}
    for resource in sorted(resources, key=lambda r: (r.type, r.name)):
        children[resource.parent if resource.parent in urns else ""].append(resource)
    width = max((len(r.name) + 3 * _depth(r, resources) for r in resources), default=0)

    def below(parent: str, indent: str, *, root: bool) -> Iterator[str]:
        for resource in children[parent]:
            last = resource is children[parent][-1]
            branch, pipe = ("", "") if root else ("└─ ", "   ") if last else ("├─ ", "│  ")
            yield f"{indent + branch + resource.name:<{width}}  {_describe(resource)}"
            yield from below(resource.urn, indent + pipe, root=False)

    yield from below("", "", root=True)


def _depth(resource: Resource, resources: Sequence[Resource]) -> int:
    parents = {r.urn: r.parent for r in resources}
    depth, urn = 0, resource.parent
    while urn in parents:
        depth, urn = depth + 1, parents[urn]
    return depth


def _describe(resource: Resource) -> str:
    marks = {
        "read": resource.read,
        "protected": resource.protect,
        "retained": resource.retain_on_delete,
        "aliased": bool(resource.aliases),
    }
    notes = ", ".join(mark for mark, is_so in marks.items() if is_so)
    parts = (resource.type, f"({notes})" if notes else "", _relative(resource.source))
    return "  ".join(part for part in parts if part)


def _relative(source: str) -> str:
    here = Path.cwd()
    return str(Path(source).relative_to(here)) if Path(source).is_relative_to(here) else source
