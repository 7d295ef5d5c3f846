"""A stack's region and settings, as its file says them."""

from typing import Final

from bench.stacks import read_stack
from local.program import read_config
from pipeline.settings import Settings
from terminal import Misuse

UNNAMED: Final = "default settings"
"""Stands for the name of a stack where none is named."""

REGION: Final = "us-east-1"
"""The region where none is named."""


def read(name: str | None, region: str | None) -> tuple[str, Settings]:
    """Return the region and the settings of a stack, or the default ones for no name.

    ``region`` overrides the stack's.

    Raises:
        Misuse: there is no such stack, or its settings cannot work or tell no region.
    """
    if name is None:
        return region or REGION, Settings()
    found = region or read_config(name).get("aws:region")
    if not found:
        raise Misuse(f"Pulumi.{name}.yaml has no aws:region; name it with --region.")
    return found, read_stack(name)
