"""Everything that a cold start does once, whichever way the uploads come."""

import functools
import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from function import logs
from function.contract import DuplicateSearch, Metric
from function.engine.errors import IsolationFailed
from function.engine.isolate import Isolation
from function.engine.native_module import import_native
from function.engine.renditions import OutputFormat
from function.engine.results import Result, Task
from function.environment import Environment
from function.reconcile import Reconciler
from function.storage.bucket import Bucket
from function.storage.deadline import Deadline
from function.uploads import UploadHandler

if TYPE_CHECKING:
    from function.views import ViewHandler


def start(variables: Mapping[str, str] = os.environ) -> UploadHandler:
    """Start the worker and return what handles uploads, given the environment variables.

    Lambda gives the initialisation a whole vCPU, and an invocation the share of its memory size: so
    an entry point calls it once its own imports are done.

    Raises:
        RuntimeError: a variable is missing or malformed; the sentence names it.
    """
    environment, deadline = _read(variables), Deadline()
    looks_for_duplicates = environment.duplicates != DuplicateSearch.OFF
    # It imports the decoders while this process makes the rest ready.
    isolation = _isolation(environment, environment.task)

    def render(data: bytes) -> Iterator[Result]:
        return isolation.run(data, deadline.left())

    @functools.cache
    def reconciler_for(source_bucket: str) -> Reconciler:
        """Return the reconciler of a source bucket, built for its first event."""
        open_bucket = _opener(environment, deadline)
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

    with suppress(IsolationFailed):
        isolation.wait()
    return UploadHandler(
        function_name=_name(variables),
        publishes_metrics=environment.publish_metrics,
        reconciler_for=reconciler_for,
        deadline=deadline,
        counts_duplicates=looks_for_duplicates,
        worker_counts=functools.partial(_worker_counts, isolation),
        cold_starts=itertools.chain((1,), itertools.repeat(0)),
        prefixes=environment.upload_prefixes,
    )


def start_views(variables: Mapping[str, str] = os.environ) -> "ViewHandler":
    """Start the worker and return what handles requests for lazy renditions, as ``start``.

    Raises:
        RuntimeError: a variable is missing or malformed; the sentence names it.
    """
    from function.first_view import FirstView  # noqa: PLC0415 - uploads need neither of these
    from function.views import ViewHandler  # noqa: PLC0415

    environment, deadline = _read(variables), Deadline()
    if not environment.lazy or not environment.source_bucket:
        raise RuntimeError("First views need a lazy rendition in RENDITIONS, and SOURCE_BUCKET.")
    isolation, open_bucket = (
        _isolation(environment, environment.view_task),
        _opener(environment, deadline),
    )

    def render(data: bytes, name: str, format_name: OutputFormat) -> Iterator[Result]:
        return isolation.run(data, deadline.left(), (name, format_name))

    views = FirstView(
        environment,
        open_bucket(environment.source_bucket),
        open_bucket(environment.destination_bucket),
        render,
    )
    with suppress(IsolationFailed):
        isolation.wait()
    return ViewHandler(
        function_name=_name(variables),
        publishes_metrics=environment.publish_metrics,
        views=views,
        deadline=deadline,
        worker_counts=functools.partial(_worker_counts, isolation),
        cold_starts=itertools.chain((1,), itertools.repeat(0)),
    )


def _read(variables: Mapping[str, str]) -> Environment:
    """Return the settings, once the log is ours and no other process may read this one's memory."""
    logs.configure()
    environment = Environment.read(variables)
    if native := import_native():
        native.hide()  # the credentials are in this process's memory and environment
    return environment


def _isolation(environment: Environment, task: Task) -> Isolation:
    return Isolation(
        task, most_bytes=environment.max_upload_bytes, most_seconds=environment.most_seconds
    )


def _opener(environment: Environment, deadline: Deadline) -> Callable[[str], Bucket]:
    return functools.partial(Bucket, kms_key_arn=environment.kms_key_arn, deadline=deadline)


def _worker_counts(isolation: Isolation) -> dict[Metric, int]:
    """Return the metrics of workers since the last call, without those that are zero."""
    counts = zip((Metric.STOPPED, Metric.WORKERS_REPLACED), isolation.take_counts(), strict=True)
    return {metric: count for metric, count in counts if count}


def _name(variables: Mapping[str, str]) -> str:
    return variables.get("AWS_LAMBDA_FUNCTION_NAME", "local")
