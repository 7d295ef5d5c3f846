"""The setting ``vpc``: subnets and security groups of the account, which the functions run in."""

import re
from collections.abc import Sequence
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
"""For each list of the setting: the prefix of its ids, and how many Lambda takes."""


@dataclass(frozen=True, kw_only=True)
class Vpc:
    """Ids of subnets and of security groups, all of one VPC in the stack's region."""

    subnets: pulumi.Input[Sequence[pulumi.Input[str]]]
    security_groups: pulumi.Input[Sequence[pulumi.Input[str]]]

    @classmethod
    def parse(cls, raw: object) -> "Vpc":
        """Read the setting; raise a ``SettingsError`` for anything but lists of ids.

        A list may be an output, and so may each id; both are checked once they are known.
        """
        values = dict(cast("dict[str, Any]", raw)) if isinstance(raw, dict) else {}
        lists = all(isinstance(value, list | pulumi.Output) for value in values.values())
        if set(values) != set(_FIELDS) or not lists:
            raise SettingsError(
                "vpc must be lists of subnets and securityGroups, like {subnets: "
                f"[subnet-0a1b2c3d], securityGroups: [sg-0a1b2c3d]}}; got {raw!r}."
            )
        ids = {name: _ids(name, value) for name, value in values.items()}
        return cls(subnets=ids["subnets"], security_groups=ids["securityGroups"])


def _ids(name: str, given: Any) -> pulumi.Input[Sequence[pulumi.Input[str]]]:
    if isinstance(given, pulumi.Output):
        known = cast("pulumi.Output[Any]", given)
        return known.apply(lambda ids: cast("Sequence[str]", _ids(name, ids)))
    _, most = _FIELDS[name]
    if not isinstance(given, list) or not 0 < len(cast("list[Any]", given)) <= most:
        count = len(cast("list[Any]", given)) if isinstance(given, list) else given
        raise SettingsError(f"vpc {name} must be 1 to {most} ids; got {count!r}.")
    check = partial(_check_id, name)
    for each in cast("list[object]", given):
        if not isinstance(each, pulumi.Output):
            check(each)
    return tuple(checked(f"vpc {name}", each, check) for each in cast("list[Any]", given))


def _check_id(name: str, found: object) -> None:
    prefix, _ = _FIELDS[name]
    if not re.fullmatch(rf"{prefix}-[0-9a-f]{{8,17}}", str(found)):
        raise SettingsError(
            f"vpc {name} must be ids like {prefix}-0a1b2c3d4e5f60718; got {found!r}."
        )
