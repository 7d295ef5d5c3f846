"""Configuration of a stack: plain values, ``Pulumi.yaml`` and ``Pulumi.<stack>.yaml``."""

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import yaml

from pytest_pulumi.errors import PulumiTestError
from pytest_pulumi.values import Secret

_BOOL, _INT, _DATE = (f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "timestamp"))
_OTHERWISE = {_BOOL, _INT, _DATE}
_AS_IN_YAML_1_2 = (
    (_BOOL, r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    (_INT, r"^[-+]?(?:0|[1-9][0-9_]*|0[0-7_]+|0b[01_]+|0x[0-9a-fA-F_]+)$", "-+0123456789"),
)


class _Loader(yaml.SafeLoader):
    """Reads ``no``, ``12:30`` and ``2026-01-31`` as text, as the Pulumi CLI does."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in known if tag not in _OTHERWISE]
    for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _form, _first in _AS_IN_YAML_1_2:
    cast("Any", _Loader).add_implicit_resolver(_tag, re.compile(_form), list(_first))


def project_name(folder: Path) -> str | None:
    """Return the name in ``Pulumi.yaml``, or None without that file."""
    return _load(_project_file(folder)).get("name")


def program_folder(folder: Path) -> Path:
    """Return the folder of ``__main__.py``: ``main`` of ``Pulumi.yaml``, or the same folder."""
    return folder / (_load(_project_file(folder)).get("main") or ".")


def read(folder: Path, stack: str) -> dict[str, Any]:
    """Return a stack's configuration by full key, over the project's defaults.

    Encrypted values are ``{"secure": …}``, as they stand in the file.
    """
    project = project_name(folder) or folder.name
    path = _project_file(folder)
    project_file = _load(path)
    declared: dict[str, Any] = project_file.get("config") or {}
    found: dict[str, Any] = {}
    for key, value in declared.items():
        given = _declared(value)
        if given is not None:
            found[full_key(key, project)] = given
    stacks = folder / (project_file.get("stackConfigDir") or ".")
    return found | _of_stack(stacks / f"Pulumi.{stack.replace('/', '-')}{path.suffix}")


def _project_file(folder: Path) -> Path:
    """Return the project's file; stacks' files end as it does (``workspace/paths.go``)."""
    paths = [folder / f"Pulumi{suffix}" for suffix in (".json", ".yaml", ".yml")]
    return next(filter(Path.is_file, paths), folder / "Pulumi.yaml")


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


def _of_stack(path: Path) -> dict[str, Any]:
    """Return a stack's own configuration; scalars are text as it stands in the file: ``0123``.

    So does ``Value.unmarshalValue`` of the Pulumi CLI (``sdk/go/common/resource/config/value.go``).
    """
    config: dict[str, Any] = _load(path).get("config") or {}
    if not config:
        return {}
    written = cast("Any", yaml).compose(path.read_text("utf-8"), _Loader)
    [entries] = [node for key, node in written.value if key.value == "config"]
    texts: dict[str, str] = {
        key.value: node.value
        for key, node in entries.value
        if isinstance(node, yaml.ScalarNode) and node.tag != "tag:yaml.org,2002:null"
    }
    return config | {key: text for key, text in texts.items() if key in config}


def _load(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        found: Any = deepcopy(_parse(path.read_text("utf-8")))
    except yaml.YAMLError as error:
        raise PulumiTestError(f"{path} is not YAML: {error}") from error
    if not isinstance(found, dict):
        raise PulumiTestError(f"{path} holds {found!r}; it needs a mapping with keys and values.")
    entries = cast("dict[str, Any]", found)
    if not isinstance(entries.get("config") or {}, dict):
        raise PulumiTestError(
            f"config of {path} is {entries['config']!r}; it needs a mapping: `project:key: value`."
        )
    return entries


@lru_cache(maxsize=8)  # an evaluation reads the project's file several times
def _parse(text: str) -> Any:
    return yaml.load(text, _Loader) or {}  # noqa: S506 (a safe one)
