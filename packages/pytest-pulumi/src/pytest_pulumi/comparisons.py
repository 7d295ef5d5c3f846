"""An Output that a test compares, or asks whether it is true, is an error.

Python answers by the Output itself, whatever value it will have: it is always true, and never
equal to a plain value.
"""

import sys
from typing import Any, cast

import pulumi

from pytest_pulumi.errors import VacuousTestError
from pytest_pulumi_plugin import is_test_file

_KINDS = cast("Any", pulumi.Output)


def refuse_in_tests() -> None:
    """Make code of test files fail that compares an Output; any other code goes on as before."""
    _KINDS.__bool__, _KINDS.__eq__, _KINDS.__ne__ = _bool, _eq, _ne


def _bool(_self: Any) -> bool:
    if _asked_by_test():
        raise VacuousTestError(
            "An Output is always true, so asking proves nothing; ask program.value(output), or "
            "`output is not None`."
        )
    return True


def _eq(self: Any, other: object) -> bool:
    _refuse_plain(other)
    return self is other


def _ne(self: Any, other: object) -> bool:
    _refuse_plain(other)
    return self is not other


def _refuse_plain(other: object) -> None:
    if not isinstance(other, pulumi.Output) and _asked_by_test(above=1):
        raise VacuousTestError(
            f"An Output never equals a plain value such as {other!r}, so comparing them proves "
            f"nothing; compare program.value(output)."
        )


def _asked_by_test(above: int = 0) -> bool:
    return is_test_file(sys._getframe(2 + above).f_code.co_filename)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
