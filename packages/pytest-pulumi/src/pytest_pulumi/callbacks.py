"""Which functions are a test's own, and which of them assert something."""

import dis
import functools
import inspect
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, cast

from pytest_pulumi_plugin import is_test_file


def asserts(code: CodeType) -> bool:
    """Return whether a function, or one within it, asserts anything."""
    return any(map(_asserts, dis.get_instructions(code)))


def leads_to_assertion(callback: Any, seen: set[CodeType]) -> bool:
    """Return whether a test's function asserts, or names another function of a test that does."""
    code = code_of(callback)
    if code is None or code in seen or not is_of_test(code):
        return False
    seen.add(code)
    return asserts(code) or any(leads_to_assertion(f, seen) for f in _named_in(callback, code))


def is_asserting_task(coroutine: Any) -> bool:
    """Return whether a coroutine is a test's, and asserts or names a function that does."""
    code: CodeType | None = getattr(coroutine, "cr_code", None)
    frame: FrameType | None = getattr(coroutine, "cr_frame", None)
    if code is None or frame is None or not is_of_test(code):
        return False
    variables = frame.f_globals | frame.f_locals
    named = (_names(code) | set(code.co_freevars)) & set(variables)
    return asserts(code) or any(leads_to_assertion(variables[name], {code}) for name in named)


def _named_in(callback: Any, code: CodeType) -> Iterator[Any]:
    """Yield the global variables and those of enclosing functions that a function uses."""
    function = inspect.unwrap(callback)
    while isinstance(function, functools.partial):
        yield from function.args
        function = inspect.unwrap(cast("Any", function.func))
    function = getattr(function, "__func__", function)
    variables: dict[str, Any] = getattr(function, "__globals__", {})
    yield from (variables[name] for name in _names(code) & set(variables))
    for cell in getattr(function, "__closure__", None) or ():
        with suppress(ValueError):  # a variable that is not set yet
            yield cell.cell_contents


def _names(code: CodeType) -> set[str]:
    """Return the names of global variables that a function, or one within it, uses."""
    inner, names = [code], set[str]()
    while inner:
        found = inner.pop()
        names.update(found.co_names)
        inner += [constant for constant in found.co_consts if isinstance(constant, CodeType)]
    return names


def _asserts(instruction: dis.Instruction) -> bool:
    if isinstance(instruction.argval, CodeType):
        return asserts(instruction.argval)
    if instruction.opname == "LOAD_ASSERTION_ERROR":
        return True
    if instruction.opname == "LOAD_CONST":
        return False
    return instruction.argval == "fail" or "assert" in instruction.argrepr.lower()


def code_of(callback: Any) -> CodeType | None:
    """Return the code that runs when a callback is called; None if it is not written in Python."""
    callback = inspect.unwrap(callback)
    if isinstance(callback, functools.partial):
        return code_of(cast("Any", callback.func))
    code = getattr(getattr(callback, "__func__", callback), "__code__", None)
    return code or getattr(getattr(cast("Any", type(callback)), "__call__", None), "__code__", None)  # noqa: B004


def is_assertion(code: CodeType) -> bool:
    """Return whether a function asserts: by its name if it is a library's (``assertEqual``)."""
    if is_library(code.co_filename):
        return "assert" in code.co_name.lower()
    return asserts(code)


def is_of_test(code: CodeType) -> bool:
    """Return whether a function stands in a file of tests."""
    return is_test_file(code.co_filename)


def is_library(file: str) -> bool:
    """Return whether a file is Python's own, of an installed package or of the kit."""
    parts = Path(file).parts
    return (
        file.startswith("<")
        or bool({"site-packages", "pytest_pulumi"} & set(parts))
        or (Path(file).is_relative_to(sys.base_prefix))
    )
