"""A program's arguments as the pipeline's settings."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, cast

import pulumi

from function.engine.renditions import LAZY_FORMATS, TARGETS
from image_pipeline.arguments import ImagePipelineArgs
from pipeline import configuration
from pipeline.settings import KEYS, Settings
from pipeline.settings_checks import SettingsError, in_range
from pipeline.settings_values import STRUCTURED, structured, to_name


def settings_of(args: ImagePipelineArgs) -> Settings:
    """Return the settings that a program's arguments say.

    Raises:
        SettingsError: an argument is of the wrong type, out of range or in contradiction with
            another; the sentence names it.
    """
    values = {name: _value(name, value) for name, value in args.items()}
    return Settings(**values, s3_endpoint=configuration.s3_endpoint())


def _value(name: str, value: object) -> Any:
    key, kind = KEYS[name], Settings.__dataclass_fields__[name].type
    if kind == pulumi.Input[str] and isinstance(value, pulumi.Output):
        return cast("pulumi.Output[str]", value)
    if name == "renditions":
        value = _as_settings_have(key, value)
    if name in STRUCTURED:
        return structured(name, key, _whole(value))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return to_name(kind, key, str(value))
    return _CONVERSIONS.get(cast("type", kind), _text)(key, value)


def _as_settings_have(key: str, value: object) -> object:
    """Return renditions with ``lazyFormats``, and whose target is in ``quality``.

    An argument of the component cannot be either a number or a mapping, so a target has a separate
    one.
    """
    if not isinstance(value, Sequence) or isinstance(value, str):
        return value  # to be refused
    items = enumerate(cast("Sequence[object]", value))
    return [_with_target(f"{key}[{index}]", item) for index, item in items]


def _with_target(path: str, item: object) -> object:
    if not isinstance(item, Mapping):
        return item  # to be refused
    spelled = {"lazy_formats": LAZY_FORMATS}
    given = cast("Mapping[str, object]", item).items()
    rendition = {spelled.get(name, name): found for name, found in given}
    if _TARGET not in rendition:
        return rendition
    target = _number(f"{path}.qualityTarget", rendition.pop(_TARGET))
    in_range(f"{path}.qualityTarget", target, TARGETS[0], TARGETS[-1], "as a score")
    if "quality" in rendition:
        raise SettingsError(
            f"{path} has both quality and qualityTarget, of which a rendition has one; leave out "
            "either."
        )
    return rendition | {"quality": {"target": target}}


_TARGET: Final = "quality_target"


def _whole(value: object) -> object:
    """Return a value whose whole numbers are ``int``: the engine sends every number as a float."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).items()
        return {name: _whole(item) for name, item in items}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_whole(item) for item in cast("Sequence[object]", value)]
    return value


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise SettingsError(f"{key} must be a string; got {value!r}.")
    return str(value)  # the value of an enumeration's member, in every message


def _number(key: str, value: object) -> int:
    # For infinity and NaN the last comparison is true as well; int() would raise for them.
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise SettingsError(f"{key} must be a whole number; got {value!r}.")
    return int(value)


def _truth(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise SettingsError(f"{key} must be true or false; got {value!r}.")
    return value


_CONVERSIONS: Final[Mapping[type, Callable[[str, object], Any]]] = {
    int: _number,
    bool: _truth,
}
"""Type of a setting that is not text to the function that reads it from a program's value."""
