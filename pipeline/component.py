"""The base class of all components: ``(name, args, opts)``, and options for their children."""

import json
from collections.abc import Callable

import pulumi

from pipeline.permissions.documents import Document

Options = pulumi.ResourceOptions | None


class Component(pulumi.ComponentResource):
    """A part of the pipeline; ``child`` has the options of each resource that belongs to it."""

    def __init__(self, type_: str, name: str, opts: Options) -> None:
        super().__init__(type_, name, None, opts)
        # Without an annotation in the class: the SDK would read it as an output of the component.
        self.child = pulumi.ResourceOptions(parent=self)

    def named_before(self, key: str) -> pulumi.ResourceOptions:
        """Return options of a child that keeps the name that an earlier release gave it.

        Such names were built from the pipeline's name alone, so two pipelines of the same name
        could not be in one account. A name cannot be changed in place, so a new one would replace
        the child (docs/deploy.md, "Names").

        Args:
            key: the input that holds the name, as the provider spells it.
        """
        return pulumi.ResourceOptions(parent=self, ignore_changes=[key])

    def after(self, *earlier: pulumi.Resource) -> pulumi.ResourceOptions:
        """Return options of a child that is made after other resources."""
        return pulumi.ResourceOptions(parent=self, depends_on=list(earlier))


def policy_of(
    make: Callable[..., Document],
    *values: pulumi.Input[str],
    write: Callable[[Document], str] = json.dumps,
) -> pulumi.Output[str]:
    """Return as JSON the policy that ``make`` builds from these values once they are known."""
    return pulumi.Output.all(*values).apply(lambda known: write(make(*known)))
