"""No assertion that was registered on an Output goes unchecked.

``Output.apply`` is replaced by a function that also remembers, for the callbacks that a test
wrote, whether they ran and what they raised. There is a ``Watch`` for each program, current in its
context, which tasks of asyncio inherit; and one for each test, current everywhere else.
"""

import asyncio
import functools
import inspect
import sys
from collections.abc import Awaitable, Callable
from contextvars import ContextVar, Token
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Self

import pulumi

from pytest_pulumi import comparisons, resolve
from pytest_pulumi.callbacks import (
    asserts,
    code_of,
    is_asserting_task,
    is_assertion,
    is_library,
    is_of_test,
    leads_to_assertion,
)
from pytest_pulumi.errors import VacuousTestError
from pytest_pulumi.program import Program
from pytest_pulumi.resolve import current_loop, is_loop_running, settle
from pytest_pulumi_plugin import is_test_file

_of_program: ContextVar["Watch | None"] = ContextVar("pytest_pulumi_watch", default=None)
_of_tests: "list[Watch]" = []
"""Watches of the tests that run, the innermost last: a test of tests runs others within it."""
_apply = pulumi.Output.apply  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


@dataclass
class Assertion:
    """A callback of a test's that was given to ``apply``, or a task that the program started."""

    place: str
    is_task: bool = False
    ran: bool = False
    error: BaseException | None = None


class Watch:
    """Remembers the callbacks that are registered while it is current.

    Args:
        in_program: it watches a program, whose callbacks a preview rightly leaves out; those count
            that a test wrote and that assert something. In a test itself, all that a test wrote
            count, and all that assert something.
    """

    def __init__(self, *, in_program: bool) -> None:
        self.programs: list[Program[Any]] = []
        self._in_program = in_program
        self._assertions: list[Assertion] = []
        self._tasks: list[tuple[asyncio.Task[Any], Assertion]] = []
        self._loops: set[asyncio.AbstractEventLoop] = set()
        self._token: Token[Watch | None] | None = None

    def __enter__(self) -> Self:
        pulumi.Output.apply = _watched_apply  # pyright: ignore[reportAttributeAccessIssue]
        comparisons.refuse_in_tests()
        if self._in_program:
            self._token = _of_program.set(self)
        else:
            _of_tests.append(self)
        return self

    def __exit__(self, *_raised: object) -> None:
        if self._token is not None:
            _of_program.reset(self._token)
        else:
            _of_tests.remove(self)

    def watched(self, callback: Callable[[Any], Any], *, by: FrameType) -> Callable[[Any], Any]:
        """Return the callback with what remembers that it ran, if it is a test's.

        Args:
            callback: given to ``apply``.
            by: the code that calls ``apply``.
        """
        code = code_of(callback)
        if not self._counts(callback, code, by.f_code.co_filename):
            return callback
        if code is None or is_library(code.co_filename):
            assertion = Assertion(f"{_shown(by.f_code.co_filename)}:{by.f_lineno}")
        else:
            assertion = Assertion(f"{_shown(code.co_filename)}:{code.co_firstlineno}")
        self._assertions.append(assertion)

        @functools.wraps(callback)
        def run(value: Any) -> Any:
            assertion.ran = True
            try:
                result = callback(value)
            except BaseException as error:
                assertion.error = error
                raise
            if inspect.isgenerator(result) or inspect.isasyncgen(result):
                assertion.ran = False  # nothing of a generator's body ever runs
            elif inspect.isawaitable(result) and not isinstance(result, pulumi.Output):
                assertion.ran = False  # until it has ended
                return _observed(result, assertion)
            return result

        return run

    def start(
        self, loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any
    ) -> "asyncio.Task[Any]":
        """Start a task as a loop does, and remember it if a test wrote it and it asserts."""
        task: asyncio.Task[Any] = asyncio.Task(coroutine, loop=loop, **options)
        if is_asserting_task(coroutine):
            code: CodeType = coroutine.cr_code
            place = f"{_shown(code.co_filename)}:{code.co_firstlineno}"
            self._tasks.append((task, Assertion(place, is_task=True)))
        return task

    async def finish_tasks(self) -> None:
        """Wait for the tasks of a program that has ended, and note what they raised."""
        waiting = [task for task, _ in self._tasks if not task.done()]
        if waiting:
            await asyncio.wait(waiting, timeout=resolve.SETTLE)
        for task, assertion in self._tasks:
            assertion.ran = task.done() and not task.cancelled()
            assertion.error = task.exception() if assertion.ran else None
            self._assertions.append(assertion)

    def use(self, loop: asyncio.AbstractEventLoop) -> None:
        """Remember a loop that callbacks were scheduled on."""
        self._loops.add(loop)

    def settle(self) -> None:
        """Run what is left to run of the callbacks of a test that has ended.

        ``check`` handles the exceptions that they raise.
        """
        if is_loop_running():
            return  # none can run within it, such as a browser's that a fixture keeps open
        for loop in self._loops:
            if loop.is_closed():
                continue
            try:
                loop.run_until_complete(settle(asyncio.all_tasks(loop)))
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 (an earlier link failed)
                for assertion in self._assertions:
                    if not assertion.ran:
                        assertion.error = error

    def check(self) -> None:
        """Raise what an assertion raised, or that it never ran.

        Raises:
            VacuousTestError: a callback never ran.
            BaseException: what one raised.
        """
        for assertion in self._assertions:
            if assertion.ran and assertion.error is not None:
                raise assertion.error
        left = [assertion for assertion in self._assertions if not assertion.ran]
        if left:
            raise VacuousTestError(
                f"An assertion never ran, so this test proves nothing by it: {_explain(left)}"
            ) from left[0].error

    def describe_waiting(self) -> str:
        """Return a sentence that names the callbacks that wait, or nothing."""
        places = [a.place for a in self._assertions if not a.ran]
        return f" Waiting: the callback at {', '.join(places)}." if places else ""

    def _counts(self, callback: Callable[[Any], Any], code: CodeType | None, by: str) -> bool:
        if self._in_program:
            return code is not None and (
                (is_of_test(code) and leads_to_assertion(callback, set()))
                or (is_test_file(by) and is_assertion(code))
            )
        if is_test_file(by):
            return True  # whatever it is: `seen.append`, a Mock
        return (
            code is not None
            and not is_library(code.co_filename)
            and (is_of_test(code) or asserts(code))
        )


