"""Run a decoder that cannot be trusted in a child process of its own, with little to harm.

The child may compute for so long, hold so much memory, and open nothing: no file, no socket. When
it crashes, spins or swells, the upload is rejected and the function lives. The fork and the pixels'
way back cost a tenth of such a decode (docs/engine.md). Lambda has no shared memory, which
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

from function.engine.errors import Rejected

CPU_SECONDS: Final = 8
"""Computing time of one decode. The slowest honest one seen, 50 MP of HEIC, takes 3 s."""

WALL_SECONDS: Final = 24.0
"""Time that a decode may sleep or wait for its share of a small Lambda's CPU."""

_CHUNK: Final = 1 << 20
_WORKED: Final = b"+"
_REJECTED: Final = b"-"
_FAILED: Final = b"!"


class ChildFailed(Exception):
    """The work raised what is not the image's fault; the message ends with where it happened."""


def run(
    work: Callable[[], bytes],
    *,
    memory: int,
    cpu_seconds: int = CPU_SECONDS,
    wall_seconds: float = WALL_SECONDS,
) -> memoryview:
    """What ``work`` returns, computed in a forked child; a view, for pixels are many.

    Import all that ``work`` needs beforehand: the child opens no files.

    Args:
        work: the risky part; only its result and its ``Rejected`` come back.
        memory: bytes of address space that the child may add to those of this process.
        cpu_seconds: computing time after which the child is killed.
        wall_seconds: clock time after which the child is killed.

    Raises:
        Rejected: by ``work`` itself, or ``too_complex`` when the child died or ran out of
            time or memory.
        ChildFailed: ``work`` raised anything else.
    """
    reader, writer = os.pipe()
    with suppress(OSError):  # an unprivileged user's pipes may be held to a smaller size
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, _CHUNK)
    with warnings.catch_warnings():
        # The threads that Python 3.12 warns of are the store's; the child touches none of theirs.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _be_the_child(work, writer, memory=memory, cpu_seconds=cpu_seconds)
    try:
        os.close(writer)
        answer = _read_all(reader, time.monotonic() + wall_seconds)
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
        raise Rejected(rejection["code"], rejection["message"])
    if kind == _FAILED:
        raise ChildFailed(bytes(answer[1:]).decode())
    raise Rejected(
        "too_complex", "This image cannot be decoded within the time and memory allowed."
    )


def _be_the_child(
    work: Callable[[], bytes], writer: int, *, memory: int, cpu_seconds: int
) -> NoReturn:
    """Work, answer through the pipe, and leave without running this process's exit handlers."""
    status = 1
    try:
        try:
            _confine(memory, cpu_seconds)
            kind, answer = _WORKED, work()
        except Rejected as rejection:
            facts = {"code": rejection.code, "message": rejection.message}
            kind, answer = _REJECTED, json.dumps(facts).encode()
        except MemoryError:  # of the memory that this image may have: no answer is "too_complex"
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


def _confine(memory: int, cpu_seconds: int) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    allowed = pages * resource.getpagesize() + memory
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def _write_all(writer: int, answer: bytes) -> None:
    rest = memoryview(answer)
    while rest:
        rest = rest[os.write(writer, rest[:_CHUNK]) :]


def _read_all(reader: int, deadline: float) -> memoryview:
    """All that the child writes until it closes the pipe; nothing when it is late."""
    answer = bytearray()
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            return memoryview(b"")
        chunk = os.read(reader, _CHUNK)
        if not chunk:
            return memoryview(answer)
        answer += chunk
