"""The error for a setting that cannot work, and the checks that several settings share."""

import re
from collections.abc import Callable, Sequence
from typing import Final

import pulumi

_CERTIFICATE: Final = re.compile(r"arn:[\w-]+:acm:us-east-1:\d{12}:certificate/[\w-]+")


class SettingsError(pulumi.RunError):
    """A setting that cannot work; the message names its key, the limit and the value."""


def in_range(key: str, value: int, low: int, high: int, unit: str) -> None:
    """Raise a ``SettingsError`` if a number is below or above its limits."""
    if not low <= value <= high:
        raise SettingsError(f"{key} must be {low} to {high} {unit}; got {value}.")


def require_one_of(key: str, value: object, allowed: Sequence[object]) -> None:
    """Raise a ``SettingsError`` if a value is none of those allowed."""
    if value not in allowed:
        names = ", ".join(str(item) for item in allowed)
        raise SettingsError(f"{key} must be one of {names}; got {value!r}.")


def checked(key: str, value: pulumi.Input[str], check: Callable[[str], None]) -> pulumi.Input[str]:
    """Return a value that ``check`` accepts; an output is checked once it is known.

    An output that is empty is refused: the resources that an empty value leaves out are by then
    part of the update. No error shows a secret.
    """
    if isinstance(value, str):
        check(value)
        return value
    output = pulumi.Output.from_input(value)

    async def known(text: str) -> str:
        if not text:
            raise SettingsError(f"{key} must not be an output that is empty; leave out {key}.")
        try:
            check(text)
        except SettingsError as error:
            if not await output.is_secret():
                raise
            raise SettingsError(str(error).replace(repr(text), "a secret")) from None
        return text

    return output.apply(known)


def require_email(text: str) -> None:
    """Raise a ``SettingsError`` if ``alarmEmail`` is neither empty nor an address."""
    if text and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text):
        raise SettingsError(f"alarmEmail must be an e-mail address; got {text!r}.")


def require_zone(text: str) -> None:
    """Raise a ``SettingsError`` if ``hostedZoneId`` is neither empty nor like a zone's id."""
    if text and not re.fullmatch(r"(/hostedzone/)?[A-Z0-9]{1,32}", text):
        raise SettingsError(
            f"hostedZoneId must be a zone's id like Z0123456789ABCDEFGHIJ; got {text!r}."
        )


def require_certificate(arn: str) -> None:
    """Raise a ``SettingsError`` if a certificate is not where CloudFront looks for it."""
    if arn and not _CERTIFICATE.fullmatch(arn):
        raise SettingsError(
            "certificateArn must be of a certificate in us-east-1, where CloudFront looks for "
            f"it; got {arn!r}."
        )
