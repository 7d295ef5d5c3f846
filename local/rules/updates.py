"""AWS Lambda: an invocation that runs while its function is updated ends with the old code."""

from collections.abc import Callable
from typing import Any

from local.rules.ministack import lambda_runtime, lambda_svc, replaces


@replaces(vars(lambda_svc), "invalidate_worker")
def retire_or_end(invalidate: Callable[..., None], name: str, *given: Any, **named: Any) -> None:
    """End a function's idle processes, and let busy ones finish their invocation.

    "Updating function code" (Lambda developer guide). A process that has died serves nothing.
    """
    with lambda_runtime._lock:
        for pool in lambda_runtime._workers.values():
            for worker in [w for w in pool if w.in_use and w.func_name == name and _lives(w)]:
                pool.remove(worker)
                worker.is_retired = True
    invalidate(name, *given, **named)


def _lives(worker: Any) -> bool:
    return worker._proc is None or worker._proc.poll() is None  # None: it is about to start


@replaces(vars(lambda_svc), "release_worker")
def release_or_end(release: Callable[[Any], None], worker: Any) -> None:
    """End a process that was retired once its invocation has."""
    release(worker)
    if getattr(worker, "is_retired", False):
        lambda_runtime.kill_workers([worker])
