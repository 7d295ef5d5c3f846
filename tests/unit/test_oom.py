import pytest

from bench import oom
from bench.oom import Found, bisect


@pytest.mark.parametrize("start", [0, 5, 19, 99])
@pytest.mark.parametrize("last", [-1, 0, 7, 18, 19])
def test_bisection_finds_the_last_that_survives(last, start):
    tried = []

    def survives(index):
        tried.append(index)
        return index <= last

    assert bisect(survives, 20, start) == last
    assert len(set(tried)) == len(tried)


def found(**values):
    defaults = {"kind": "webp", "memory_mb": 512, "ended": "oom", "allowed_mp": 22, "tries": 5}
    return Found(**{**defaults, **values})


def test_what_survives_more_than_is_allowed_is_safe():
    assert found(survived_mp=23.0).safe
    assert found(survived_mp=oom.MOST, allowed_mp=400, ended="").safe
    assert found(survived_mp=23.0).advice == ""


def test_what_is_allowed_and_killed_says_which_figure_to_raise():
    case = found(survived_mp=20.0)
    assert not case.safe
    assert case.advice == 'BYTES_PER_PIXEL["webp"]: 19.0 -> 21.6'


def test_a_function_too_small_for_anything_needs_a_larger_base():
    assert "BASE_MB" in found(memory_mb=128, survived_mp=0, allowed_mp=1).advice
