"""The two ways in which an upload can fail.

Exception
├── Rejected          permanent: this input will never work. Acknowledged, recorded in the
│                     manifest, counted, not retried; the upload stays where it is.
└── anything else     transient until proven otherwise: SQS delivers the message again after the
                      visibility timeout, and makes it a dead letter after maxReceiveCount.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Stable, machine-readable reasons to reject an upload; docs/errors.md says when."""

    EMPTY = "empty"
    TOO_MANY_BYTES = "too_many_bytes"
    ARCHIVED = "archived"
    KEY_TOO_LONG = "key_too_long"
    NOT_AN_IMAGE = "not_an_image"
    UNSUPPORTED_FORMAT = "unsupported_format"
    UNSUPPORTED_CODEC = "unsupported_codec"
    POLYGLOT = "polyglot"
    TOO_MANY_PIXELS = "too_many_pixels"
    ABSURD_SHAPE = "absurd_shape"
    TOO_MANY_FRAMES = "too_many_frames"
    METADATA_TOO_LARGE = "metadata_too_large"
    TRUNCATED = "truncated"
    BROKEN_IMAGE = "broken_image"
    TOO_COMPLEX = "too_complex"
    UNSAFE_SVG = "unsafe_svg"


class Rejected(Exception):
    """An input that fails on every retry; the message is for the person who uploaded it."""

    def __init__(self, code: Reason, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class Stopped(Rejected):
    """An upload that took more time or memory than any honest one of its kind."""

    def __init__(self) -> None:
        message = "This image cannot be processed within the time and memory allowed."
        super().__init__(Reason.TOO_COMPLEX, message)


class DecoderBug(Exception):
    """A decoder or encoder failed in a way that damaged files do not explain."""


class IsolationFailed(Exception):
    """The zygote or the machine failed; the upload was not to blame."""


class Worn(Exception):
    """A worker that had served before has failed; a new one may not, so ask once more."""


class Killed(Worn):
    """A new worker was killed while it had the upload, which may not be to blame; ask once more."""


def is_system_failure(error: BaseException) -> bool:
    """Return True if a missing module or the operating system caused an exception.

    Decoders raise ``OSError`` for damage, but without the number that the operating system gives
    its own; and ``SyntaxError``, but without the file name that a broken Python module gives. It is
    looked for behind the exception, too: a library may have caught it and raised another.
    """
    cause: BaseException | None = error
    seen: list[BaseException] = []
    while cause and cause not in seen:
        from_system = isinstance(cause, OSError) and cause.errno is not None
        broken_module = isinstance(cause, SyntaxError) and cause.filename is not None
        if isinstance(cause, ImportError) or from_system or broken_module:
            return True
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    return False
