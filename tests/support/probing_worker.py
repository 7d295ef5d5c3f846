"""Run code of a test inside the engine's worker, once it is confined."""

import textwrap
from contextlib import contextmanager
from unittest import mock

from function.engine import spawn
from function.engine.answers import Answers
from function.engine.isolate import Isolation
from function.engine.results import Task
from tests.support.engine import MAX_PIXELS, SMALL

TASK = Task(SMALL, MAX_PIXELS, 1024)

_PROGRAM = """
import ctypes, os, select, signal, socket, sys, time
sys.path[:] = __import__("json").loads(sys.argv[1])["path"]
import function.engine.worker as worker
from function.engine.errors import Reason, Rejected
from function.engine.results import Measured, Rendered, Task
from function.engine.sniff import sniff
libc = ctypes.CDLL(None, use_errno=True)

def probe(data, task, allow):
{body}

worker.sniff = lambda data: sniff(b"\\xff\\xd8\\xff")
worker.work = probe
"""


@contextmanager
def isolated(task=TASK, *, before="", most_seconds=10.0, most_bytes=32 << 20):
    """An isolation; ``before`` is run by its zygote ahead of everything else."""
    with mock.patch.object(spawn, "PROGRAM", before + spawn.PROGRAM):
        isolation = Isolation(task, most_bytes=most_bytes, most_seconds=most_seconds)
        try:
            yield isolation
        finally:
            isolation.stop()


@contextmanager
def probing(body, *, task=TASK, before="", most_seconds=10.0):
    """An isolation whose worker runs the body of ``probe(data, task, allow)``, a generator.

    A probe's results need not be complete.
    """
    program = _PROGRAM.format(body=textwrap.indent(textwrap.dedent(body), "    "))
    with (
        mock.patch.object(Answers, "check_complete"),
        isolated(task, before=program + before, most_seconds=most_seconds) as isolation,
    ):
        yield isolation


def told(isolation, data=b"x"):
    """Return what the probe yields as the format of a ``Measured``."""
    return [result.format for result in isolation.run(data)]
