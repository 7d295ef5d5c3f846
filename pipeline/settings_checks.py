"""What a setting that cannot work raises, and the checks that several settings share."""

from collections.abc import Sequence

import pulumi


class SettingsError(pulumi.RunError):
    """A setting that cannot work; the one sentence names its key, the limit and what it got."""


def in_range(key: str, value: int, low: int, high: int, unit: str) -> None:
    """Raise a ``SettingsError`` if a number is below or above its limits."""
    if not low <= value <= high:
        raise SettingsError(f"{key} must be {low} to {high} {unit}; got {value}.")


def require_one_of(key: str, value: object, allowed: Sequence[object]) -> None:
    """Raise a ``SettingsError`` if a value is none of those allowed."""
    if value not in allowed:
        names = ", ".join(str(item) for item in allowed)
        raise SettingsError(f"{key} must be one of {names}; got {value!r}.")
