"""Limit the memory that a worker may add for one upload.

``limits.py`` refuses an upload whose header or markup says that it takes too much. A file need not
say so: the tiles of an SVG pattern, or the true size of an AVIF whose header lies. Such a file is
stopped here, because the kernel refuses the worker more memory than ``limits.py`` has room for.
"""

import math
import resource
from contextlib import suppress
from pathlib import Path
from typing import Final

from function.engine import formats
from function.engine.budget import FULL_MB
from function.engine.limits import BASE_MB, room_bytes, usable_mb

SLACK_MB, SLACK_FULL_MB = 24, 8
"""Megabytes that an upload may take beyond what ``limits.py`` adds up: pictures with transparency
of 2 to 5 megapixels took up to 17 more (docs/engine.md, "Memory"). From ``FULL_MB`` on, no more of
the 60 % is left. Such pictures are far from the limit there; an AVIF with alpha next to it took 5
more. A smaller function allows no more than it has: 12 at 128 MB. With 24 there, pictures with
transparency were encoded until the three processes held 137 MB, and then the kernel may end any of
them."""

ADDRESSES: Final = 256 << 20
"""Address space that decoders reserve for stacks and arenas without ever touching it."""

_UNKNOWN_MB: Final = 1 << 20  # memory of a function that does not say how much it has: no limit


class MemoryLimit:
    """The limits of this process, which is about to give up opening files.

    ``RLIMIT_DATA`` counts the memory that this process alone can write: the heap, and whatever is
    mapped besides. ``RLIMIT_AS`` counts all addresses, so it bounds what the other leaves out:
    memory that is mapped as shared, which only a worker that was broken into would do.
    """

    def __init__(self, memory_mb: int | None) -> None:
        self._memory_mb = memory_mb or _UNKNOWN_MB
        self._before = self._ceiling = 0
        self._room = 0.0
        with suppress(OSError):  # not Linux: there is no limit
            fields = Path("/proc/self/statm").read_bytes().split()
            addresses, self._before = (int(fields[n]) * resource.getpagesize() for n in (0, 5))
            most = addresses + (self._memory_mb - BASE_MB << 20) + ADDRESSES
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
            most_spare = max(known.spare_mb for known in formats.every())
            self._ceiling = self._allowed(0, most_spare)
            resource.setrlimit(resource.RLIMIT_DATA, (self._ceiling, self._ceiling))

    def start(self, length: int, spare_mb: int) -> None:
        """Set the limits for an upload of ``length`` bytes; decoders never touch ``spare_mb``."""
        self._room = room_bytes(self._memory_mb, length)
        if self._before:
            allowed = min(self._ceiling, self._allowed(length, spare_mb))
            resource.setrlimit(resource.RLIMIT_DATA, (allowed, self._ceiling))

    def left_over(self, held: float) -> int:
        """Return the bytes that are still free for an upload that is expected to hold ``held``."""
        return max(0, math.floor(self._room - held))

    def _allowed(self, length: int, spare_mb: int) -> int:
        """Return the bytes that this process may have; it holds one copy of the upload itself."""
        slack_mb = SLACK_FULL_MB
        if self._memory_mb < FULL_MB:
            free_mb = self._memory_mb - usable_mb(self._memory_mb)
            slack_mb = min(SLACK_MB, math.floor(free_mb))
        room = math.floor(room_bytes(self._memory_mb, length)) + length
        return self._before + room + (slack_mb + spare_mb << 20)
