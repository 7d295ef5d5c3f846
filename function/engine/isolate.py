"""Run an untrusted decoder in a forked child with limits.

The limits are on CPU time, wall time and memory, and the child can open no files or sockets. When
it crashes or exceeds a limit, the upload is rejected and the function lives. The fork and sending
the pixels back cost a tenth of such a decode (docs/engine.md). Lambda has no shared memory, which
``multiprocessing`` would need; fork and pipes work there.
"""

import fcntl
import json
import os
import resource
import select
import signal
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn

from function.engine.errors import Reason, Rejected

CPU_SECONDS: Final = 8
"""CPU time of one decode. The slowest of a good file that was measured, 50 MP of HEIC, is 3 s."""

WALL_SECONDS: Final = 24.0
"""Clock time of one decode: a small Lambda has a fraction of a CPU, so the child has to wait."""

_CHUNK: Final = 1 << 20
_WORKED: Final = b"+"
_REJECTED: Final = b"-"
_FAILED: Final = b"!"


class ChildFailed(Exception):
    """The work raised an error that is not the image's fault; the message has its traceback."""


def run(work: Callable[[], bytes], *, memory: int) -> memoryview:
    """Return the result of ``work``, computed in a forked child; a view, to copy no pixels.

    Import all that ``work`` needs beforehand: the child opens no files. It may add ``memory`` bytes
    of address space to those of this process.

    Raises:
        Rejected: by ``work``, or ``too_complex`` if the child died or ran out of time or memory.
        ChildFailed: ``work`` raised anything else.
    """
    reader, writer = os.pipe()
    with suppress(OSError):  # the system may hold an unprivileged user's pipes to fewer bytes
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _CHUNK)
    with warnings.catch_warnings():
        # Python 3.12 warns of the store's threads; the child uses nothing that they may lock.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _run_child(work, writer, memory)
    try:
        os.close(writer)
        answer = _read_all(reader, time.monotonic() + WALL_SECONDS)
    finally:
        os.close(reader)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    kind = bytes(answer[:1])
    if kind == _WORKED:
        return answer[1:]
    if kind == _REJECTED:
        rejection = json.loads(bytes(answer[1:]))
        raise Rejected(Reason(rejection["code"]), rejection["message"])
    if kind == _FAILED:
        raise ChildFailed(bytes(answer[1:]).decode())
    message = "This image cannot be decoded within the time and memory allowed."
    raise Rejected(Reason.TOO_COMPLEX, message)


def _run_child(work: Callable[[], bytes], writer: int, memory: int) -> NoReturn:
    """Work, answer through the pipe, and exit without running this process's exit handlers."""
    status = 1
    try:
        try:
            _limit_resources(memory)
            kind, answer = _WORKED, work()
        except Rejected as rejection:
            facts = {"code": rejection.code, "message": rejection.message}
            kind, answer = _REJECTED, json.dumps(facts).encode()
        except MemoryError:  # sends no answer, which the parent takes for "too_complex"
            raise
        except Exception as error:  # noqa: BLE001 - the parent raises it
            kind, answer = _FAILED, _describe(error).encode(errors="replace")
        _write_all(writer, kind)
        _write_all(writer, answer)
        status = 0
    finally:
        os._exit(status)


def _describe(error: BaseException) -> str:
    """Return an exception's message and traceback, without the imports that ``traceback`` does."""
    lines = [f"{type(error).__name__}: {error}"]
    step = error.__traceback__
    while step:
        code = step.tb_frame.f_code
        lines.append(f"  {code.co_filename}:{step.tb_lineno} in {code.co_name}")
        step = step.tb_next
    return "\n".join(lines)


def _limit_resources(memory: int) -> None:
    # Decoders write to stderr, which is the function's log; afterwards nothing can be opened.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    allowed = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    for forbidden in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE):
        resource.setrlimit(forbidden, (0, 0))


def _write_all(writer: int, answer: bytes) -> None:
    rest = memoryview(answer)
    while rest:
        rest = rest[os.write(writer, rest[:_CHUNK]) :]


def _read_all(reader: int, deadline: float) -> memoryview:
    """Return all that the child writes until it closes the pipe; nothing if it is late."""
    answer = bytearray()
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            return memoryview(b"")
        chunk = os.read(reader, _CHUNK)
        if not chunk:
            return memoryview(answer)
        answer += chunk
