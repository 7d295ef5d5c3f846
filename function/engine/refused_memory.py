"""Tell whether memory was refused: libraries report it as damage, or as some other error."""

from function.engine.native_module import import_native


def forget_refused_memory() -> None:
    """Forget that this thread was refused memory."""
    if native := import_native():
        native.forget_refused_memory()


def was_refused_memory() -> bool:
    """Return True if this thread was refused memory since then."""
    native = import_native()
    return bool(native and native.was_refused_memory())
