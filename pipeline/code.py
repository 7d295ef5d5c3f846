"""The code of a stack's functions: builds the bundles that are uploaded to Lambda."""

from pathlib import Path

import pulumi

from pipeline import bundle
from pipeline.settings import Settings


def build(settings: Settings, **how: Path) -> bundle.Bundle:
    """Build a bundle for the settings' runtime and architecture, and log how long it took.

    Args:
        settings: the stack's.
        **how: further arguments of ``bundle.build``.

    Raises:
        pulumi.RunError: it cannot be built; one sentence.
    """
    target = bundle.Target.for_lambda(settings.runtime, settings.architecture)
    try:
        built = bundle.build(target, **how)
    except bundle.BundleError as error:
        raise pulumi.RunError(str(error)) from error
    for warning in built.warnings:
        pulumi.log.warn(warning)
    if built.seconds:
        pulumi.log.info(f"Built {built.path.name} in {built.seconds:.0f} s; it is kept.")
    return built
