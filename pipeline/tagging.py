"""Tags that a user gives to everything that AWS can tag."""

import re
from collections.abc import Mapping
from typing import Final, cast

import pulumi

from pipeline.settings_checks import SettingsError

OURS: Final = ("Project", "Stack", "ManagedBy")
"""Keys of the tags that every resource has (``pipeline/naming.py``); the budget and `make accept`
find a stack by them."""

MOST: Final = 50 - len(OURS)
"""AWS's limit for one resource (Tagging AWS Resources user guide, "Tag naming limits and
requirements")."""

MOST_OF_AN_OBJECT: Final = 10 - len(OURS)
"""S3's limit for one object (S3 user guide, "Categorizing your objects using tags"): the page's
files have tags too."""

_TEXT: Final = r"[\w +\-=.:/@]"
_KEY: Final = re.compile(rf"(?!aws:){_TEXT}{{1,128}}", re.IGNORECASE)
_VALUE: Final = re.compile(rf"{_TEXT}{{0,256}}")
"""The characters that all services take ("Tag naming limits and requirements")."""


def check(tags: Mapping[str, str], *, site: bool) -> None:
    """Raise a ``SettingsError`` for a tag that AWS refuses or that the stack sets itself."""
    most = MOST_OF_AN_OBJECT if site else MOST
    if len(tags) > most:
        raise SettingsError(f"tags must be at most {most}{' with site' * site}; got {len(tags)}.")
    known = {own.lower(): own for own in OURS}
    for key, value in tags.items():
        # A role has no two keys that differ in case alone (IAM user guide, "Tags for AWS Identity
        # and Access Management resources", case sensitivity): an update would end halfway.
        other = known.setdefault(key.lower(), key)
        if other in OURS:
            raise SettingsError(f"tags must not have {key}: the stack sets {other}; rename it.")
        if other != key:
            raise SettingsError(
                f"tags must not have both {other} and {key}, which are one key for IAM; leave out "
                "one."
            )
        if not _KEY.fullmatch(key) or not _VALUE.fullmatch(value):
            raise SettingsError(
                "tags must have keys of 1 to 128 and values of up to 256 letters, digits, spaces "
                f"and _.:/=+-@, and no key may start with aws:; got {key!r}: {value!r}."
            )


def options(tags: Mapping[str, str]) -> pulumi.ResourceOptions:
    """Return options that add tags to every resource of a component, which has the stack's tags."""

    def add(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        own = cast("Mapping[str, str] | None", args.props.get("tags"))
        if not tags or own is None:
            return None
        props = {**args.props, "tags": {**tags, **own}}
        return pulumi.ResourceTransformationResult(props, args.opts)

    return pulumi.ResourceOptions(transformations=[add])
