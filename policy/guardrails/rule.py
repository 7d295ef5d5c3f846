"""A rule, and the check of resources against a list of rules."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .resource import Resource

Each = Callable[[Resource], Iterator[str]]
"""Looks at one resource alone and yields what is wrong with it and what to do."""

Whole = Callable[[Sequence[Resource]], Iterator[tuple[Resource, str]]]
"""Looks at all resources and yields the one at fault, what is wrong and what to do."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One guardrail.

    Attributes:
        name: short, and unique.
        description: the rule in one sentence.
        each: checks of one resource, by its type; they can refuse it before it is made.
        whole: check of relations between resources, and of missing ones.
    """

    name: str
    description: str
    each: Mapping[str, Each] = field(default_factory=dict[str, Each])
    whole: Whole | None = None

    def check(self, resource: Resource) -> Iterator[str]:
        """Yield one sentence for each way in which a resource breaks the rule by itself."""
        if resource.type in self.each:
            for problem in self.each[resource.type](resource):
                yield sentence(resource, problem)


def sentence(resource: Resource, problem: str) -> str:
    """Return a problem with the name of its resource."""
    return f"{resource.name} ({resource.type}): {problem}"


def violations(rules: Sequence[Rule], resources: Sequence[Resource]) -> list[str]:
    """Check a whole stack against rules; each sentence names the rule, the resource and the fix."""
    found: list[str] = []
    for rule in rules:
        alone = [text for resource in resources for text in rule.check(resource)]
        among = rule.whole(resources) if rule.whole else ()
        texts = alone + [sentence(resource, problem) for resource, problem in among]
        found += [f"{rule.name}: {text}" for text in texts]
    return found
