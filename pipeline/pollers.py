"""Provisioned mode of the event source mapping: how many event pollers Lambda keeps."""

from dataclasses import dataclass

from pipeline.settings_checks import SettingsError, in_range


@dataclass(frozen=True, kw_only=True)
class Pollers:
    """Fewest and most event pollers of SQS provisioned mode."""

    min: int
    max: int

    def __post_init__(self) -> None:
        """Raise a ``SettingsError`` for a number that AWS refuses.

        The limits are those for SQS (Lambda developer guide, "Lambda parameters for Amazon SQS
        event source mappings", read 2026-11-27).
        """
        in_range("pollers min", self.min, 2, 200, "event pollers")
        in_range("pollers max", self.max, 2, 2000, "event pollers")
        if self.min > self.max:
            raise SettingsError(
                f"pollers min must not be above max; got min {self.min} and max {self.max}."
            )
