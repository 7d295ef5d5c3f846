"""Check that the sandbox gives the CPU that it says: a busy loop's CPU time over wall time."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

from bench.sandbox import control_group
from terminal import Advance

SIZES: Final = (128, 256, 512, 1024, 1769, 3008)
TOLERANCE: Final = 0.05
SECONDS: Final = 2.0
"""Wall time of one size: the window cuts off up to one period of 20 ms, which is then 1 % of it."""
PUBLISHED_MS: Final = {128: 5409, 256: 2661, 512: 1341, 1024: 628, 1769: 386}
"""Warm ms of one CPU-bound Python function on real Lambda, x86: published durations that were
handed down with the project; where they were published is not recorded."""
_SPIN: Final = """
import sys, time
wall, cpu = time.perf_counter(), time.process_time()
while time.perf_counter() - wall < float(sys.argv[1]):
    pass
print((time.process_time() - cpu) / (time.perf_counter() - wall))
"""


@dataclass(frozen=True, kw_only=True)
class Share:
    """Share of one vCPU that one memory size got."""

    memory_mb: int
    expected: float  # memory/1769, at most 1: the loop has one thread
    measured: float  # CPU time over wall time
    lambda_share: float | None  # on real Lambda, from PUBLISHED_MS, relative to 1769 MB

    @property
    def error(self) -> float:
        """Relative deviation; 0.05 is 5 %."""
        return self.measured / self.expected - 1


def check(*, seconds: float, hold: control_group.Hold, advance: Advance) -> list[Share]:
    """Measure each of SIZES; on a busy machine the shares are too small."""
    shares: list[Share] = []
    for size in SIZES:
        shares.append(_share(size, seconds, hold))
        advance(name=f"{size} MB")
    return shares


def passed(shares: Sequence[Share]) -> bool:
    """Return whether every size got its share."""
    return all(abs(share.error) <= TOLERANCE for share in shares)


def verdict(shares: Sequence[Share]) -> str:
    """Return the outcome in a sentence."""
    worst = max(shares, key=lambda share: abs(share.error))
    return (
        f"Self-check {'passed' if passed(shares) else 'FAILED'}: CPU share within "
        f"{abs(worst.error):.1%} of memory/1769 at {len(shares)} sizes (worst: "
        f"{worst.memory_mb} MB; allowed: {TOLERANCE:.0%})."
    )


def as_json(shares: Sequence[Share]) -> list[dict[str, float | None]]:
    """Return the figures for a report."""
    return [asdict(share) | {"error": round(share.error, 4)} for share in shares]


def _share(memory_mb: int, seconds: float, hold: control_group.Hold) -> Share:
    group = control_group.build(memory_mb, hold)
    try:
        command = group.wrap([sys.executable, "-ISc", _SPIN, str(seconds)])
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        group.remove()
    published = PUBLISHED_MS.get(memory_mb)
    return Share(
        memory_mb=memory_mb,
        expected=min(1.0, memory_mb / control_group.MB_PER_VCPU),
        measured=float(answer.stdout),
        lambda_share=round(PUBLISHED_MS[1769] / published, 3) if published else None,
    )
