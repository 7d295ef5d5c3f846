"""How invocations that write the same key wait for one another."""

import random

import pytest

from function.contention import back_off


@pytest.mark.parametrize(("attempt", "longest"), [(1, 0.25), (4, 1.0)])
def test_the_wait_is_random_and_bounded(monkeypatch, attempt, longest):
    waits, bounds = [], set()
    monkeypatch.setattr("time.sleep", waits.append)
    uniform = random.uniform

    def choose(least, most):
        bounds.add((least, most))
        return uniform(least, most)

    monkeypatch.setattr("random.uniform", choose)
    for _ in range(50):
        back_off(attempt)
    assert bounds == {(0, longest)}
    assert len(set(waits)) == 50
