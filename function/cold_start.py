"""Everything that a cold start does once, whichever way the uploads come."""

import functools
import itertools
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress

from function import logs
from function.contract import DuplicateSearch, Metric
from function.engine.errors import IsolationFailed
from function.engine.isolate import Isolation
from function.engine.native_module import import_native
from function.engine.results import Result
from function.environment import Environment
from function.reconcile import Reconciler
from function.storage.bucket import Bucket
from function.storage.deadline import Deadline
from function.uploads import UploadHandler


def start(variables: Mapping[str, str] = os.environ) -> UploadHandler:
    """Start the worker and return what handles uploads, given the environment variables.

    Lambda gives the initialisation a whole vCPU, and an invocation the share of its memory size: so
    an entry point calls it once its own imports are done.

    Raises:
        RuntimeError: a variable is missing or malformed; the sentence names it.
    """
    logs.configure()
    environment, deadline = Environment.read(variables), Deadline()
    looks_for_duplicates = environment.duplicates != DuplicateSearch.OFF
    if native := import_native():
        native.hide()  # the credentials are in this process's memory and environment
    # It imports the decoders while this process makes the rest ready.
    isolation = Isolation(
        environment.task,
        most_bytes=environment.max_upload_bytes,
        most_seconds=environment.most_seconds,
    )

    def render(data: bytes) -> Iterator[Result]:
        return isolation.run(data, deadline.left())

    @functools.cache
    def reconciler_for(source_bucket: str) -> Reconciler:
        """Return the reconciler of a source bucket, built for its first event."""
        open_bucket = functools.partial(
            Bucket, kms_key_arn=environment.kms_key_arn, deadline=deadline
        )
        destination = open_bucket(environment.destination_bucket)
        duplicates = rejections = None
        if looks_for_duplicates:
            from function.duplicates import search  # noqa: PLC0415 - most stacks need none of it

            duplicates = search.connect(environment, destination, deadline)
        if environment.tags_rejected:
            from function.rejections import Rejections  # noqa: PLC0415 - nor of these
            from function.storage.tags import Tags  # noqa: PLC0415

            rejections = Rejections(Tags(source_bucket, deadline))
        source = open_bucket(source_bucket)
        return Reconciler.build(
            environment, source, destination, render, duplicates, rejections=rejections
        )

    def worker_counts() -> dict[Metric, int]:
        """Return the metrics of workers since the last call, without those that are zero."""
        counts = zip(
            (Metric.STOPPED, Metric.WORKERS_REPLACED), isolation.take_counts(), strict=True
        )
        return {metric: count for metric, count in counts if count}

    with suppress(IsolationFailed):
        isolation.wait()
    return UploadHandler(
        function_name=variables.get("AWS_LAMBDA_FUNCTION_NAME", "local"),
        publishes_metrics=environment.publish_metrics,
        reconciler_for=reconciler_for,
        deadline=deadline,
        counts_duplicates=looks_for_duplicates,
        worker_counts=worker_counts,
        cold_starts=itertools.chain((1,), itertools.repeat(0)),
    )
