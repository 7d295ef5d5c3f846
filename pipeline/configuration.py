"""Read a stack's settings: the one file that reads Pulumi's configuration."""

import importlib.util
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, cast

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from function.contract import DuplicateSearch, Publish
from function.engine.renditions import Encoders, Hdr, Quality
from pipeline.settings import KEYS, Settings
from pipeline.settings_checks import SettingsError
from pipeline.settings_values import STRUCTURED, structured, to_name

NAMING: Final = ("name", "formerNames")
"""The settings that name the pipeline, which are not attributes of ``Settings``."""

KNOWN: Final = (*NAMING, *KEYS.values())
"""Every key of a stack's settings."""


def name() -> str:
    """Return the pipeline's name, which the names of all its resources start with.

    The default is the name of every stack of v0.1.0. That release knows no aliases, so a rollback
    to it under another name would delete all resources (docs/deploy.md, "Names").
    """
    return pulumi.Config().get("name") or _default_name()


def options() -> pulumi.ResourceOptions:
    """Return the pipeline's options: its former names as aliases.

    Raises:
        SettingsError: ``formerNames`` is not a list of names.
    """
    given: object = _read_object("formerNames") or list[str]()
    names = cast("list[Any]", given) if isinstance(given, list) else [None]
    if not all(isinstance(item, str) and item for item in names):
        raise SettingsError(f"formerNames must be a list of names; got {given!r}.")
    former = dict.fromkeys([*names, _default_name()])
    aliases = [pulumi.Alias(name=each) for each in former if each != name()]
    return pulumi.ResourceOptions(aliases=aliases)


def _default_name() -> str:
    return f"{pulumi.get_project()}-{pulumi.get_stack()}"


def load() -> Settings:
    """Read the stack's settings.

    Raises:
        SettingsError: a key is unknown or starts with another project's name, or a value is of the
            wrong type, out of range or in contradiction with another.
    """
    _refuse_unknown_keys()
    values = {name: _read(name, key) for name, key in KEYS.items()}
    given = {name: value for name, value in values.items() if value is not None}
    return Settings(**given, s3_endpoint=s3_endpoint())


def s3_endpoint() -> str:
    """Return S3's URL in the provider's ``aws:endpoints``; empty for Amazon's own S3."""
    endpoints: Any = pulumi.Config("aws").get_object("endpoints") or [{}]
    return str(endpoints[0].get("s3", "")).rstrip("/")


def _refuse_unknown_keys() -> None:
    project = pulumi.get_project()
    for key in {**get_config_env(), **CONFIG.get()}:
        namespace, _, key_name = key.partition(":")
        if namespace == project and key_name not in KNOWN:
            raise SettingsError(
                f"{key_name} is not a setting of this stack; the settings are {', '.join(KNOWN)}."
            )
        setting = key_name.removeprefix("config:")  # Pulumi before version 1 wrote it
        if namespace != project and setting in KNOWN and not _has_reader(namespace):
            raise SettingsError(
                f"{key} is not read, because the project is named {project}; in "
                f"Pulumi.{pulumi.get_stack()}.yaml, rename it to {project}:{setting}, and every "
                f"other {namespace}: key with it."
            )


def _has_reader(namespace: str) -> bool:
    """Return whether Pulumi itself or an installed provider reads keys of a namespace.

    Some providers have settings with the names of ours, such as ``auth0:domain``. Any other
    namespace must be the project's former name, whose settings would be ignored silently:
    ``uploads: presigned`` would become public.
    """
    package = re.sub(r"\W", "_", f"pulumi_{namespace}")
    return namespace == "pulumi" or importlib.util.find_spec(package) is not None


def _read(name: str, key: str) -> Any:
    """Return a setting as its attribute's type, or None if it is not set."""
    if name in STRUCTURED:
        raw = _read_object(key)
        return None if raw is None else structured(name, key, raw)
    text = pulumi.Config().get(key)
    convert = _CONVERSIONS.get(cast("type", Settings.__dataclass_fields__[name].type))
    return convert(key, text) if convert and text is not None else text


def _read_object(key: str) -> object:
    try:
        return pulumi.Config().get_object(key)
    except pulumi.ConfigTypeError as error:
        return error.value


def _to_int(key: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise SettingsError(f"{key} must be a whole number; got {text!r}.") from error


def _to_bool(key: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise SettingsError(f"{key} must be true or false; got {text!r}.")
    return text == "true"


_CONVERSIONS: Final[Mapping[type, Callable[[str, str], Any]]] = {
    int: _to_int,
    bool: _to_bool,
    Quality: partial(to_name, Quality),
    Hdr: partial(to_name, Hdr),
    Encoders: partial(to_name, Encoders),
    DuplicateSearch: partial(to_name, DuplicateSearch),
    Publish: partial(to_name, Publish),
}
"""The function that reads a setting from the engine's text, by the setting's type."""
