"""The two ways in which an upload can fail.

Exception
├── Rejected          permanent: this input will never work. Acknowledged, recorded in the
│                     manifest, counted, not retried; the upload stays where it is.
└── anything else     transient until proven otherwise: SQS delivers the message again after
the visibility timeout, and after maxReceiveCount it is in the DLQ.
"""

import struct
import zlib
from typing import Final


class Rejected(Exception):
    """An input that no retry can help.

    Attributes:
        code: stable, machine-readable reason, e.g. ``"not_an_image"``.
        message: one sentence in plain words for the person who uploaded.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


_DAMAGE: Final = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    RuntimeError,
    IndexError,
    struct.error,
    zlib.error,
    AssertionError,
    UserWarning,
)
"""Exceptions that decoders raise for damaged files (``make fuzz``); no other means damage."""


def is_damage(error: BaseException) -> bool:
    """Return True if an exception from a decoder means that the file is damaged.

    Everything else, such as a ``TypeError``, is a bug: a failure of ours.
    """
    return isinstance(error, _DAMAGE) and not is_ours(error)


def is_ours(error: BaseException) -> bool:
    """Return True if a missing module or the operating system caused an exception.

    Also where a library caught the cause and raised something else instead.
    """
    return any(map(_is_cause_ours, _chain(error)))


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception and those that were being handled when it was raised, latest first."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return chain


def _is_cause_ours(error: BaseException) -> bool:
    """Return True for what only the machine or the bundle can cause.

    Decoders raise ``OSError`` for damage, but without the number that the operating system gives
    its own; and ``SyntaxError``, but without the file name that a broken Python module gives.
    """
    from_system = isinstance(error, OSError) and error.errno is not None
    broken_module = isinstance(error, SyntaxError) and error.filename is not None
    return isinstance(error, ImportError) or from_system or broken_module
