"""The setting ``vpc``: subnets and security groups of the account, which the functions run in."""

import re
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, cast

import pulumi

from pipeline.settings_checks import SettingsError, checked

MOST_SUBNETS: Final = 16
MOST_SECURITY_GROUPS: Final = 5
"""Lambda API reference, "VpcConfig" (read 2026-11-27)."""

_FIELDS: Final = {
    "subnets": ("subnet", MOST_SUBNETS),
    "securityGroups": ("sg", MOST_SECURITY_GROUPS),
}
"""Of the setting: how its ids begin, and how many Lambda takes."""


@dataclass(frozen=True, kw_only=True)
class Vpc:
    """Ids of subnets and of security groups, all of one VPC in the stack's region."""

    subnets: tuple[pulumi.Input[str], ...]
    security_groups: tuple[pulumi.Input[str], ...]

    @classmethod
    def parse(cls, raw: object) -> "Vpc":
        """Read the setting; raise a ``SettingsError`` for anything but lists of ids."""
        values = dict(cast("dict[str, Any]", raw)) if isinstance(raw, dict) else {}
        if set(values) != set(_FIELDS) or not all(isinstance(v, list) for v in values.values()):
            raise SettingsError(
                "vpc must be lists of subnets and securityGroups, like {subnets: "
                f"[subnet-0a1b2c3d], securityGroups: [sg-0a1b2c3d]}}; got {raw!r}."
            )
        for name, (prefix, most) in _FIELDS.items():
            ids = cast("list[object]", values[name])
            if not 0 < len(ids) <= most:
                raise SettingsError(f"vpc {name} must be 1 to {most} ids; got {len(ids)}.")
            check = partial(_check_id, name, prefix)
            for each in ids:
                if not isinstance(each, pulumi.Output):
                    check(each)
            values[name] = tuple(checked(each, check) for each in cast("list[Any]", ids))
        return cls(subnets=values["subnets"], security_groups=values["securityGroups"])


def _check_id(name: str, prefix: str, found: object) -> None:
    if not re.fullmatch(rf"{prefix}-[0-9a-f]{{8,17}}", str(found)):
        raise SettingsError(
            f"vpc {name} must be ids like {prefix}-0a1b2c3d4e5f60718; got {found!r}."
        )
