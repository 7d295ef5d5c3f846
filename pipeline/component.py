"""What all components have in common: ``(name, args, opts)``, and options for their children."""

import pulumi

Options = pulumi.ResourceOptions | None


class Component(pulumi.ComponentResource):
    """A part of the pipeline; ``child`` are the options of each resource that belongs to it."""

    child: pulumi.ResourceOptions

    def __init__(self, type_: str, name: str, opts: Options) -> None:
        super().__init__(type_, name, None, opts)
        self.child = pulumi.ResourceOptions(parent=self)

    def after(self, *earlier: pulumi.Resource) -> pulumi.ResourceOptions:
        """Return options of a child that is made after other resources."""
        return pulumi.ResourceOptions(parent=self, depends_on=list(earlier))
