"""Wait for what another process is about to do."""

import time
from collections.abc import Callable


def wait_until(condition, seconds: float = 30, why: Callable[[], object] = str):
    """Return the condition's first true value; ``why`` says what was found where there is none."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, why()
        time.sleep(0.05)
    return found
