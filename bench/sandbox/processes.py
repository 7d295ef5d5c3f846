"""CPU time and memory of processes, from ``/proc`` (proc(5)); one that has ended counts as 0."""

import os
import re
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Final

_MAPPED: Final = re.compile(
    r"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ +((?!/memfd:|/dev/)/.*)\n"
    r"(?:\w.*\n)*?Rss: +(\d+) kB\n(?:\w.*\n)*?Anonymous: +(\d+) kB$",
    re.MULTILINE,
)
"""A mapping of a file that is not shared memory: path, kB in memory, and those not the file's."""


def descendants(process: int) -> list[int]:
    """Return a process, its children, and theirs."""
    stats = {int(path.name): _stat(path.name) for path in Path("/proc").glob("[0-9]*")}
    found = [process]
    for known in found:
        found += [child for child, fields in stats.items() if fields[1:2] == [str(known)]]
    return found


def cpu_ms(process: int) -> float:
    """Return the CPU time of a process and of the children that it has waited for."""
    return sum(map(int, _stat(process)[11:15])) * 1000 / os.sysconf("SC_CLK_TCK")


def peak_mb(process: int | None) -> float:
    """Return the largest resident set that a process has had, in MiB; 0 if there is none."""
    found = re.search(r"^VmHWM:\s+(\d+)", _read(process, "status"), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def mapped_files_mb(processes: list[int]) -> float:
    """Return the pages of files that processes map, each file counted once, in MiB."""
    files: Counter[str] = Counter()
    for process in processes:
        own: Counter[str] = Counter()
        for name, resident, anonymous in _MAPPED.findall(_read(process, "smaps")):
            own[name] += int(resident) - int(anonymous)
        files |= own  # the larger of each
    return files.total() / 1024


def _stat(process: int | str) -> list[str]:
    """Return the fields of a process's ``stat`` that follow its name."""
    return _read(process, "stat").rpartition(")")[2].split()


def _read(process: int | str | None, name: str) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/{name}").read_text()
    return ""
