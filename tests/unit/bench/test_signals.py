import os
import signal
import sys

import pytest

from bench import signals
from bench.signals import uninterrupted, with_clean_up


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupt_waits_until_the_block_is_done(number):
    before, done = signal.getsignal(number), []

    def work():
        with uninterrupted():
            os.kill(os.getpid(), number)
            done.append(True)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done
    assert signal.getsignal(number) is before


def test_without_an_interrupt_nothing_is_raised():
    before = signal.getsignal(signal.SIGINT)
    with uninterrupted():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_beside_a_failure_is_not_lost():
    def fail():
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGTERM)
            raise ValueError

    with pytest.raises(KeyboardInterrupt):
        fail()


def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_work_is_returned_and_cleaned_up_after():
    done = []
    assert with_clean_up(lambda: 5, lambda: done.append("clean")) == 5
    assert done == ["clean"]


def test_a_failure_is_cleaned_up_after():
    done = []
    with pytest.raises(ZeroDivisionError):
        with_clean_up(lambda: 1 // 0, lambda: done.append("clean"))
    assert done == ["clean"]


def work(done):
    done.append("worked")
    with uninterrupted():
        done.append("made")


def clean_up(done):
    done.append("begun")
    done.append("clean")


def interrupted_at(place, number, again):
    """Work and clean up with an interrupt at the nth line that is run, and at the one after it."""
    lines, done, files = 0, [], (__file__, signals.__file__)

    def trace(frame, event, _argument):
        nonlocal lines
        if frame.f_code.co_filename not in files:
            return None
        if event == "line" and frame.f_code.co_name != "interrupted_at":
            lines += 1
            if lines == place or (again and lines == place + 1):
                os.kill(os.getpid(), number)
        return trace

    before = [signal.signal(each, signal.default_int_handler) for each in signals.INTERRUPTS]
    sys.settrace(trace)
    try:
        with_clean_up(lambda: work(done), lambda: clean_up(done))
    except KeyboardInterrupt:
        done.append("interrupted")
    finally:
        sys.settrace(None)
        for each, handler in zip(signals.INTERRUPTS, before, strict=True):
            signal.signal(each, handler)
    return lines, done


@pytest.mark.parametrize("again", [False, True], ids=["once", "twice"])
@pytest.mark.parametrize("number", signals.INTERRUPTS)
def test_an_interrupt_at_any_line_is_cleaned_up_after(number, again):
    lines, done = interrupted_at(-9, number, again)
    assert done == ["worked", "made", "begun", "clean"]
    assert lines > 30
    for place in range(1, lines + 1):
        _, done = interrupted_at(place, number, again)
        assert done[-1:] == ["interrupted"] or place >= lines - 1, (place, done)
        assert "worked" not in done or done[-3:-1] == ["begun", "clean"], (place, done)
