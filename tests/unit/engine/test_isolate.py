import os
import signal
import time
from pathlib import Path

import pytest

from function.engine import isolate
from function.engine.errors import Reason, Rejected


def run(work, **limits):
    return isolate.run(work, **({"memory": 64 << 20} | limits))


def code_of(work, **limits):
    with pytest.raises(Rejected) as caught:
        run(work, **limits)
    return caught.value.code


def test_the_answer_comes_back_whole():
    answer = os.urandom(3 << 20)
    assert run(lambda: answer) == answer


def test_a_rejection_comes_back_as_it_was():
    def work():
        raise Rejected(Reason.POLYGLOT, "Some sentence.")

    with pytest.raises(Rejected) as caught:
        run(work)
    assert (caught.value.code, caught.value.message) == (Reason.POLYGLOT, "Some sentence.")


def test_a_crash_is_a_rejection():
    assert code_of(lambda: os.kill(os.getpid(), signal.SIGKILL)) == "too_complex"


def test_any_other_exception_is_a_failure_of_ours_that_says_where():
    with pytest.raises(isolate.ChildFailed, match=r"(?s)ZeroDivisionError: .*test_isolate.py:"):
        run(lambda: bytes(1 // 0))


def test_memory_is_bounded():
    assert code_of(lambda: bytes(256 << 20)) == "too_complex"


def test_computing_time_is_bounded(monkeypatch):
    monkeypatch.setattr(isolate, "CPU_SECONDS", 1)

    def spin():
        while True:
            pass

    assert code_of(spin) == "too_complex"


def test_waiting_time_is_bounded(monkeypatch):
    monkeypatch.setattr(isolate, "WALL_SECONDS", 0.2)
    assert code_of(lambda: bytes(time.sleep(60) or 0)) == "too_complex"


def test_the_child_can_open_nothing():
    def work():
        with open("/etc/passwd", "rb") as file:  # noqa: PTH123 - what a decoder would do
            return file.read()

    with pytest.raises(isolate.ChildFailed, match="Too many open files"):
        run(work)


def test_no_child_and_no_descriptor_is_left_behind():
    def left() -> tuple[int, str]:
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
        return len(os.listdir("/proc/self/fd")), children  # noqa: PTH208

    before = left()
    run(lambda: b"")
    assert left() == before
