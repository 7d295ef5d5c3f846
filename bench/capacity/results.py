"""The results of measured and simulated storms, as ``--json`` writes them."""

from dataclasses import dataclass, field, replace
from typing import Final

from bench import machine
from bench.capacity.scaling import Outcome
from bench.capacity.storm import Measured
from bench.machine import Machine

_POINTS: Final = 200


@dataclass(frozen=True, kw_only=True)
class Check:
    """One figure of the storm, measured and simulated; ``error`` is relative to the measured."""

    name: str
    measured: float
    simulated: float
    error: float


def compare(name: str, measured: float, simulated: float) -> Check:
    """Return a figure with its relative error."""
    error = round(simulated / measured - 1, 4) if measured else 0.0
    return Check(name=name, measured=measured, simulated=simulated, error=error)


def thin(outcome: Outcome) -> Outcome:
    """Return a simulated storm with 200 moments at most, close together at first."""
    last = len(outcome.moments) - 1
    places = sorted({round(last ** (n / (_POINTS - 1))) for n in range(_POINTS)} | {0})
    return replace(outcome, moments=[outcome.moments[min(place, last)] for place in places])


@dataclass(frozen=True, kw_only=True)
class Result:
    """The storm on the embedded AWS beside its simulation, if it was not left out, and others."""

    schema: int = 1
    machine: Machine = field(default_factory=machine.facts)
    measured: Measured | None
    checks: list[Check]
    simulated: list[Outcome]
