"""A pipeline that is renamed keeps its resources: each has its former name as an alias."""

import pulumi


def keep(name: str, opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """Return options that give the aliases of a pipeline to each of its resources.

    Pulumi hands a parent's alias down too, but only while the parent itself is found by that alias:
    an update that fails after the parent's step leaves the rest of the resources under their former
    names, and the next update would create them again and delete the old ones (pulumi/pulumi
    v3.274.1, ``pkg/resource/deploy/step_generator.go``, ``generateAliases``).

    Args:
        name: of the pipeline, which the names of its resources start with.
        opts: the pipeline's own, whose aliases by name or URN are its former names.
    """
    former = former_names(opts)

    def add(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not former or not args.name.startswith(name):
            return None
        part = args.name.removeprefix(name)
        aliases = pulumi.ResourceOptions(aliases=[pulumi.Alias(name=f"{n}{part}") for n in former])
        merged = pulumi.ResourceOptions.merge(args.opts, aliases)
        return pulumi.ResourceTransformationResult(args.props, merged)

    return pulumi.ResourceOptions(transformations=[add])


def former_names(opts: pulumi.ResourceOptions | None) -> list[str]:
    """Return the former names of a pipeline with these options."""
    aliases = list((opts and opts.aliases) or [])
    names = [alias.name for alias in aliases if isinstance(alias, pulumi.Alias)]
    urns = [alias.rpartition("::")[2] for alias in aliases if isinstance(alias, str)]
    return [name for name in (*names, *urns) if isinstance(name, str)]
