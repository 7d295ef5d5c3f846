"""AWS Lambda: an invocation that runs while its function is updated ends as it began."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

_lambda: Final[Any] = lambda_svc
_runtime: Final[Any] = lambda_runtime
_release: Final[Callable[[Any], None]] = _lambda.release_worker

Update = Callable[[str, Mapping[str, Any]], Any]


def _retire(name: str) -> None:
    """Take the processes that serve invocations of a function out of its pool.

    MiniStack then ends all processes of the pool. AWS leaves these to finish ("Updating function
    code", Lambda developer guide).
    """
    with _runtime._lock:
        for pool in _runtime._workers.values():
            for worker in [w for w in pool if w.in_use and w.func_name == name]:
                pool.remove(worker)
                worker.is_retired = True


def _leaving_invocations(update: Update) -> Update:
    def retire_and_update(name: str, given: Mapping[str, Any]) -> Any:
        _retire(name)
        return update(name, given)

    return retire_and_update


def _release_or_end(worker: Any) -> None:
    _release(worker)
    if getattr(worker, "is_retired", False):
        _runtime.kill_workers([worker])


def install() -> None:
    """Make MiniStack's Lambda leave invocations to finish, in this process."""
    _lambda._update_code = _leaving_invocations(_lambda._update_code)
    _lambda._update_config = _leaving_invocations(_lambda._update_config)
    _lambda.release_worker = _release_or_end
