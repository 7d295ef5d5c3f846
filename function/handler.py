"""Lambda's entry point: everything that a cold start does once."""

import functools
import itertools
import os
from collections.abc import Iterator
from contextlib import suppress

from function import logs, postpone
from function.batch import BatchHandler
from function.contract import DuplicateSearch, Metric
from function.engine.errors import IsolationFailed
from function.engine.isolate import Isolation
from function.engine.native_module import import_native
from function.engine.results import Result
from function.environment import Environment
from function.reconcile import Reconciler
from function.storage.bucket import Bucket
from function.storage.deadline import Deadline

logs.configure()
_environment = Environment.read(os.environ)
_looks_for_duplicates = _environment.duplicates != DuplicateSearch.OFF
_deadline = Deadline()
if _native := import_native():
    _native.hide()  # the credentials are in this process's memory and environment
# It imports the decoders while this process imports the rest.
_isolation = Isolation(
    _environment.task,
    most_bytes=_environment.max_upload_bytes,
    most_seconds=_environment.most_seconds,
)


@functools.cache
def _reconciler_for(source_bucket: str) -> Reconciler:
    """Return the reconciler of a source bucket, built for its first event."""
    kms_key_arn = _environment.kms_key_arn
    open_bucket = functools.partial(Bucket, kms_key_arn=kms_key_arn, deadline=_deadline)
    destination = open_bucket(_environment.destination_bucket)
    duplicates = None
    if _looks_for_duplicates:
        from function.duplicates import search  # noqa: PLC0415 - a cold start without it is shorter

        duplicates = search.connect(_environment, destination, _deadline)
    source = open_bucket(source_bucket)
    return Reconciler.build(_environment, source, destination, _render, duplicates)


def _render(data: bytes) -> Iterator[Result]:
    return _isolation.run(data, _deadline.left())


# Lambda gives the initialisation a whole vCPU, and an invocation the share of its memory size.
with suppress(IsolationFailed):
    _isolation.wait()


def _worker_counts() -> dict[Metric, int]:
    """Return the metrics of workers since the last call, without those that are zero."""
    counts = zip((Metric.STOPPED, Metric.WORKERS_REPLACED), _isolation.take_counts(), strict=True)
    return {metric: count for metric, count in counts if count}


handle = BatchHandler(
    function_name=os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local"),
    publishes_metrics=_environment.publish_metrics,
    reconciler_for=_reconciler_for,
    deadline=_deadline,
    postpone=functools.partial(postpone.postpone, _deadline),
    counts_duplicates=_looks_for_duplicates,
    worker_counts=_worker_counts,
    cold_starts=itertools.chain((1,), itertools.repeat(0)),
).handle
