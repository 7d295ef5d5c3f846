"""Property values as the engine's protocol writes them, and as a test reads them.

The marks are the protocol's (pulumi/pulumi, ``sdk/go/common/resource/properties.go``, read
2026-11-27).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, cast

import pulumi

from pytest_pulumi.errors import PulumiTestError

UNKNOWN_MARK: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
KIND: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a mark)
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
REFERENCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


@dataclass(frozen=True)
class Secret:
    """A value that a test hands to the program as a secret: ``Secret("hunter2")``."""

    value: Any


class Unknown:
    """A value that a preview cannot know. Compare it with ``is UNKNOWN``.

    Any other use raises, because ``unknown != "0.0.0.0/0"`` would pass and prove nothing; so would
    ``"0.0.0.0/0" not in str(unknown)``.
    """

    def __repr__(self) -> str:
        return "<unknown>"

    def _refuse(self, *_args: object) -> NoReturn:
        raise PulumiTestError(
            "This value is unknown in a preview, so comparing it proves nothing; "
            "ask `value is UNKNOWN`, or evaluate without preview=True."
        )

    __bool__ = __eq__ = __ne__ = __lt__ = __gt__ = __le__ = __ge__ = _refuse  # pyright: ignore[reportAssignmentType]
    __contains__ = __iter__ = __len__ = __getitem__ = _refuse  # pyright: ignore[reportAssignmentType]
    __str__ = __format__ = _refuse  # pyright: ignore[reportAssignmentType]
    __hash__ = _refuse  # `unknown not in {"0.0.0.0/0"}` compares hashes first


UNKNOWN: Final = Unknown()


class Properties(dict[str, Any]):
    """Properties by the provider's names (camelCase); the error for a missing one lists them."""

    def __missing__(self, key: str) -> NoReturn:
        raise KeyError(f"{key!r}; there are {', '.join(sorted(self)) or 'none'}")


@dataclass
class Decoded:
    """Plain properties, and the paths of secret and of unknown ones."""

    values: Properties = field(default_factory=Properties)
    secrets: set[str] = field(default_factory=set[str])
    unknowns: set[str] = field(default_factory=set[str])


def decode(wire: Mapping[str, Any]) -> Decoded:
    """Read properties in the protocol's form. Null is absent, as it is to a provider."""
    found = Decoded()
    for key, value in wire.items():
        if value is not None:
            found.values[key] = _decode(value, key, found)
    return found


def _decode(value: Any, path: str, found: Decoded) -> Any:
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [_decode(item, f"{path}[{i}]", found) for i, item in enumerate(items)]
    if isinstance(value, dict):
        return _decode_object(cast("dict[str, Any]", value), path, found)
    if value == UNKNOWN_MARK:
        found.unknowns.add(path)
        return UNKNOWN
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _decode_object(value: dict[str, Any], path: str, found: Decoded) -> Any:
    match value.get(KIND):
        case None:
            return Properties(
                (key, _decode(item, f"{path}.{key}", found))
                for key, item in value.items()
                if item is not None
            )
        case kind if kind == SECRET:
            found.secrets.add(path)
            return _decode(value["value"], path, found)
        case kind if kind == ASSET:
            return _asset(value)
        case kind if kind == ARCHIVE:
            return _archive(value, path, found)
        case kind if kind == REFERENCE:
            return value["urn"]
        case kind:
            raise PulumiTestError(f"{path} is of a kind that pytest-pulumi does not know: {kind}.")


def _asset(value: Mapping[str, Any]) -> pulumi.Asset:
    if "path" in value:
        return pulumi.FileAsset(value["path"])
    if "uri" in value:
        return pulumi.RemoteAsset(value["uri"])
    return pulumi.StringAsset(value.get("text", ""))


def _archive(value: Mapping[str, Any], path: str, found: Decoded) -> pulumi.Archive:
    if "path" in value:
        return pulumi.FileArchive(value["path"])
    if "uri" in value:
        return pulumi.RemoteArchive(value["uri"])
    assets: dict[str, Any] = value.get("assets", {})
    return pulumi.AssetArchive({key: _decode(item, path, found) for key, item in assets.items()})


def encode(value: Any) -> Any:  # noqa: PLR0911 (one return for each kind)
    """Return a value in the protocol's form.

    Raises:
        PulumiTestError: JSON has no such value.
    """
    match value:
        case Secret():
            return {KIND: SECRET, "value": encode(value.value)}
        case Unknown():
            return UNKNOWN_MARK
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {str(k): encode(v) for k, v in cast("Mapping[Any, Any]", value).items()}
        case list() | tuple() | set() | frozenset():
            return [encode(item) for item in cast("list[Any]", value)]
        case pulumi.Asset():
            return {KIND: ASSET, **_content(value)}
        case pulumi.Archive():
            return {KIND: ARCHIVE, **_content(value)}
        case _:
            raise PulumiTestError(
                f"A provider cannot answer {value!r} ({type(value).__name__}); "
                f"answer with text, numbers, lists, mappings or Secret."
            )


def _content(value: pulumi.Asset | pulumi.Archive) -> dict[str, Any]:
    match value:
        case pulumi.FileAsset() | pulumi.FileArchive():
            return {"path": str(value.path)}
        case pulumi.RemoteAsset() | pulumi.RemoteArchive():
            return {"uri": value.uri}
        case pulumi.StringAsset():
            return {"text": value.text}
        case pulumi.AssetArchive():
            return {"assets": encode(value.assets)}
        case _:
            raise PulumiTestError(f"pytest-pulumi does not know the asset {value!r}.")


def without_outputs(value: Any) -> Any:
    """Return a value in the protocol's form with its output values as plain ones."""
    if isinstance(value, list):
        return [without_outputs(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    entries = cast("dict[str, Any]", value)
    if entries.get(KIND) != OUTPUT:
        return {key: without_outputs(item) for key, item in entries.items()}
    plain: Any = without_outputs(entries.get("value", UNKNOWN_MARK))
    return {KIND: SECRET, "value": plain} if entries.get("secret") else plain


def output_dependencies(value: Any) -> Iterator[str]:
    """Yield the URNs that the output values in a value come from."""
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from output_dependencies(item)
    elif isinstance(value, dict):
        entries = cast("dict[str, Any]", value)
        if entries.get(KIND) == OUTPUT:
            yield from entries.get("dependencies", [])
        for item in entries.values():
            yield from output_dependencies(item)


def as_output(value: Any, dependencies: frozenset[str]) -> Any:
    """Return a value in the protocol's form as an output value that comes from resources."""
    secret = isinstance(value, dict) and cast("dict[str, Any]", value).get(KIND) == SECRET
    plain: Any = cast("dict[str, Any]", value)["value"] if secret else cast("Any", value)
    wrapped: dict[str, Any] = {KIND: OUTPUT, "dependencies": sorted(dependencies)}
    if plain != UNKNOWN_MARK:
        wrapped["value"] = plain
    return wrapped | ({"secret": True} if secret else {})