def note(program: Program[Any]) -> None:
    """Remember a program that the current test evaluated, so that its tree can be shown."""
    if watch := _current():
        watch.programs.append(program)


def _current() -> Watch | None:
    return _of_program.get() or (_of_tests[-1] if _of_tests else None)


def _watched_apply(
    self: Any,
    func: Callable[[Any], Any],
    run_with_unknowns: bool = False,  # noqa: FBT001, FBT002
) -> Any:
    watch = _current()
    if watch is None:
        return _apply(self, func, run_with_unknowns)
    watch.use(current_loop())
    by = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return _apply(self, watch.watched(func, by=by), run_with_unknowns)


async def _observed(result: Awaitable[Any], assertion: Assertion) -> Any:
    """Await an async callback; one that is cancelled has not run."""
    try:
        value = await result
    except Exception as error:
        assertion.ran, assertion.error = True, error
        raise
    assertion.ran = True
    return value


def _explain(left: "list[Assertion]") -> str:
    """Return which assertions never ran, and why the first did not."""
    places = [a.place for a in left if not a.is_task]
    if not places:
        return f"the task at {', '.join(a.place for a in left)}. It did not end."
    error = left[0].error
    reason = f"failed: {error}" if error else "is unknown in a preview, or never resolved."
    return f"the callback given to apply at {', '.join(places)}. Its Output {reason}"


def _shown(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file
