"""Files made to exhaust a decoder, each in a separate process with little time and memory."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.bombs import BOMBS

CPU_SECONDS = 6
MEMORY_MB = 200
"""Most bombs took more of one of the two before they were stopped; for the others, such as GIF's
controls (3 s), the outcome is what a test can tell."""

ALONE = f"""
import resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({CPU_SECONDS}, {CPU_SECONDS}))
from function.engine.decode import decode
from function.engine.errors import Rejected
from function.engine.render import render
from function.engine.renditions import DEFAULT_RENDITIONS
from function.engine.results import Task
task = Task(DEFAULT_RENDITIONS, 50_000_000, memory_mb=1024)
try:
    outcome = len(list(render(decode(sys.stdin.buffer.read(), task), task)))
except Rejected as rejection:
    outcome = rejection.code
with open("/proc/self/status") as status:
    print(outcome, next(int(line.split()[1]) // 1024 for line in status if "VmHWM" in line))
"""

REJECTED = {
    "png chunks": "too_complex",
    "png empty idats": "too_complex",
    "png profiles": "too_complex",
    "png texts": "too_complex",
    "png international texts": "too_complex",
    "jpeg sequential scans": "too_complex",
    "jpeg sequential scans, few": "too_complex",
    "jpeg progressive scans": "too_complex",
    "jpeg arithmetic scans": "too_complex",
    "jpeg segments": "too_complex",
    "jpeg exif": "metadata_too_large",
    "jpeg small exif": "too_complex",
    "jpeg fill 0": "too_complex",
    "jpeg fill 255": "too_complex",
    "gif comments": "too_complex",
    "gif controls": "too_complex",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_little_and_ends_in_renditions_or_a_rejection(name):
    done = subprocess.run(
        [sys.executable, "-c", ALONE],
        input=BOMBS[name](),
        capture_output=True,
        cwd=Path(__file__).parents[3],
        check=True,
    )
    outcome, peak_mb = done.stdout.decode().split()
    assert outcome == REJECTED.get(name, "5")
    assert int(peak_mb) < MEMORY_MB
