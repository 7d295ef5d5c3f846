"""Configuration of a stack: plain values, ``Pulumi.yaml`` and ``Pulumi.<stack>.yaml``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from pytest_pulumi.errors import PulumiTestError
from pytest_pulumi.values import Secret


def project_name(folder: Path) -> str | None:
    """Return the name in ``Pulumi.yaml``, or None without that file."""
    return _load(folder / "Pulumi.yaml").get("name")


def read(folder: Path, stack: str) -> dict[str, Any]:
    """Return a stack's configuration by full key, over the project's defaults.

    Encrypted values are ``{"secure": …}``, as they stand in the file.
    """
    project = project_name(folder) or folder.name
    declared: dict[str, Any] = _load(folder / "Pulumi.yaml").get("config") or {}
    found: dict[str, Any] = {}
    for key, value in declared.items():
        given = _declared(value)
        if given is not None:
            found[full_key(key, project)] = given
    return found | (_load(folder / f"Pulumi.{stack}.yaml").get("config") or {})


def full_key(key: str, project: str) -> str:
    """Put the project's name before a key that has no namespace, as the Pulumi CLI does."""
    return key if ":" in key else f"{project}:{key}"


def as_text(config: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Return configuration as the engine hands it to a program, and the keys that are secret.

    None leaves a key unset.

    Raises:
        PulumiTestError: a value is encrypted.
    """
    secret = [key for key, value in config.items() if isinstance(value, Secret)]
    values: dict[str, str] = {}
    for key, given in config.items():
        value = given.value if isinstance(given, Secret) else given
        if _is_encrypted(value):
            raise PulumiTestError(
                f"{key} is encrypted in the stack's file, and a test cannot decrypt it; give it a "
                f'value: config={{"{key}": Secret("…")}}, or None to leave it unset.'
            )
        if value is not None:
            values[key] = value if isinstance(value, str) else json.dumps(value)
    return values, secret


def _declared(value: Any) -> Any:
    """Return a value that ``Pulumi.yaml`` gives, or the default of one that it declares."""
    if not isinstance(value, dict):
        return value
    entry = cast("dict[str, Any]", value)
    return entry.get("value", entry.get("default"))


def _is_encrypted(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_is_encrypted, cast("list[Any]", value)))
    if isinstance(value, dict):
        parts = cast("dict[str, Any]", value)
        return set(parts) == {"secure"} or any(map(_is_encrypted, parts.values()))
    return False


def _load(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    return cast("dict[str, Any]", yaml.safe_load(path.read_text()) or {})
