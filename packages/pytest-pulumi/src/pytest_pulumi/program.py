"""An evaluated program: its resources by type, name and URN, and how they are related."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Generic, TypeVar

import pulumi

from pytest_pulumi import tree
from pytest_pulumi.resolve import resolve
from pytest_pulumi.resource import Resource, token_of
from pytest_pulumi.values import Properties

Wanted = str | type[pulumi.Resource]
"""A resource type: a provider's class, a type token, or what stands after its last colon."""

T = TypeVar("T")


@dataclass(frozen=True)
class Message:
    """A message that a program logged: ``severity`` is info, warning or error."""

    severity: str
    text: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Program(Generic[T]):
    """A program, evaluated.

    Attributes:
        resources: all that it registered or read, parents before children.
        outputs: the stack's outputs; secrets are unwrapped.
        secret_outputs: paths of the stack's outputs that are secret.
        messages: what it logged by ``pulumi.log``, except for debugging.
        returned: what the function returned that was evaluated: a component, for instance.
        preview: it was evaluated as a preview.
    """

    resources: tuple[Resource, ...]
    outputs: Properties = field(default_factory=Properties)
    secret_outputs: frozenset[str] = frozenset()
    messages: tuple[Message, ...] = ()
    returned: T
    preview: bool = False

    @property
    def tree(self) -> str:
        """The resources as a tree, as it is printed when a test fails."""
        return tree.draw(self.resources)

    @property
    def stack(self) -> Resource:
        """The root of all resources."""
        return self.one("pulumi:pulumi:Stack")

    def by_urn(self, urn: str) -> Resource:
        """Return the resource with a URN.

        Raises:
            AssertionError: there is none; the tree is in the message.
        """
        return self._single([r for r in self.resources if r.urn == urn], f"a resource {urn}")

    def by_name(self, name: str) -> Resource:
        """Return the one resource with a logical name, which may hold ``*``.

        Raises:
            AssertionError: there is none, or more than one.
        """
        found = [r for r in self.resources if _is_named(r, name)]
        return self._single(found, f"one resource named {name}")

    def by_type(self, type_: Wanted) -> tuple[Resource, ...]:
        """Return the resources of a type: at least one, so that a loop over them tests something.

        Raises:
            AssertionError: there is none.
        """
        found = tuple(r for r in self.resources if r.is_a(type_))
        if not found:
            raise self._unlike(f"a resource of type {token_of(type_)}", found)
        return found

    def one(self, type_: Wanted, name: str = "*") -> Resource:
        """Return the one resource of a type, and of a name that may hold ``*``.

        Raises:
            AssertionError: there is none, or more than one.
        """
        found = [r for r in self.resources if r.is_a(type_) and _is_named(r, name)]
        called = "" if name == "*" else f" named {name}"
        return self._single(found, f"one {token_of(type_)}{called}")

    def where(self, holds: Callable[[Resource], bool]) -> tuple[Resource, ...]:
        """Return the resources for which a condition holds: at least one.

        Raises:
            AssertionError: there is none.
        """
        found = tuple(filter(holds, self.resources))
        if not found:
            raise self._unlike("a resource for which the condition holds", found)
        return found

    def assert_none(self, type_: Wanted) -> None:
        """Assert that there is no resource of a type."""
        found = [r for r in self.resources if r.is_a(type_)]
        if found:
            raise self._unlike(f"no {token_of(type_)}", found)

    def assert_after(self, later: Resource, earlier: Resource) -> None:
        """Assert that ``later`` is made after ``earlier``, directly or by way of others."""
        if earlier.urn not in {r.urn for r in self.dependencies(later)}:
            raise self._unlike(
                f"{later.name} to wait for {earlier.name}; it waits for",
                self.dependencies(later),
            )

    def assert_within(self, child: Resource, ancestor: Resource) -> None:
        """Assert that ``ancestor`` is a parent of ``child``, or a parent's parent."""
        if ancestor.urn not in {r.urn for r in self.ancestors(child)}:
            raise self._unlike(
                f"{child.name} to be within {ancestor.name}; it is within", self.ancestors(child)
            )

    def dependencies(self, resource: Resource) -> tuple[Resource, ...]:
        """Return all that a resource waits for, directly or by way of others."""
        known = {r.urn: r for r in self.resources}
        left, seen = [resource], {resource.urn}
        while left:
            for urn in left.pop().dependencies - seen:
                seen.add(urn)
                left += [known[urn]] if urn in known else []
        return tuple(r for r in self.resources if r.urn in seen and r.urn != resource.urn)

    def ancestors(self, resource: Resource) -> tuple[Resource, ...]:
        """Return a resource's parent, that one's parent, and so on to the stack."""
        return tuple(self._above(resource))

    def children(self, resource: Resource) -> tuple[Resource, ...]:
        """Return the resources whose parent a resource is."""
        return tuple(r for r in self.resources if r.parent == resource.urn)

    def value(self, output: "pulumi.Output[Any]") -> Any:
        """Return the value of an Output that the program made; UNKNOWN if a preview has none."""
        return resolve(output)

    def _above(self, resource: Resource) -> Iterator[Resource]:
        parents = {r.urn: r for r in self.resources}
        while parent := parents.get(resource.parent):
            yield parent
            resource = parent

    def _single(self, found: Sequence[Resource], wanted: str) -> Resource:
        if len(found) != 1:
            raise self._unlike(wanted, found)
        return found[0]

    def _unlike(self, wanted: str, found: Sequence[Resource]) -> AssertionError:
        names = ", ".join(f"{r.name} ({r.type})" for r in found) or "none"
        return AssertionError(f"Looked for {wanted}: found {names}.\n\n{self.tree}")


def _is_named(resource: Resource, name: str) -> bool:
    """Return whether a name, in which only ``*`` is a wildcard, is a resource's."""
    return fnmatchcase(resource.name, name.replace("[", "[[]").replace("?", "[?]"))
