"""Run the engine in a process that holds no credentials and no connections.

Bytes of strangers are decoded and encoded in a worker. A zygote forks it: a Python process that is
exec'ed without the environment, imports the engine once, and never looks at an upload. The worker
can open nothing (``worker.py``). It stays for the next upload while all goes well; it is killed
when it takes too long, and replaced. This side alone talks to S3 and SQS.
"""

import json
import math
import os
import select
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from function.engine.answers import Answers
from function.engine.budget import clock_seconds, header_budget
from function.engine.channel import Channel, Ended, Late, Malformed, share_memory
from function.engine.errors import (
    DecoderBug,
    IsolationFailed,
    Killed,
    Reason,
    Rejected,
    Stopped,
    Worn,
)
from function.engine.renditions import OutputFormat
from function.engine.results import Result, Task
from function.engine.spawn import spawn
from function.engine.time_limit import TimeLimit

START_SECONDS: Final = 60.0
"""Clock time that a worker may take to start. The imports are 0.3 s of CPU, of which a Lambda of
128 MB has a fourteenth."""

END_SECONDS: Final = 5.0
"""Clock time after which a zygote that does not tell the end of its worker counts as broken."""

_PEEK: Final = os.WEXITED | os.WNOHANG | os.WNOWAIT

_DAMAGE: Final = frozenset({Reason.BROKEN_IMAGE, Reason.TRUNCATED})


Only = tuple[str, OutputFormat, bool]
"""One rendition of a task: its name, the format to make it in, and whether with a fingerprint."""


class Isolation:
    """A zygote and its worker, for the life of this process; one upload at a time.

    An upload may have ``most_bytes``, and take ``most_seconds`` by the clock whatever it is.
    """

    def __init__(self, task: Task, *, most_bytes: int, most_seconds: float = 10.0) -> None:
        self._arguments = task, most_bytes, most_seconds
        self._zygote = _Zygote(*self._arguments)
        self._killed: int | None = None  # hash of the last upload whose new worker was killed
        self._stopped = self._replaced = 0

    def run(
        self, data: bytes, seconds: float = math.inf, only: Only | None = None
    ) -> Iterator[Result]:
        """Yield the results of ``work`` for an upload, with this many seconds left.

        With ``only`` it makes one rendition of the task in one format.

        Raises:
            Rejected: by the engine; or ``Stopped``, if the upload took too much time or memory.
            Worn: the upload is not judged yet, because the worker was not new, ended before it took
                the upload, or was killed for the first time. The next call yields all results
                again.
            DecoderBug: the engine raised anything else, or crashed.
            IsolationFailed: no worker could be started, or there was too little time left.
        """
        if self._zygote.has_ended():
            self._zygote.stop()
            self._zygote = _Zygote(*self._arguments)
            self._replaced += 1
        try:
            yield from self._zygote.run(data, seconds, only)
        except (Stopped, Worn, DecoderBug, IsolationFailed) as error:
            self._replaced += 1
            if isinstance(error, Killed) and self._is_killed_again(data):
                self._stopped += 1
                raise Stopped from error
            self._stopped += isinstance(error, Stopped)
            raise

    def _is_killed_again(self, data: bytes) -> bool:
        """Return True if the last new worker that was killed had this upload, too."""
        before, self._killed = self._killed, hash(data)
        return self._killed == before

    def take_counts(self) -> tuple[int, int]:
        """Return how many uploads were stopped, and workers replaced, since the last call."""
        counts = self._stopped, self._replaced
        self._stopped = self._replaced = 0
        return counts

    def wait(self) -> None:
        """Wait for a worker; ``IsolationFailed`` if none starts: the next upload tries again."""
        self._zygote.wait()

    @property
    def processes(self) -> tuple[int, int | None]:
        """Process ids of the zygote, and of the worker if one has served."""
        return self._zygote.pid, self._zygote.worker

    def stop(self) -> None:
        """End both processes."""
        self._zygote.stop()


