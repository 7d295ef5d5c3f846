"""Checks of the prefixes of uploads, which are parts of keys, IAM patterns, filters and URLs."""

import re
from collections.abc import Sequence
from typing import Final

from function.contract.keys import BATCH_OPERATIONS, INDEX
from pipeline.settings_checks import SettingsError

MAX_LENGTH: Final = 100
"""Bytes that leave room for names in keys of 1,024, and for prefixes in the roles' policies."""

_PREFIX: Final = re.compile(r"([A-Za-z0-9_.-]+/)+")
"""Folders of characters without a special meaning anywhere: no ``*`` or ``?`` of IAM's patterns, no
``$`` of its variables or of signed forms, nothing that a URL or an event would encode."""


def check(prefix: str, former: Sequence[str]) -> None:
    """Raise a ``SettingsError`` if a prefix cannot work, or two of them share keys.

    Args:
        prefix: of new uploads.
        former: prefixes that the stack had before.
    """
    _check_one("prefix", prefix)
    for each in former:
        _check_one("formerPrefixes", each)
    known: list[str] = []
    for each in (prefix, *former):
        for other in known:
            if each.startswith(other) or other.startswith(each):
                raise SettingsError(
                    f"formerPrefixes must share no key with prefix or with one another; {each} and "
                    f"{other} do."
                )
        known.append(each)


def _check_one(key: str, prefix: str) -> None:
    if not _PREFIX.fullmatch(prefix) or not {".", ".."}.isdisjoint(prefix.split("/")):
        raise SettingsError(
            f"{key} must be folders of letters a-z and A-Z, digits, . _ and -, each with a / at "
            f"its end, like uploads/ or shop/incoming/; got {prefix!r}."
        )
    if len(prefix) > MAX_LENGTH:
        raise SettingsError(f"{key} must have at most {MAX_LENGTH} letters; got {len(prefix)}.")
    for reserved in (BATCH_OPERATIONS, INDEX):
        if prefix.startswith(reserved):
            raise SettingsError(
                f"{key} must not be {reserved} or begin with it, which the pipeline keeps for "
                f"itself; got {prefix!r}."
            )
