import time
from dataclasses import dataclass

import pytest

from bench.accept.steps import Outcome, StepFailed, run


@dataclass(frozen=True)
class Made:
    made: int


def fail(error):
    def step():
        raise error

    return step


def test_steps_run_in_order_and_each_is_shown():
    shown = []
    steps = {
        "one": lambda: Outcome(detail="1 made", figures=Made(1), usd=0.5),
        "two": lambda: Outcome(detail="cannot yet", state="skipped"),
    }
    records = run(steps, shown.append)
    assert records == shown
    assert [(r.name, r.state, r.detail, r.figures, r.usd) for r in records] == [
        ("one", "passed", "1 made", Made(1), 0.5),
        ("two", "skipped", "cannot yet", None, None),
    ]


@pytest.mark.parametrize(
    ("error", "state", "detail"),
    [
        (StepFailed("It is\n  red."), "failed", "It is red."),
        (KeyError("gone"), "failed", "'gone'"),
        (KeyboardInterrupt(), "interrupted", "stopped by a signal"),
    ],
)
def test_the_first_that_fails_is_the_last(error, state, detail):
    steps = {
        "skipped": lambda: Outcome(detail="", state="skipped"),
        "bad": fail(error),
        "never": fail(AssertionError()),
    }
    records = run(steps, lambda _record: None, (KeyError,))
    assert [(r.name, r.state) for r in records] == [("skipped", "skipped"), ("bad", state)]
    assert records[-1].detail == detail


def test_what_is_no_failure_of_a_step_is_raised():
    with pytest.raises(KeyError):
        run({"bug": fail(KeyError())}, lambda _record: None)


def test_seconds_are_of_the_step(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def slow():
        now[0] += 2.51
        return Outcome(detail="")

    records = run({"slow": slow, "fast": lambda: Outcome(detail="")}, lambda _record: None)
    assert [record.seconds for record in records] == [2.5, 0]


@pytest.mark.parametrize(("usd", "shown"), [(None, "       -"), (0.00123, "$0.00123")])
def test_a_line_has_state_name_seconds_cost_and_detail(usd, shown):
    record = Outcome(name="up", state="passed", seconds=12.34, detail="47 created", usd=usd)
    assert record.to_line() == f"passed      up            12.3 s  {shown}  47 created"
