"""Memory that is refused, each time as a worker meets it."""

import ctypes

import pytest

from function.engine.errors import DecoderBug, Reason, Rejected
from function.engine.native_module import import_native
from function.engine.refused_memory import forget_refused_memory, was_refused_memory
from function.engine.renditions import DEFAULT_RENDITIONS
from function.engine.results import Task
from tests.hostile import drawings, rasters
from tests.support.probing_worker import isolated, probing, told

pytestmark = pytest.mark.skipif(not import_native(), reason="the C module was not built")


def outcome(isolation, data=b"x"):
    try:
        return told(isolation, data)
    except Rejected as rejection:
        return rejection.code


ALLOCATE = "ctypes.CDLL(None).malloc(ctypes.c_size_t(1 << 50))"
"""An allocation that the system refuses, as a library's own code makes it."""


def test_it_is_told_until_it_is_forgotten():
    forget_refused_memory()
    assert not was_refused_memory()
    exec(ALLOCATE, {"ctypes": ctypes})
    assert was_refused_memory()
    forget_refused_memory()
    assert not was_refused_memory()


def test_an_abort_for_want_of_memory_is_too_complex():
    with probing(f"{ALLOCATE}\nos.abort()\nyield") as isolation:
        assert outcome(isolation) == Reason.TOO_COMPLEX


def test_an_abort_after_it_was_forgotten_is_a_bug():
    body = f"{ALLOCATE}\nworker.import_native().forget_refused_memory()\nos.abort()\nyield"
    with probing(body) as isolation, pytest.raises(DecoderBug, match="status 6"):
        told(isolation)


def test_an_exception_for_want_of_memory_is_too_complex():
    with probing(f"{ALLOCATE}\nraise RuntimeError('no thread')\nyield") as isolation:
        assert outcome(isolation) == Reason.TOO_COMPLEX


@pytest.mark.parametrize(
    "data",
    [drawings.pattern(99_999, 99_999), rasters.webp_groups(1024)],
    ids=["Rust aborts", "libwebp calls it damage"],
)
def test_so_it_is_of_real_decoders(data):
    with isolated(Task(DEFAULT_RENDITIONS, 16_000_000, 256)) as isolation:
        assert outcome(isolation, data) == Reason.TOO_COMPLEX
