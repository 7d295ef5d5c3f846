"""Convert plain values from JSON or YAML to the types of ``Settings``."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import StrEnum
from typing import Any, Final, TypeVar, cast

from function.engine.renditions import Rendition
from pipeline.auth import Auth
from pipeline.pollers import Pollers
from pipeline.settings_checks import SettingsError, require_one_of
from pipeline.storage_classes import Transition
from pipeline.vpc import Vpc

Mapped = TypeVar("Mapped")
Name = TypeVar("Name", bound=StrEnum)

_AUTH: Final = (
    "the issuer and the audience, like {issuer: https://login.example.com/, audience: photos}"
)


def structured(name: str, key: str, raw: object) -> Any:
    """Return the value of a setting that is a list or a mapping, as its attribute's type.

    Args:
        name: the attribute of ``Settings``, one of ``STRUCTURED``.
        key: what its user calls it.
        raw: what its user has given.

    Raises:
        SettingsError: it is of the wrong type, or a part of it is unknown, missing or out of range.
    """
    return _READERS[name](key, raw)


def to_name(kind: type[Name], key: str, text: str) -> Name:
    """Return an enumeration's member of a name; raise a ``SettingsError`` if there is none."""
    require_one_of(key, text, tuple(kind))
    return kind(text)


def _list(key: str, raw: object) -> list[Any]:
    if not isinstance(raw, list):
        raise SettingsError(f"{key} must be a list; got {raw!r}.")
    return cast("list[Any]", raw)


def _renditions(key: str, raw: object) -> tuple[Rendition, ...]:
    return tuple(_rendition(key, index, item) for index, item in enumerate(_list(key, raw)))


def _rendition(key: str, index: int, raw: object) -> Rendition:
    try:
        return Rendition.parse(raw)
    except (ValueError, TypeError) as error:
        raise SettingsError(f"{key}[{index}] {error}.") from error


def _names(key: str, raw: object) -> tuple[str, ...]:
    return tuple(str(item) for item in _list(key, raw))


def _auth(key: str, raw: object) -> Auth:
    return _mapping(key, raw, Auth, str, _AUTH)


def _pollers(key: str, raw: object) -> Pollers:
    wanted = "whole numbers for min and max, like {min: 2, max: 10}"
    return _mapping(key, raw, Pollers, int, wanted)


def _mapping(key: str, raw: object, kind: type[Mapped], type_: type, wanted: str) -> Mapped:
    """Return a mapping as an instance of ``kind``.

    Args:
        key: what its user calls it.
        raw: what its user has given.
        kind: a dataclass, all of whose fields must be given and no others.
        type_: type of every field.
        wanted: what the error asks for.
    """
    names = {field.name for field in fields(cast("Any", kind))}
    values = cast("dict[str, Any]", raw) if isinstance(raw, dict) else {}
    if set(values) != names or any(type(value) is not type_ for value in values.values()):
        raise SettingsError(f"{key} must be {wanted}; got {raw!r}.")
    return kind(**values)


def _transitions(key: str, raw: object) -> tuple[Transition, ...]:
    days = cast("dict[str, Any]", raw if isinstance(raw, dict) else {"": ""})
    if any(type(value) is not int for value in days.values()):
        raise SettingsError(
            f"{key} must be days by storage class, like {{STANDARD_IA: 30}}; got {raw!r}."
        )
    # Sorted by age, because the engine passes a mapping's keys in alphabetical order.
    by_age = sorted(days.items(), key=lambda each: each[1])
    return tuple(Transition(storage_class=name, days=count) for name, count in by_age)


def _tags(key: str, raw: object) -> Mapping[str, str]:
    values = cast("dict[str, Any]", raw if isinstance(raw, dict) else {"": None})
    if any(type(value) is not str for value in values.values()):
        raise SettingsError(f"{key} must be texts by key, like {{Team: photos}}; got {raw!r}.")
    return values


def _vpc(_key: str, raw: object) -> Vpc:
    values = cast("dict[str, Any]", raw) if isinstance(raw, dict) else {"": raw}
    # The component's host renames securityGroups to this.
    spelled = {"security_groups": "securityGroups"}
    return Vpc.parse({spelled.get(name, name): value for name, value in values.items()})


_READERS: Final[Mapping[str, Callable[[str, object], Any]]] = {
    "renditions": _renditions,
    "allowed_origins": _names,
    "former_prefixes": _names,
    "negotiate": _names,
    "auth": _auth,
    "pollers": _pollers,
    "storage_classes": _transitions,
    "tags": _tags,
    "vpc": _vpc,
}

STRUCTURED: Final = frozenset(_READERS)
"""Attributes of ``Settings`` that are lists or mappings."""
