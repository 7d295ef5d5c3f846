"""The value of an Output, in a test."""

import asyncio
import threading
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from pytest_pulumi.errors import PulumiTestError
from pytest_pulumi.sdk import contains_unknowns
from pytest_pulumi.values import UNKNOWN

if TYPE_CHECKING:
    import pulumi

SETTLE: Final = 10.0
"""Seconds that the Outputs of a test may take to resolve after its program's end."""


def resolve(output: "pulumi.Output[Any]") -> Any:
    """Return the value of an Output of a program that has ended, or UNKNOWN.

    Raises:
        PulumiTestError: the Output was never resolved.
        Exception: what a function given to ``apply`` on the way raised.
    """
    values: list[Any] = []
    if is_loop_running():
        _on_a_thread(lambda: asyncio.run(_wait(output, values)))
    else:
        current_loop().run_until_complete(_wait(output, values))
    if not values:
        raise PulumiTestError("This Output was never resolved: its program did not end.")
    return UNKNOWN if contains_unknowns(values[0]) else values[0]


async def settle(tasks: "set[asyncio.Task[Any]]") -> None:
    """Wait for tasks, and for tasks that they start, or until ``SETTLE`` is over.

    Raises:
        Exception: the first that a task raised.
    """
    async with asyncio.timeout(SETTLE):
        while waiting := tasks - {asyncio.current_task()}:
            await asyncio.gather(*waiting)
            tasks = asyncio.all_tasks()


def is_loop_running() -> bool:
    """Return whether this thread is inside an event loop, as async tests are."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def current_loop() -> asyncio.AbstractEventLoop:
    """Return the loop that ``apply`` uses; a new one where a test's thread has none."""
    if is_loop_running():
        return asyncio.get_running_loop()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            loop = asyncio.get_event_loop()
    except RuntimeError:
        loop = None
    if loop is None or loop.is_closed():
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
    return loop


async def _wait(output: "pulumi.Output[Any]", values: list[Any]) -> None:
    output.apply(values.append, run_with_unknowns=True)
    await settle(asyncio.all_tasks())


def _on_a_thread(work: Callable[[], None]) -> None:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 (raised again on the caller's thread)
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
