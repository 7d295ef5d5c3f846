"""Find the inputs that replace a resource when they change; invent names as Pulumi does."""

import operator
from collections.abc import Mapping
from typing import Any, cast

from local.provider.rules import RULES, Rule, Test
from terminal import Failure


def forced_by(
    type_: str, old_inputs: Mapping[str, Any], new_inputs: Mapping[str, Any]
) -> list[str]:
    """Return the paths of the inputs whose change replaces a resource; none if it is updated.

    Both sides are what the provider's Check returned: a name that Pulumi invented is in them. An
    input that was absent and is given now counts as a change, also where AWS had chosen the same
    value: what AWS chose is no input.

    ``region`` replaces a resource of every type that has one. Where only one side states it, that
    is a change too, as the provider's own region is not known here.

    Raises:
        Failure: the table does not have this type.
    """
    rule = _rule(type_)
    tests: dict[str, Test] = {
        "region": operator.ne,
        **dict.fromkeys(rule.forces.split(), operator.ne),
        **dict.fromkeys(rule.kept.split(), _given),
        **{path: _unless(default) for path, default in rule.defaults.items()},
        **rule.when,
    }
    return sorted(
        path
        for path, replaces in tests.items()
        if replaces(_at(old_inputs, path), _at(new_inputs, path))
    )


def name_input(type_: str) -> str | None:
    """Return the input that Pulumi names if the program does not; ``None`` if there is none.

    Raises:
        Failure: the table does not have this type.
    """
    named = _rule(type_).autoname
    return named.input if named else None


def autoname(type_: str, logical_name: str, random_hex: str) -> str:
    """Return the name that Pulumi gives to a resource: logical name, hyphen, random digits.

    The bridge does not shorten a name, it refuses one that is too long (pulumi/pulumi,
    ``sdk/go/common/resource/resource_id.go`` v3.274.1, ``NewUniqueName``).

    Args:
        type_: a type that Pulumi names, see ``name_input``.
        logical_name: the resource's name in the program.
        random_hex: seven hexadecimal digits.

    Raises:
        Failure: the name is too long, or Pulumi names no resource of this type.
    """
    named = _rule(type_).autoname
    if named is None:
        raise Failure(f"{type_} ({logical_name}) has no name that Pulumi could generate.")
    if not named.random:
        return logical_name
    name = f"{logical_name.lower() if named.lower else logical_name}-{random_hex}"
    if len(name.encode()) > named.longest:
        raise Failure(
            f"{type_} would be named {name!r}, which is longer than {named.longest} bytes; "
            "shorten the resource's name in the program."
        )
    return name if name.startswith(named.prefix) else named.prefix + name


def _rule(type_: str) -> Rule:
    if type_ not in RULES:
        raise Failure(f"{type_} has no rule on replacement; add one to local/provider/rules.py.")
    return RULES[type_]


def _given(old: object, new: object) -> bool:
    return new is not None and new != old


def _unless(default: object) -> Test:
    """Compare two values of an input, either of which may be left at its default."""
    return lambda old, new: (default if old is None else old) != (default if new is None else new)


def _at(inputs: Mapping[str, Any], path: str) -> Any:
    """Return a nested input, ``None`` if it is absent."""
    value: Any = inputs
    for key in path.split("."):
        value = cast("Mapping[str, Any]", value).get(key) if isinstance(value, Mapping) else None
    return value
