"""The results of measured and simulated storms, as ``--json`` writes them."""

from dataclasses import dataclass, field

from bench import machine
from bench.capacity.scaling import Outcome
from bench.load.storm import Measured
from bench.machine import Machine


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


@dataclass(frozen=True, kw_only=True)
class Result:
    """The storm on the embedded AWS beside its simulation, if it was not left out, and others."""

    schema: int = 1
    machine: Machine = field(default_factory=machine.facts)
    measured: Measured | None
    checks: list[Check]
    simulated: list[Outcome]
