"""The function's /tmp: 512 MB, empty at the start, gone at the end."""

import shutil
import subprocess
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

MB: Final = 512
"""Lambda's default for ephemeral storage, which the stack does not change."""


class Tmp:
    """A folder for ``TMPDIR``: a tmpfs of 512 MB where one may be mounted, else without a limit.

    What is written to the tmpfs counts as the group's memory, which is stricter than Lambda.
    """

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix="bench-tmp-"))
        command = ["mount", "-t", "tmpfs", "-o", f"size={MB}m", "tmpfs", str(self.path)]
        self.limited = _runs(command)

    def remove(self) -> None:
        """Unmount and delete it; what used it must have ended."""
        if self.limited:
            _runs(["umount", "--lazy", str(self.path)])
        shutil.rmtree(self.path, ignore_errors=True)


def _runs(command: list[str]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
