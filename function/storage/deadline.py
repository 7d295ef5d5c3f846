"""Retries within the time that the invocation has left.

obstore would retry each request for up to 180 s, while Lambda ends the invocation after the
function's timeout. In a storm of errors the whole batch would be lost. So obstore's own retries are
off, and all requests share one deadline.
"""

import math
import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from function.storage.errors import OutOfTime

TIMEOUTS: Final = (20, 8, 3, 1)
"""Timeouts of a request, in seconds: the longest that the time left allows. In 20 s the largest
upload fits through the slowest network of a small function."""

LONGEST_INVOCATION: Final = 900.0
"""Seconds that Lambda gives an invocation at most."""

RESERVE: Final = 1.0
"""Seconds at the end of an invocation for its answer; less if the function's timeout is short."""

MAX_ATTEMPTS: Final = 10
FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0
"""Seconds: exponential backoff with full jitter (AWS Architecture Blog, "Exponential Backoff And
Jitter")."""

T = TypeVar("T")


class Deadline:
    """The end of an invocation, and of the retries of one message in it; far away until started."""

    def __init__(self) -> None:
        self._ends = self._retries_end = math.inf

    def start(self, seconds: float, messages: int) -> None:
        """Start a message, given the seconds left and the number of messages left, this included.

        Each message may retry for its share of the time, so that one that S3 keeps refusing leaves
        time for the others.
        """
        now, usable = time.monotonic(), seconds - min(RESERVE, seconds / 4)
        self._ends, self._retries_end = now + usable, now + usable / messages

    def left(self) -> float:
        """Return the seconds until the invocation has to end."""
        return min(self._ends - time.monotonic(), LONGEST_INVOCATION)

    def timeout(self) -> int:
        """Return the seconds that a request may take now.

        Raises:
            OutOfTime: the invocation would end before its answer.
        """
        left = self.left()
        if left <= 0:
            raise OutOfTime("no time is left in this invocation for a request to AWS")
        # The shortest one fits into the reserve, and most requests take some 20 ms.
        return next((timeout for timeout in TIMEOUTS if timeout <= left), TIMEOUTS[-1])

    def sleep(self, seconds: float) -> None:
        """Wait.

        Raises:
            OutOfTime: the invocation has to end before.
        """
        if seconds > self.left():
            raise OutOfTime(f"no time is left in this invocation to wait for {seconds:.1f} s")
        time.sleep(seconds)

    def retry(self, request: Callable[[], T], is_transient: Callable[[Exception], bool]) -> T:
        """Return what ``request`` returns, and send it again while its errors are transient."""
        attempt = 1
        while True:
            try:
                return request()
            except Exception as error:
                longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1))
                pause = random.uniform(0, longest)  # noqa: S311 - nothing secret
                is_late = time.monotonic() + pause > self._retries_end
                if is_late or attempt == MAX_ATTEMPTS or not is_transient(error):
                    raise
            time.sleep(pause)
            attempt += 1
