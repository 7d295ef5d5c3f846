"""Start the zygote: a separate Python process, without this process's environment."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

_PASSED: Final = ("LD_LIBRARY_PATH", "GLIBC_TUNABLES")
"""Variables that the zygote gets, if they are set: where Lambda's Python has its libraries, and how
memory is kept. No other is passed on."""

PROGRAM: Final = (
    "import json, sys\n"
    "setup = json.loads(sys.argv[1])\n"
    "sys.path[:] = setup['path']\n"
    "from function.engine.worker import run_zygote\n"
    "run_zygote(setup)\n"
)


def spawn(setup: str, files: Sequence[int]) -> int:
    """Start the zygote and return its process id; its open files are these, and 0 to 2.

    Raises:
        OSError: the system cannot start one more process.
    """
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    for fd in files:
        os.set_inheritable(fd, True)  # noqa: FBT003 - it takes no keywords
    try:
        return os.posix_spawn(
            sys.executable,
            [sys.executable, "-P", "-s", "-S", "-c", PROGRAM, setup],
            # ``wipe_free_memory`` does not reach what Python's own allocator keeps.
            passed | {"PYTHONMALLOC": "malloc"},
            setsigdef=(signal.SIGCHLD, signal.SIGXCPU),  # an ignored signal would stay ignored
            setsigmask=(signal.SIGINT,),  # Ctrl-C is for this process, which then ends the zygote
        )
    finally:
        for fd in files:
            os.set_inheritable(fd, False)  # noqa: FBT003 - it takes no keywords
