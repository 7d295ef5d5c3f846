"""The processes that decode: a zygote, and the worker that it forks.

The zygote never reads an upload. It imports the modules that a worker needs, because a worker can
open no file, and keeps open the few files that a decoder opens by itself; it forks; and it reports
how the worker ended. ``isolate.py`` starts and commands both.
"""

import gc
import json
import math
import mmap
import os
import resource
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NoReturn

from PIL import Image

from function.engine import formats, room, vectors
from function.engine.answers import Answers
from function.engine.budget import LONG_MS, clock_seconds
from function.engine.channel import Channel, Ended
from function.engine.colour import forget_profiles
from function.engine.encode import import_encoder
from function.engine.errors import Rejected, is_system_failure
from function.engine.formats.format import Format
from function.engine.memory_limit import MemoryLimit
from function.engine.native_module import import_native
from function.engine.refused_memory import was_refused_memory
from function.engine.renditions import OutputFormat
from function.engine.results import MOST_FAILURE, Result, Task
from function.engine.sniff import sniff
from function.engine.work import work

_HEAP: Final = 64 << 20
"""Bytes by which the heap of a worker that serves a single upload grows at once. A picture of 6
megapixels takes about as much: with it, an AVIF has 7,800 page faults for 23,000 without, a HEIC
2,400 for 20,000. A large one would take more memory, as the heap keeps what is freed."""

_LEAST_KEPT, _MOST_KEPT = 32 << 20, 128 << 20
"""Bytes of free heap that a worker keeps for its next upload, by the function's memory.

Mapping again the pages that a photo of 12 megapixels and its default renditions need took 17 of 114
ms of CPU time (``bench maintain isolation`` with 32 MB kept, and with 128)."""

_LIMITED_CLOCK: Final = -8
"""The clock that the kernel compares with ``RLIMIT_CPU``: this process's ticks of user and system
time (Linux, ``CPUCLOCK_PROF`` in include/linux/posix-timers.h). A tick counts whole for whatever
runs then, so this clock gained 12 % on ``time.process_time`` where a control group held a worker
back; by the 360th photo of one worker it was ahead by the whole limit, and the photo was killed."""

_SHARED: Final = ("PIL.ImageCms", "PIL.ImageFilter", "PIL.ImagePalette", "PIL.TiffImagePlugin")
"""Modules that any format may need: for colours, palettes, and EXIF in TIFF's form."""


def run_zygote(setup: dict[str, Any]) -> NoReturn:
    """Fork workers as ordered, one at a time, until the orders end."""
    _close_all_but([setup[name] for name in ("orders", "news", "jobs", "answers", "memory")])
    quiet = os.open(os.devnull, os.O_RDWR)
    os.dup2(quiet, 0)
    os.dup2(quiet, 1)  # Lambda reads these as the function's log
    _be_first_to_go()
    if native := import_native():
        native.hide()  # from here on, only root may write to this process's files in /proc
        native.end_with_parent()
    task = Task.parse(setup["task"])
    _import_all(task)
    ready = {formats.NAMES[0]}  # decode.py has imported its modules
    for name in room.compared_formats(task.renditions) - ready:
        prepare(formats.by_name(name))
        ready.add(name)
    memory = None
    if setup["memory"] >= 0:
        memory = mmap.mmap(setup["memory"], setup["size"])
        os.close(setup["memory"])
    child = 0
    with os.fdopen(setup["orders"], "rb", buffering=0) as orders:
        for line in orders:
            if child:
                os.waitpid(child, 0)
            wanted = json.loads(line)["format"]
            # A worker that was broken into may ask for anything.
            if wanted in formats.NAMES and wanted not in ready:
                prepare(formats.by_name(wanted))
                ready.add(wanted)
            gc.collect()
            gc.freeze()  # the worker's collector then writes to none of these pages
            child = os.fork()
            if child == 0:
                os.dup2(quiet, 2)  # decoders write there, too
                os.close(setup["orders"])
                os.close(setup["news"])
                channel = Channel(setup["jobs"], setup["answers"], memory)
                _Worker(task, channel, frozenset(ready)).run()
            _tell(setup["news"], {"pid": child})
            # It is left unreaped until the next order, so that no other process gets its number.
            ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
            _tell(setup["news"], {"ended": ended.si_status if ended else 0})
    raise SystemExit


