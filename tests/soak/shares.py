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
from function.engine.budget import vcpu_share
from local.server import Server
from tests.soak.world import children_of

_SERVER_MB: Final = 10_240
"""More CPU and memory than the embedded AWS takes."""


OVERHEAD_VCPUS: Final = 0.6
"""Share of the machine that the embedded AWS and the uploaders take."""

HONEST_VCPUS: Final = 0.3


def share_mb(busy: float, cpus: int, overhead: float = OVERHEAD_VCPUS) -> int:
    """Return the memory size whose share of a vCPU each environment gets.

    That of the stack, or less where the environments that are busy at one time would want more
    than the machine has: then one would slow the other down, which does not happen on Lambda.

    Args:
        busy: environments that are busy at one time, beside the one that serves honest uploads.
        cpus: those of the machine.
        overhead: how many of them the embedded AWS and the uploaders take.
    """
    wanted = busy * vcpu_share(FULL_MEMORY_MB) + HONEST_VCPUS
    return round(FULL_MEMORY_MB * min(1.0, (cpus - overhead) / wanted))


class Shares:
    """Puts each function process, with its child processes, into a separate control group.

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

    def describe(self) -> str:
        """Say how much CPU an environment had."""
        if not self.works:
            return "as much CPU as it finds"
        return (
            f"{vcpu_share(self.memory_mb):.2f} of a CPU, of the {vcpu_share(FULL_MEMORY_MB):.2f} "
            "vCPUs that Lambda would give it"
        )

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
