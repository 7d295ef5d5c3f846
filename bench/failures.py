"""Failures of the parts that the bench rests on, which have no command line themselves."""

from collections.abc import Generator
from contextlib import contextmanager

from local.errors import LocalError
from pipeline.bundle import BundleError
from terminal import Failure


@contextmanager
def failures() -> Generator[None]:
    """Raise a ``Failure`` in place of an error of the bundle or of the embedded AWS."""
    try:
        yield
    except (BundleError, LocalError) as error:
        raise Failure(str(error)) from error
