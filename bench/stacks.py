"""The settings of the stack that a measurement is about."""

from local.program import read_settings
from pipeline.settings import Settings, SettingsError
from terminal import Misuse


def read_stack(stack: str | None) -> Settings:
    """Return a stack's settings, or the defaults.

    Raises:
        Misuse: they cannot work.
    """
    try:
        return read_settings(stack) if stack else Settings()
    except SettingsError as error:
        raise Misuse(f"Pulumi.{stack}.yaml: {error}") from error