def _close_all_but(files: Iterable[int]) -> None:
    """Close other files that the function passes on to children, such as Lambda's log file."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    kept = sorted({0, 1, 2, *files} - {-1})
    for before, after in pairwise([*kept, most]):
        os.closerange(before + 1, after)


def _import_all(task: Task) -> None:
    """Import what any worker needs, apart from the decoders of single formats."""
    for name in _SHARED:
        __import__(name)
    list(formats.every())
    vectors.load_module()
    Image.preinit()
    for name in (name for rendition in task.renditions for name in rendition.formats):
        import_encoder(name)


def prepare(known: Format) -> None:
    """Import the modules that a format needs, and open its files, for all later workers."""
    known.import_modules()
    if native := import_native():
        for path in known.files():
            if not native.keep_file(path):
                raise OSError(f"{path} cannot be kept open.")


def _tell(writer: int, news: dict[str, Any]) -> None:
    os.write(writer, json.dumps(news).encode() + b"\n")


def _be_first_to_go() -> None:
    """Have the kernel kill this process or its children, not the function, when memory is out.

    Of them it kills the one that holds most, the worker (proc_pid_oom_score_adj(5)).
    """
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


class _NeedsNewWorker(BaseException):
    """The upload needs a worker that has not served before.

    Derived from BaseException, so that no ``except Exception`` handles it as a failure.
    """


def most_kept(memory_mb: int | None) -> int:
    """Return the bytes of free heap that a worker keeps at most for its next upload.

    Args:
        memory_mb: memory of the function; None if it is not known.
    """
    return min(_MOST_KEPT, max(_LEAST_KEPT, (memory_mb << 20) // 8)) if memory_mb else _MOST_KEPT


class _Worker:
    """Serves uploads one after the other, and knows nothing of where they come from."""

    def __init__(self, task: Task, channel: Channel, ready: frozenset[str]) -> None:
        self._task, self._channel, self._ready = task, channel, ready
        self._served = 0
        self._kept = most_kept(task.memory_mb)
        self._native = import_native()

    def run(self) -> NoReturn:
        """Serve until the jobs end, and exit without running the zygote's exit handlers."""
        try:
            self._memory = confine(self._task.memory_mb)
            while True:
                try:
                    job, data = self._channel.receive()
                except MemoryError:  # an upload larger than all that this process may hold
                    self._channel.send({"kind": "memory"})
                    break
                self._channel.release()  # one copy is enough; the other side clears the rest
                limit = math.ceil(_used_seconds() + job["seconds"]) + 1
                resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
                try:
                    answer = self._serve(data, job["only"])
                except _NeedsNewWorker as error:
                    answer = {"kind": "need", "format": str(error)}
                self._channel.send(answer)
                if answer.get("worn", True):
                    break  # this worker will be killed, so there is no point in cleaning up
                self._served += 1
                del data
                forget_profiles()
                gc.collect()
                if self._native and not self._native.wipe_free_memory(self._kept):
                    break  # the next upload gets another worker
        except Ended:
            os._exit(0)
        finally:
            os._exit(1)

    def _serve(self, data: bytes, only: list[Any] | None) -> dict[str, Any]:
        """Send the results of one upload, and return the last message about it.

        With ``only``, which is an ``isolate.Only``, the results of it alone.
        """
        is_worn, task = False, self._task
        if only:
            task = task.only(only[0], OutputFormat(only[1]), only[2])
        try:
            known = sniff(data)
            if known.name not in self._ready or (known.isolated and self._served):
                return {"kind": "need", "format": known.name}
            is_worn = known.isolated
            self._memory.start(len(data), known.spare_mb)
            if self._native and not is_worn:
                self._native.use_one_heap()
            self._bytes_left = Answers.most_bytes(task)
            for result in work(data, task, partial(self._allow, known)):
                self._send(result)
        except Rejected as error:
            facts = {"code": error.code, "message": error.message}
            return {"kind": "rejected", "worn": is_worn} | facts
        except MemoryError:
            return {"kind": "memory"}
        except Exception as error:  # noqa: BLE001 - the parent raises it
            if was_refused_memory():
                return {"kind": "memory"}
            kind = "broken" if is_system_failure(error) else "failed"
            return {"kind": kind, "message": _describe(error)}
        return {"kind": "done", "worn": is_worn}

    def _send(self, result: Result) -> None:
        message: dict[str, Any] = {"kind": type(result).__name__} | result.to_dict()
        body = message.pop("body", b"")
        self._bytes_left -= len(body)
        if self._bytes_left < 0:  # the other side would refuse them
            raise MemoryError("the renditions are too large")
        self._channel.send(message, body, may_wait=True)

    def _allow(
        self, known: Format, milliseconds: float, held: float, decoding: float = 0.0
    ) -> None:
        if self._served and decoding > LONG_MS:
            raise _NeedsNewWorker(known.name)
        seconds = clock_seconds(milliseconds, self._task.memory_mb)
        self._channel.send({"kind": "budget", "seconds": seconds})
        if self._native and known.isolated and held <= 2 * _HEAP:
            self._native.use_one_heap()
            self._native.grow_heap(min(_HEAP, self._memory.left_over(held)))
        elif self._native and self._served and self._memory.left_over(held) < self._kept:
            self._native.trim_heap()  # free fragments would add to the upload's memory


def _used_seconds() -> float:
    """Return the CPU seconds of this process as ``RLIMIT_CPU`` counts them."""
    try:
        return time.clock_gettime(_LIMITED_CLOCK)
    except OSError:  # not Linux
        return time.process_time()


def confine(memory_mb: int | None) -> MemoryLimit:
    """Give up for good every right that decoding does not need; return the memory limit.

    It can open nothing, start no process, and, where the kernel grants it, reach nothing but
    memory, its two pipes and the files that ``prepare`` holds open.
    """
    memory = MemoryLimit(memory_mb)
    for forbidden in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE):
        resource.setrlimit(forbidden, (0, 0))
    if native := import_native():
        native.end_with_parent()
        native.kill_after_refused_memory()
        native.refuse_calls()
    return memory


def _describe(error: BaseException) -> str:
    """Return an exception's message and traceback, without the imports that ``traceback`` does.

    The middle of a long one is left out.
    """
    text, step = f"{type(error).__name__}: {error}", error.__traceback__
    while step:
        code = step.tb_frame.f_code
        text += f"\n  {code.co_filename}:{step.tb_lineno} in {code.co_name}"
        step = step.tb_next
    half = MOST_FAILURE // 2 - 1
    return text if len(text) <= MOST_FAILURE else f"{text[:half]}…{text[-half:]}"