class _Zygote:
    """One zygote with the pipes and the memory that it shares with this process."""

    def __init__(self, task: Task, most_bytes: int, most_seconds: float) -> None:
        self._task, self._memory_mb = task, task.memory_mb
        self._limits = clock_seconds(header_budget(), task.memory_mb), most_seconds
        orders_reader, self._orders = os.pipe()
        self._news, news_writer = os.pipe()
        self._jobs_reader, jobs_writer = os.pipe()
        self._answers, answers_writer = os.pipe()
        self._own = [self._orders, self._news, self._jobs_reader, jobs_writer, self._answers]
        # Sparse: only what is written takes memory, which an upload and its renditions do anyway.
        size = most_bytes + Answers.most_bytes(task)
        shared, self._memory = share_memory(size)
        if self._memory:
            self._own.append(shared)
        given = {"orders": orders_reader, "news": news_writer, "jobs": self._jobs_reader}
        given |= {"answers": answers_writer, "memory": shared}
        setup = {"path": sys.path, "task": task.to_dict(), "size": size, **given}
        try:
            self.pid = spawn(json.dumps(setup), [fd for fd in given.values() if fd >= 0])
        except OSError:
            self._close()
            raise
        finally:
            for fd in (orders_reader, news_writer, answers_writer):
                os.close(fd)
        pipes, most = (self._answers, jobs_writer), Answers.most_bytes(task)
        self._channel = Channel(*pipes, self._memory, file=shared, alarm=self._news, most=most)
        self.worker: int | None = None
        self._is_new = True
        self._is_broken = self._is_stopped = False
        self._order("")

    def has_ended(self) -> bool:
        """Return True if the zygote was stopped or has died."""
        try:
            return self._is_broken or os.waitid(os.P_PID, self.pid, _PEEK) is not None
        except ChildProcessError:  # this process ignores SIGCHLD, so none waits to be reaped
            return True

    def run(self, data: bytes, seconds: float, only: Only | None) -> Iterator[Result]:
        """Yield results, as ``Isolation.run``."""
        stays, limit = False, TimeLimit(*self._limits, seconds, self._memory_mb)
        task, start_by = self._task, time.monotonic() + min(START_SECONDS, seconds)
        answers = Answers(task.only(*only) if only else task)
        try:
            self._start_job(data, start_by, only)
            limit.start(self.worker)
            while True:
                message, body = self._receive(limit)
                if result := answers.read(message, body):
                    yield result
                elif message["kind"] == "need":
                    self._stop_worker()
                    self._channel.clear()  # the upload is sent again, in place of its first copy
                    self._order(message["format"])
                    self._start_job(data, start_by, only)
                    limit.start(self.worker)
                elif message["kind"] == "budget":
                    limit.seconds = float(message["seconds"])
                else:
                    stays = not message.get("worn", True)
                    self._conclude(message, answers)
                    return
        except Worn:
            stays = False
            raise
        finally:
            if stays:
                self._is_new = False
            else:
                self._stop_worker()
                self._order("")
            self._channel.clear()

    def _receive(self, limit: TimeLimit) -> tuple[dict[str, Any], bytes]:
        """Return the worker's next message; if there is none, raise by whose fault that is."""
        try:
            while True:
                self._channel.deadline = limit.deadline()
                try:
                    return self._channel.receive()
                except Late:
                    limit.extend()
        except Ended as error:
            raise self._explain_end() from error
        except Malformed as error:
            raise DecoderBug(f"the worker answered what it never would: {error}") from error

    def _conclude(self, message: Mapping[str, Any], answers: Answers) -> None:
        """Raise the exception that an upload's last message stands for, unless all went well.

        In a worker that has served before, a decoder may report damage because memory ran out.
        """
        kind, code = message["kind"], message.get("code")
        if kind == "rejected" and (self._is_new or code not in _DAMAGE):
            raise Rejected(Reason(code), message["message"])
        if kind != "done" and not self._is_new:
            raise Worn(message.get("message", kind))
        if kind == "memory":
            raise Stopped
        if kind == "failed":
            raise DecoderBug(message["message"])
        if kind != "done":
            raise IsolationFailed(message.get("message", f"the worker answered {kind}"))
        answers.check_complete()

    def stop(self) -> None:
        """End the zygote, and with it the worker; both are waited for."""
        if self._is_stopped:
            return
        self._is_stopped = self._is_broken = True
        if self.worker is not None:
            with suppress(ProcessLookupError):
                os.kill(self.worker, signal.SIGKILL)
        with suppress(ProcessLookupError, ChildProcessError):  # this process ignores SIGCHLD
            os.kill(self.pid, signal.SIGKILL)  # not reaped yet, so it is still ours
            os.waitpid(self.pid, 0)
        self._close()

    def _close(self) -> None:
        for fd in self._own:
            os.close(fd)
        if self._memory:
            self._memory.close()

    def _order(self, format_name: str) -> None:
        """Order a worker for a format, and for all formats that the zygote has imported already."""
        with suppress(BrokenPipeError):  # ``_read_news`` reports a zygote that has died
            os.write(self._orders, json.dumps({"format": format_name}).encode() + b"\n")

    def wait(self, by: float | None = None) -> None:
        """Wait for the worker that was ordered, if one was, until a time of the monotonic clock."""
        if self.worker is None:
            self.worker = int(self._read_news(by)["pid"])
            self._is_new = True

    def _start_job(self, data: bytes, by: float, only: Only | None) -> None:
        """Send an upload to the worker, once there is one, by a time of the monotonic clock."""
        self.wait(by)
        self._channel.deadline = by
        try:
            self._channel.send({"seconds": self._limits[1], "only": only}, data)
        except (Late, Ended) as error:
            raise IsolationFailed("the worker did not take the upload") from error

    def _read_news(self, by: float | None = None) -> dict[str, Any]:
        """Return the zygote's next news, or raise ``IsolationFailed`` if it is late or has died."""
        line, end = b"", time.monotonic() + START_SECONDS if by is None else by
        while not line.endswith(b"\n"):
            left = end - time.monotonic()
            is_readable = left > 0 and select.select([self._news], [], [], left)[0]
            if not (chunk := os.read(self._news, 1) if is_readable else b""):
                self._is_broken = True
                raise IsolationFailed("the zygote has died, or does not answer in time")
            line += chunk
        return json.loads(line)

    def _read_end(self) -> dict[str, Any]:
        """Return the zygote's news about a worker that has ended, or is about to."""
        return self._read_news(time.monotonic() + END_SECONDS)

    def _explain_end(self) -> Exception:
        """Return the exception that the end of the worker means for the upload."""
        self.worker = None
        status = int(self._read_end()["ended"])
        # A job that is still in the pipe was sent to a worker that had already ended.
        was_taken = not self._empty(self._jobs_reader)
        self._empty(self._answers)
        if not was_taken or not self._is_new:  # earlier uploads may have a share in it
            return Worn(f"the worker ended with status {status}")
        # The kernel sends this when CPU time is used up, and ``confine.c`` when memory is out.
        if status == signal.SIGXCPU:
            return Stopped()
        # The kernel was out of memory, perhaps not because of this upload; or an operator did it.
        if status == signal.SIGKILL:
            return Killed("the worker was killed")
        return DecoderBug(f"the worker ended with status {status}")

    def _stop_worker(self) -> None:
        """Kill the worker and empty the pipes."""
        if self.worker is None:
            return
        with suppress(ProcessLookupError):
            os.kill(self.worker, signal.SIGKILL)
        self.worker = None
        self._read_end()
        for reader in (self._answers, self._jobs_reader):
            self._empty(reader)

    @staticmethod
    def _empty(reader: int) -> bool:
        """Empty a pipe, so that the next worker does not read it; return False if it was empty."""
        had_any = False
        while select.select([reader], [], [], 0)[0]:
            os.read(reader, 1 << 20)
            had_any = True
        return had_any
