"""The settings of the stack that a measurement is about."""

from local.program import read_settings
from pipeline.settings import Settings, SettingsError
from terminal import Misuse


def read_stack(stack: str | None) -> Settings:
    """Return a stack's settings, or the defaults.

    Raises:
        Misuse: there is no such stack, or its settings cannot work.
    """
    try:
        return Settings() if stack is None else read_settings(stack)
    except SettingsError as error:
        raise Misuse(f"Pulumi.{stack}.yaml: {error}") from error
