"""The settings of a clone: a copy of the stack's settings, under a new name."""

import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import yaml

from bench.tune.evidence import settings_file
from function.contract import Publish
from local import stack_file
from local.program import ROOT, full_key, is_encrypted
from terminal import Misuse

NAME: Final = re.compile(r".+-accept-[0-9a-f]{6}")
"""Names of clones; nothing else is ever destroyed."""

SHARED: Final = (
    *("domain", "certificateArn", "hostedZoneId", "alarmEmail", "monthlyBudgetUsd"),
    *("name", "formerNames", "alarmTopicArn", "sourceBucket", "destinationBucket", "moderator"),
)
"""Settings that reach beyond a stack: its DNS name can be one distribution's only, its mail and its
held uploads go to people, its buckets hold others' photos, and what is left of a clone is found by
the clone's own name."""

UPLOADS: Final = "uploads"
"""Setting that a clone never has at ``private``: it uploads as the signer's users do."""

PUBLISH: Final = "publish"
"""Setting that a clone never has at ``held``: nobody is there to approve its uploads."""

LIMIT: Final = "wafRequestsPerMinute"
"""Setting that a clone has at its highest, if at all: all the uploads come from one address, and
each asks for its manifest twenty times a second."""

HIGHEST: Final = 2_000_000_000
"""Of that setting (``pipeline/settings.py``)."""

_SALT: Final = ("encryptionsalt", "encryptedkey")
"""Keys of a stack's file that belong to its own secrets (Pulumi's "Stack settings file")."""

_ROLES: Final = ("aws:assumeRole", "aws:assumeRoles", "aws:assumeRoleWithWebIdentity")


@dataclass(frozen=True, kw_only=True)
class Clone:
    """A clone of a stack."""

    name: str  # e.g. ``dev-accept-1a2b3c``
    content: dict[str, Any]  # of its settings file
    left_out: tuple[str, ...] = ()  # settings of the stack that it lacks

    @property
    def stack(self) -> str:
        """The stack that it is a clone of."""
        return self.name.rpartition("-accept-")[0]

    @property
    def path(self) -> Path:
        """The settings file, beside the stack's."""
        return ROOT / f"Pulumi.{self.name}.yaml"

    @property
    def config(self) -> dict[str, Any]:
        """The configuration by full key."""
        return cast("dict[str, Any]", self.content.get("config") or {})

    @property
    def is_embedded(self) -> bool:
        """True if ``aws:endpoints`` names another AWS than Amazon's, such as the embedded one."""
        return bool(self.config.get("aws:endpoints"))

    def write(self) -> None:
        """Write the settings file, which may hold keys: for its owner alone."""
        self.path.touch(mode=0o600)
        self.path.write_text(yaml.safe_dump(self.content, sort_keys=False), encoding="utf-8")


def copy(stack: str) -> Clone:
    """Copy a stack's settings, without protection, rate limit and what reaches beyond the stack.

    Of private uploads the clone has presigned ones.

    Raise ``Misuse`` if there is no such stack, or if it has a setting that a clone cannot have.
    """
    content = stack_file.load(settings_file(stack, ROOT))
    # Pulumi takes a key without a namespace for the project's, so `domain` is shared as well.
    given = cast("dict[str, Any]", content.get("config") or {})
    config = {full_key(key): value for key, value in given.items()}
    shared = {full_key(key) for key in SHARED}
    kept = {key: value for key, value in config.items() if key not in shared}
    for key, value in kept.items():
        if is_encrypted(value):
            raise Misuse(
                f"{key} in Pulumi.{stack}.yaml is encrypted with that stack's own key, which no "
                "other stack has; store it as plain text, or take it from the environment."
            )
    role = next((key for key in _ROLES if key in config), None)
    if role:
        raise Misuse(
            f"{role} in Pulumi.{stack}.yaml is not read here; set AWS_PROFILE to a profile that "
            "assumes the role, and take the setting out."
        )
    if str(kept.get(full_key(LIMIT), 0)) != "0":
        kept[full_key(LIMIT)] = HIGHEST
    if kept.get(full_key(UPLOADS)) == "private":
        kept[full_key(UPLOADS)] = "presigned"
    if kept.get(full_key(PUBLISH)) == Publish.HELD:
        kept[full_key(PUBLISH)] = Publish.AT_ONCE.value
    return Clone(
        name=f"{stack}-accept-{secrets.token_hex(3)}",
        content={key: value for key, value in content.items() if key not in _SALT}
        | {"config": kept | {full_key("protect"): False}},
        left_out=tuple(sorted(config.keys() & shared)),
    )


def find(name: str) -> Clone:
    """Return an earlier clone, whose file may be gone; raise ``Misuse`` for another name."""
    if not NAME.fullmatch(name):
        raise Misuse(f"{name} is no clone: their names end in -accept- and six hex digits.")
    path = ROOT / f"Pulumi.{name}.yaml"
    stack = name.rpartition("-accept-")[0]
    file = path if path.is_file() else settings_file(stack, ROOT)
    return Clone(name=name, content=stack_file.load(file))
