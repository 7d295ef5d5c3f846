"""Results of the maintainers' measurements, as ``--json`` writes them."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bench import machine
from bench.machine import Machine

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A measurement, and the machine that it was made on."""

    schema: int = 1
    machine: Machine = field(default_factory=machine.facts)


@dataclass(frozen=True, kw_only=True)
class Result(Measured, Generic[T]):
    """A measurement with a row for each thing that was measured."""

    results: list[T]
