"""Failures of the bundle, which has no command line itself."""

from collections.abc import Generator
from contextlib import contextmanager

from pipeline.bundle import BundleError
from terminal import Failure


@contextmanager
def failures() -> Generator[None]:
    """Raise a ``Failure`` in place of an error of the bundle."""
    try:
        yield
    except BundleError as error:
        raise Failure(str(error)) from error
