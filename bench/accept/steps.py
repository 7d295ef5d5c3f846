"""Run named steps in order, stop at the first that fails, and record each one's time and cost."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from terminal import Failure

State = Literal["passed", "skipped", "failed", "interrupted"]

GOOD: Final = ("passed", "skipped")


class StepFailed(Failure):
    """A step did not find what it looks for; the text is one sentence."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a step that has not failed.

    Attributes:
        detail: what was seen, in a few words.
        figures: what the evidence has of it, as JSON takes it.
        usd: cost of the uploads in USD; None where the price file has no prices for the step.
        is_skipped: whether the step was left out; ``detail`` says why.
    """

    detail: str
    figures: dict[str, Any] = field(default_factory=dict[str, Any])
    usd: float | None = None
    is_skipped: bool = False


@dataclass(frozen=True, kw_only=True)
class Record:
    """One step as it went: an outcome with the step's name, state and seconds."""

    name: str
    state: State
    seconds: float
    detail: str
    figures: dict[str, Any] = field(default_factory=dict[str, Any])
    usd: float | None = None

    def to_line(self) -> str:
        """One line for the terminal."""
        usd = "       -" if self.usd is None else f"${self.usd:.5f}"
        return f"{self.state:<11} {self.name:<10} {self.seconds:7.1f} s  {usd}  {self.detail}"


Step = Callable[[], Outcome]


def run(
    steps: Mapping[str, Step],
    show: Callable[[Record], None],
    failures: tuple[type[Exception], ...] = (),
    tell: Callable[[Exception], str] = str,
) -> list[Record]:
    """Run the steps and return a record of each, the one that failed or was interrupted included.

    Args:
        steps: by name, in their order.
        show: told each record as soon as there is one.
        failures: exceptions that count as a step's failure beside ``StepFailed``.
        tell: what to say of an exception.
    """
    records: list[Record] = []
    for name, step in steps.items():
        records.append(_run_one(name, step, failures, tell))
        show(records[-1])
        if records[-1].state not in GOOD:
            break
    return records


def _run_one(
    name: str, step: Step, failures: tuple[type[Exception], ...], tell: Callable[[Exception], str]
) -> Record:
    begin = time.monotonic()
    try:
        outcome = step()
    except (StepFailed, *failures) as error:
        state, outcome = "failed", Outcome(detail=" ".join(tell(error).split()))
    except KeyboardInterrupt:
        state, outcome = "interrupted", Outcome(detail="stopped by a signal")
    else:
        state = "skipped" if outcome.is_skipped else "passed"
    return Record(
        name=name,
        state=state,
        seconds=round(time.monotonic() - begin, 1),
        detail=outcome.detail,
        figures=outcome.figures,
        usd=outcome.usd,
    )
