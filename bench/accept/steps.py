"""Run named steps in order, stop at the first that fails, and record each one's time and cost."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from terminal import Failure

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

GOOD: Final = ("passed", "skipped")


class StepFailed(Failure):
    """A check of a step failed; the text is one sentence."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a step, as the evidence has it; ``run`` fills in the name and the time."""

    name: str = ""
    state: Literal["passed", "skipped", "failed", "interrupted"] = "passed"
    seconds: float = 0.0
    detail: str  # what was seen, in a few words; of a skipped step, why
    figures: "DataclassInstance | None" = None  # where there are more than ``detail`` has
    usd: float | None = None  # cost of the uploads; None without any, or without prices

    def to_line(self) -> str:
        """Return one line for the terminal."""
        took = f"{self.seconds:7.1f} s  {dollars(self.usd):>8}"
        return f"{self.state:<11} {self.name:<10} {took}  {self.detail}"


Step = Callable[[], Outcome]
"""Raises ``StepFailed`` if what it checks does not hold."""


def run(
    steps: Mapping[str, Step],
    show: Callable[[Outcome], None],
    failures: tuple[type[Exception], ...] = (),
) -> list[Outcome]:
    """Run the steps until one fails or is interrupted; return their outcomes and show each at once.

    ``failures`` are exceptions that count as a step's failure besides ``StepFailed``.
    """
    outcomes: list[Outcome] = []
    for name, step in steps.items():
        begin = time.monotonic()
        try:
            outcome = step()
        except (StepFailed, *failures) as error:
            outcome = Outcome(state="failed", detail=" ".join(str(error).split()))
        except KeyboardInterrupt:
            outcome = Outcome(state="interrupted", detail="stopped by a signal")
        seconds = round(time.monotonic() - begin, 1)
        outcomes.append(replace(outcome, name=name, seconds=seconds))
        show(outcomes[-1])
        if outcome.state not in GOOD:
            break
    return outcomes


def dollars(usd: float | None) -> str:
    """Return a cost as it is shown; a dash if there is none."""
    return "-" if usd is None else f"${usd:.5f}"
