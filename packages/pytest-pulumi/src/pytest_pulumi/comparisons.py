"""An Output that a test compares, makes text of, or asks whether it is true, is an error.

Python answers by the Output itself, whatever value it will have: it is always true, never equal to
a plain value, and its text is a hint that it has none.
"""

import sys
from types import FrameType
from typing import Any, Final, cast

import pulumi

from pytest_pulumi.errors import VacuousTestError
from pytest_pulumi_plugin import is_test_file

_KINDS = cast("Any", pulumi.Output)
_str: Final = _KINDS.__str__


def refuse_in_tests() -> None:
    """Make code of test files fail that compares an Output; any other code goes on as before."""
    _KINDS.__bool__, _KINDS.__eq__, _KINDS.__ne__, _KINDS.__str__ = _bool, _eq, _ne, _text


def _bool(_self: Any) -> bool:
    if _is_asked_by_test(sys._getframe(1)):  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        raise VacuousTestError(
            "An Output is always true, so asking proves nothing; ask program.value(output), or "
            "`output is not None`."
        )
    return True


def _text(self: Any) -> str:
    if _is_asked_by_test(sys._getframe(1)):  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        raise VacuousTestError(
            "The text of an Output is never its value, so it proves nothing; ask "
            "program.value(output), and let a program use Output.concat or Output.format."
        )
    return _str(self)


def _eq(self: Any, other: object) -> bool:
    _refuse_plain(other, sys._getframe(1))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return self is other


def _ne(self: Any, other: object) -> bool:
    _refuse_plain(other, sys._getframe(1))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return self is not other


def _refuse_plain(other: object, asked_by: FrameType) -> None:
    if not isinstance(other, pulumi.Output) and _is_asked_by_test(asked_by):
        raise VacuousTestError(
            f"An Output never equals a plain value such as {other!r}, so comparing them proves "
            f"nothing; compare program.value(output)."
        )


def _is_asked_by_test(frame: FrameType | None) -> bool:
    """Return whether a test's code asks, itself or by what only compares on its behalf."""
    while frame is not None:
        if is_test_file(frame.f_code.co_filename):
            return True
        if not _compares_for_others(frame):
            return False
        frame = frame.f_back
    return False


def _compares_for_others(frame: FrameType) -> bool:
    """Return whether code is an assertion's (``assertTrue``) or generated: a dataclass's ``==``."""
    code = frame.f_code
    return "assert" in code.co_name.lower() or code.co_filename.startswith("<")
