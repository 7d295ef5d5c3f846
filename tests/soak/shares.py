"""Give every execution environment on the embedded AWS the CPU that Lambda would give it.

There, environments are processes of one machine, and busy ones slow the others down. On Lambda
each has its own share of a vCPU. A control group holds each to that share; on a machine with too
few CPUs, to the same part of it each.
"""

import threading
import time
from pathlib import Path
from typing import Final

from bench.sandbox.control_group import ControlGroup, build
from function.contract import FULL_MEMORY_MB
from local.server import Server
from tests.soak.world import children_of

_SERVER_MB: Final = 10_240
"""More CPU and memory than the embedded AWS takes."""


class Shares:
    """Puts each function process, with those that it starts, into a control group of its own.

    Args:
        server: the embedded AWS.
        memory_mb: memory size whose share of a vCPU each gets.
    """

    def __init__(self, server: Server, memory_mb: int) -> None:
        self._server, self.memory_mb = server, memory_mb
        # Without as high a priority as theirs, the embedded AWS would be too slow to serve them.
        self._groups: dict[int, ControlGroup] = {server.pid: build(_SERVER_MB)}
        for folder in self._groups[server.pid].folders:
            _join(folder, server.pid)
        self.works = True

    def work(self, ending: threading.Event) -> None:
        """Watch for new processes until told to end."""
        while not ending.wait(0.05):
            for child in list(children_of(self._server.pid)):
                if child not in self._groups:
                    self._groups[child] = _build(self.memory_mb)
                    self.works = self.works and self._groups[child].kind != "none"
                self._fill(self._groups[child], child)

    def _fill(self, group: ControlGroup, process: int) -> None:
        for folder in group.folders:
            inside = set((folder / "cgroup.procs").read_text().split())
            for member in (process, *_descendants(process)):
                if str(member) not in inside:
                    _join(folder, member)

    def remove(self) -> None:
        """Take the groups away; the server must have been stopped."""
        time.sleep(0.5)
        for group in self._groups.values():
            group.remove()


def _build(share_mb: int) -> ControlGroup:
    """Make a control group with the CPU of one memory size and the memory of the stack's."""
    group = build(share_mb)
    for path in group.files:
        if path.name in {"memory.limit_in_bytes", "memory.max"}:
            path.write_text(str(FULL_MEMORY_MB << 20))
    return group


def _join(group: Path, process: int) -> None:
    try:
        (group / "cgroup.procs").write_text(str(process))
    except OSError:  # it has ended
        return


def _descendants(process: int) -> list[int]:
    found: list[int] = []
    for child in children_of(process):
        found += [child, *_descendants(child)]
    return found
