"""The C module of ``native/``: every function on pixels, and the confinement of a process."""

from types import ModuleType


def import_native() -> ModuleType | None:
    """Return the C module, or None if it was not built."""
    try:
        from function.engine import _native  # noqa: PLC0415 - it may be missing
    except ImportError:
        return None
    return _native
