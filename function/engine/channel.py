"""The channel between the process that holds the credentials and the process that decodes.

A message is its length and one JSON object. Bytes that belong to it, an upload or a rendition, lie
in memory that both processes map; without such memory, they follow the message.
"""

import json
import math
import mmap
import os
import select
import sys
import time
from typing import Any, Final

_LENGTH: Final = 4
_MOST: Final = 1 << 20  # bytes of the longest message; a fingerprint has some 2,000

_CHUNK: Final = 1 << 20

_ZEROS: Final = bytes(1 << 16)
"""Zeros, written over an upload piece by piece, so that no second buffer of its length is
needed."""

_KEPT, _MOST_KEPT = 1 / 32, 8 << 20
"""Share of the memory, from its beginning, whose pages stay after an upload and are overwritten (to
map a megabyte anew in both processes takes 3 ms), and most bytes of it: those of 1024 MB."""

_BLOCK: Final = 512  # bytes that ``st_blocks`` counts (stat(2))

_NO_MESSAGE = ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError

_HOLD_SECONDS: Final = 0.05
"""Messages that need not be read at once are held back and sent together for this long, because
each wake-up costs the other side 0.2 ms of CPU."""


class Late(Exception):
    """The other side did not answer in time."""


class Ended(Exception):
    """The other side has ended."""


class Malformed(Exception):
    """The other side sent something that an intact worker never sends."""


class Channel:
    """One end of a channel: a pipe from the other side, one to it, and memory that both map.

    Args:
        file: file of that memory, if this side has it, else -1. Writing to a page for the first
            time is faster through the file than through the map.
        alarm: file that becomes readable when the other side has ended; -1 if there is none.
        most: bytes that may belong to a message from the other side.
    """

    def __init__(
        self,
        reader: int,
        writer: int,
        memory: mmap.mmap | None,
        *,
        file: int = -1,
        alarm: int = -1,
        most: int = sys.maxsize,
    ) -> None:
        self._reader, self._writer, self._memory, self._alarm = reader, writer, memory, alarm
        self._file, self._most = file, most
        self.deadline = math.inf
        self._used = 0  # bytes of the memory that hold something
        pages = min(len(memory) * _KEPT, _MOST_KEPT) // mmap.PAGESIZE if memory else 0
        self._kept = math.floor(pages) * mmap.PAGESIZE
        self._unread = bytearray()
        self._held = b""
        self._written = time.monotonic()

    def send(
        self, message: dict[str, Any], payload: bytes = b"", *, may_wait: bool = False
    ) -> None:
        """Send a message and its bytes; a message that may wait goes out with a later one.

        Raises:
            Late: the other side did not take them by the deadline.
            Ended: it has ended.
            MemoryError: they do not fit into the memory.
        """
        message = message | {"at": self._used, "length": len(payload)}
        if self._memory:
            self._store(self._memory, payload)
        text = json.dumps(message).encode()
        body = b"" if self._memory else payload
        self._held += len(text).to_bytes(_LENGTH, "big") + text + body
        if not may_wait or time.monotonic() >= self._written + _HOLD_SECONDS:
            held, self._held = self._held, b""
            self._write(held)
            self._written = time.monotonic()

    def _store(self, memory: mmap.mmap, payload: bytes) -> None:
        """Append bytes to those in the memory."""
        start, self._used = self._used, self._used + len(payload)
        if self._used > len(memory):
            self._used = start
            raise MemoryError("the shared memory is full")
        rest = memoryview(payload)
        mapped = len(payload) if self._file < 0 else max(0, self._kept - start)
        memory[start : start + len(rest[:mapped])] = rest[:mapped]
        rest = rest[mapped:]
        while rest:
            rest = rest[os.pwrite(self._file, rest, self._used - len(rest)) :]

    def receive(self) -> tuple[dict[str, Any], bytes]:
        """Return the next message and its bytes.

        Raises:
            Late: none came by the deadline.
            Ended: the other side has ended.
            Malformed: what it sent is no message.
        """
        length = int.from_bytes(self._read(_LENGTH), "big")
        if length > _MOST:
            raise Malformed("a message is too long")
        try:
            message: dict[str, Any] = json.loads(self._read(length))
            at, count = int(message.pop("at")), int(message.pop("length"))
        except _NO_MESSAGE as error:
            raise Malformed(f"a message is not understood: {error!r:.200}") from None
        if not 0 <= count <= self._most:
            raise Malformed("too many bytes belong to a message")
        if not self._memory:
            return message, self._read(count)
        if not 0 <= at <= at + count <= len(self._memory):
            raise Malformed("a message points out of the memory")
        self._used = max(self._used, at + count)
        return message, self._memory[at : at + count]

    def release(self) -> None:
        """Return the memory of what was received to the system, except the first pages."""
        if self._memory and self._used > self._kept:
            self._memory.madvise(mmap.MADV_REMOVE, self._kept, self._used - self._kept)
        self._used = 0

    def clear(self) -> None:
        """Forget the upload: overwrite its first pages, and give all others back to the system."""
        if self._memory:
            if self._file >= 0 and os.fstat(self._file).st_blocks * _BLOCK > self._kept:
                self._used = len(self._memory)  # a worker may have written more than it reported
            used = min(self._used, self._kept)
            for start in range(0, used, len(_ZEROS)):
                end = min(start + len(_ZEROS), used)
                self._memory[start:end] = _ZEROS[: end - start]
        self.release()
        self._unread.clear()

    def _read(self, count: int) -> bytes:
        while len(self._unread) < count:
            self._wait(self._reader, None)
            chunk = os.read(self._reader, _CHUNK)
            if not chunk:
                raise Ended("the pipe is closed")
            self._unread += chunk
        found = bytes(self._unread[:count])
        del self._unread[:count]
        return found

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            self._wait(None, self._writer)
            rest = rest[os.write(self._writer, rest[: select.PIPE_BUF]) :]

    def _wait(self, reader: int | None, writer: int | None) -> None:
        """Wait until the pipe is ready; its content comes before the news of an end."""
        if self._alarm < 0:
            return  # the pipes of this side block
        left = self.deadline - time.monotonic()
        readers = [fd for fd in (reader, self._alarm) if fd is not None]
        writers = [writer] if writer is not None else []
        readable, writable, _ = select.select(readers, writers, [], max(0.0, min(left, 3600.0)))
        if reader not in readable and writer not in writable:
            raise Ended("the process has ended") if readable else Late


def share_memory(size: int) -> tuple[int, mmap.mmap | None]:
    """Return memory that another process can map too, and its file; -1 and None without it."""
    try:
        shared = os.memfd_create("upload", 0)
        os.ftruncate(shared, size)
        return shared, mmap.mmap(shared, size)
    except (AttributeError, OSError):  # not Linux, or refused
        return -1, None
