"""AWS Lambda: an invocation that runs while its function is updated ends as it began."""

from collections.abc import Callable
from typing import Any, Final

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

_lambda: Final[Any] = lambda_svc
_runtime: Final[Any] = lambda_runtime
_invalidate: Final[Callable[..., None]] = _lambda.invalidate_worker
_release: Final[Callable[[Any], None]] = _lambda.release_worker


def _retire_or_end(name: str, *given: Any, **named: Any) -> None:
    """End a function's idle processes, and leave those that serve an invocation to finish.

    "Updating function code" (Lambda developer guide). A process that has died serves nothing.
    """
    with _runtime._lock:
        for pool in _runtime._workers.values():
            for worker in [w for w in pool if w.in_use and w.func_name == name and _lives(w)]:
                pool.remove(worker)
                worker.is_retired = True
    _invalidate(name, *given, **named)


def _lives(worker: Any) -> bool:
    return worker._proc is None or worker._proc.poll() is None  # None: it is about to start


def _release_or_end(worker: Any) -> None:
    _release(worker)
    if getattr(worker, "is_retired", False):
        _runtime.kill_workers([worker])


def install() -> None:
    """Make MiniStack's Lambda leave invocations to finish, in this process."""
    _lambda.invalidate_worker = _retire_or_end
    _lambda.release_worker = _release_or_end
