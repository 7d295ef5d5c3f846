"""Records: what frozen dataclasses are, made at a cold start in a tenth of the time.

The module ``dataclasses`` imports ``inspect`` and compiles the methods of each class.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self, cast, dataclass_transform


@dataclass_transform(frozen_default=True)
class Record:
    """Base of classes that only name their fields, with types and defaults, as dataclasses do.

    Fields are given by name or in their order, never change, and decide on equality. A default is
    shared by all records, so it must not be mutable. ``__post_init__`` may check the fields.
    """

    fields: ClassVar[dict[str, Any]] = {}
    """The names of all fields in their order, each with its default, or ``REQUIRED``."""

    REQUIRED: ClassVar[object] = object()

    def __init_subclass__(cls) -> None:
        """Collect the fields of a new class after those of its base."""
        own = (name for name in cls.__annotations__ if name not in cls.fields)
        cls.fields = cls.fields | {name: vars(cls).get(name, Record.REQUIRED) for name in own}

    def __init__(self, *values: Any, **named: Any) -> None:
        """Set all fields.

        Raises:
            TypeError: a field is missing, unknown or given twice.
        """
        given = dict(zip(self.fields, values, strict=False))
        fields = self.fields | given | named
        wrong = (fields.keys() - self.fields.keys()) | (given.keys() & named.keys())
        wrong |= {name for name, value in fields.items() if value is Record.REQUIRED}
        if wrong or len(values) > len(given):
            raise TypeError(f"{type(self).__name__} takes {[*self.fields]}; wrong: {sorted(wrong)}")
        vars(self).update(fields)
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check the fields; a record without rules takes any."""

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse.

        Raises:
            AttributeError: always.
        """
        raise AttributeError(f"{type(self).__name__}.{name} cannot be set: records never change")

    def __eq__(self, other: object) -> bool:
        """Return True for a record of the same class with equal fields."""
        return type(self) is type(other) and self._values() == cast("Record", other)._values()

    def __hash__(self) -> int:
        """Return a hash of the fields."""
        return hash(self._values())

    def __repr__(self) -> str:
        """Return the class and its fields, as they are written in Python."""
        pairs = zip(self.fields, self._values(), strict=True)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in pairs)})"

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """Make a record of plain data that another release may have written.

        A newer one may have added fields and then have been rolled back. What it wrote must stay
        readable, so fields that this release does not know are left out.
        """
        return cls(**{name: raw[name] for name in cls.fields if name in raw})

    def replace(self, **changes: Any) -> Self:
        """Return a copy with other values of some fields."""
        return type(self)(**dict(zip(self.fields, self._values(), strict=True)) | changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data in their order; a tuple becomes a list."""
        own = vars(self)
        return {name: _plain(own[name]) for name in self.fields}

    def _values(self) -> tuple[Any, ...]:
        own = vars(self)
        return tuple([own[name] for name in self.fields])


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast("list[Any]", value)]
    return value
