"""Read a dataclass from JSON that another release may have written."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any


def known_fields(kind: type[Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of ``raw`` that are fields of a dataclass.

    A newer release may have added fields, and then have been rolled back. What it wrote must stay
    readable, so fields that this release does not know are left out.
    """
    return {field.name: raw[field.name] for field in fields(kind) if field.name in raw}
