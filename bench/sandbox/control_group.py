"""A control group of version 1 or 2 that holds a process to a Lambda memory size.

CPU is memory/1769 of a vCPU in periods of 20 ms. Above one vCPU the quota grows on; code on one
thread gains nothing from it.
"""

import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final, Literal

Kind = Literal["cgroup v1", "cgroup v2", "none"]
Hold = Literal["cpu and memory", "memory", "nothing"]
"""Resources to limit: all, memory alone (if only memory is measured), or nothing."""

MB_PER_VCPU: Final = 1769
""""At 1,769 MB, a function has the equivalent of one vCPU" (AWS Lambda Developer Guide, "Configure
Lambda function memory", read 2026-11-27)."""
PERIOD_US: Final = 20_000
"""An assumption: AWS publishes no period. It decides how often CPU time is given, not how much."""
ROOT: Final = Path("/sys/fs/cgroup")
_MB: Final = 1024 * 1024
_V1_SHARES: Final = 262_144
_V2_WEIGHT: Final = 10_000
"""Highest weights (Linux kernel 6.x: MAX_SHARES in kernel/sched/sched.h; "Control Group v2",
cpu.weight, in its documentation): on a busy machine the group runs before others, up to its
quota."""
_QUOTA_FILES: Final = frozenset({"cpu.cfs_period_us", "cpu.cfs_quota_us", "cpu.max"})
_numbers = count()


@dataclass(frozen=True)
class ControlGroup:
    """One control group; where there is none, ``kind`` is "none" and nothing is limited."""

    kind: Kind
    folders: tuple[Path, ...] = ()  # of the group, one for each controller
    files: dict[Path, str] = field(default_factory=dict[Path, str])  # values that set the limits

    def wrap(self, command: list[str]) -> list[str]:
        """Return the command as one that enters the group before it starts."""
        if not self.folders:
            return command
        joins = "; ".join(f"echo $$ > {folder}/cgroup.procs" for folder in self.folders)
        return ["/bin/sh", "-ec", f'{joins}; exec "$@"', "sh", *command]

    def hold_cpu(self) -> None:
        """Limit CPU from now on, in a group that was made to limit memory alone."""
        for path, value in self.files.items():
            if path.name in _QUOTA_FILES:
                with suppress(FileNotFoundError):  # the group was removed meanwhile
                    path.write_text(value)

    def killed_for_memory(self) -> bool:
        """Return whether the kernel killed a process of the group for its memory."""
        texts = self._read("memory.oom_control", "memory.events")
        counts = (line.split()[1] for line in "".join(texts).splitlines() if "oom_kill " in line)
        return any(number != "0" for number in counts)

    def peak_mb(self) -> float | None:
        """Return the most memory that the processes held at once, in MiB; None if nobody counted.

        Pages of files (shared libraries) are not in it: they are charged to the process that
        read them first, which was the one that unpacked the bundle.
        """
        found = self._read("memory.max_usage_in_bytes", "memory.peak")
        return int(found[0]) / _MB if found else None

    def remove(self) -> None:
        """Take the group away; its processes must have ended."""
        for folder in self.folders:
            for _ in range(50):
                with suppress(OSError):  # a process that has just ended is still being counted
                    folder.rmdir()
                if not folder.exists():
                    break
                time.sleep(0.02)

    def _read(self, *names: str) -> list[str]:
        paths = (folder / name for folder in self.folders for name in names)
        return [path.read_text() for path in paths if path.exists()]


def plan_v1(memory_mb: int, name: str, root: Path = ROOT) -> ControlGroup:
    """Return the limits as cgroup v1 takes them."""
    cpu, memory = root / "cpu" / name, root / "memory" / name
    files = {
        cpu / "cpu.cfs_period_us": str(PERIOD_US),
        cpu / "cpu.cfs_quota_us": str(_quota_us(memory_mb)),
        cpu / "cpu.shares": str(_V1_SHARES),
        memory / "memory.limit_in_bytes": str(memory_mb * _MB),
        memory / "memory.swappiness": "0",
    }
    return ControlGroup("cgroup v1", (cpu, memory), files)


def plan_v2(memory_mb: int, name: str, root: Path = ROOT) -> ControlGroup:
    """Return the limits as cgroup v2 takes them."""
    group = root / name
    files = {
        group / "cpu.max": f"{_quota_us(memory_mb)} {PERIOD_US}",
        group / "cpu.weight": str(_V2_WEIGHT),
        group / "memory.max": str(memory_mb * _MB),
        group / "memory.swap.max": "0",
    }
    return ControlGroup("cgroup v2", (group,), files)


def build(memory_mb: int, hold: Hold = "cpu and memory", root: Path = ROOT) -> ControlGroup:
    """Make the group that this machine allows; a group of kind "none" where it allows none."""
    if hold == "nothing":
        return ControlGroup("none")
    name = f"image-pipeline-{os.getpid()}-{next(_numbers)}"
    group = (plan_v2 if (root / "cgroup.controllers").exists() else plan_v1)(memory_mb, name, root)
    try:
        for folder in group.folders:
            _delegate(folder.parent)
            folder.mkdir()
        for path, value in group.files.items():
            if hold == "cpu and memory" or path.name not in _QUOTA_FILES:
                path.write_text(value)
    except OSError:
        group.remove()
        return ControlGroup("none")
    return group


def available(hold: Hold = "cpu and memory") -> Kind:
    """Return the kind of group that this machine allows; "none" where it allows none."""
    group = build(128, hold)
    group.remove()
    return group.kind


def share(memory_mb: int) -> float:
    """Return the share of one vCPU that code on one thread gets at a memory size."""
    return min(1.0, memory_mb / MB_PER_VCPU)


def _quota_us(memory_mb: int) -> int:
    """Return the CPU time in each period, in µs."""
    return round(PERIOD_US * memory_mb / MB_PER_VCPU)


def _delegate(parent: Path) -> None:
    """Let children of a v2 group have their own CPU and memory limits."""
    control = parent / "cgroup.subtree_control"
    if control.exists() and not {"cpu", "memory"} <= set(control.read_text().split()):
        control.write_text("+cpu +memory")
