"""Several invocations that write the same key: how each waits, and when it gives up."""

import random
from typing import Final

from function.storage.deadline import Deadline

PAUSE: Final = 0.25
"""Backoff with jitter: round n waits a random time up to n x PAUSE seconds."""


class Contended(Exception):
    """Other invocations kept writing the same key; the message is delivered again."""


def back_off(attempt: int, deadline: Deadline | None = None) -> None:
    """Wait a random time, so that invocations that collided once do not collide again.

    Raises:
        OutOfTime: the invocation has to end before.
    """
    pause = random.uniform(0, PAUSE * attempt)  # noqa: S311 - nothing secret
    (deadline or Deadline()).sleep(pause)
