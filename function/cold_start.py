"""Everything that a cold start does once, whichever way the uploads come."""

import functools
import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from function import logs
from function.contention import back_off
from function.contract import LOOK_SECONDS, DuplicateSearch, Metric, Publish
from function.contract.keys import DECISIONS, look_key
from function.engine.errors import IsolationFailed
from function.engine.isolate import Isolation
from function.engine.native_module import import_native
from function.engine.renditions import OutputFormat
from function.engine.results import Result, Task
from function.environment import Environment
from function.holder import Holder
from function.moderation import HeldRecord, Moderation
from function.reconcile import Reconciler
from function.storage.bucket import Bucket
from function.storage.deadline import Deadline
from function.uploads import UploadHandler
from function.waiting import Waiting

if TYPE_CHECKING:
    from function.first_view import FirstView
    from function.lazy_formats import FormatHandler
    from function.views import ViewHandler


def start(variables: Mapping[str, str] = os.environ) -> UploadHandler:
    """Start the worker and return the handler of uploads, given the environment variables.

    Lambda gives the initialisation a whole vCPU, but an invocation only the share of its memory
    size. So an entry point calls this at import, once its own imports are done.

    Raises:
        RuntimeError: a variable is missing or malformed; the sentence names it.
    """
    environment, deadline = _read(variables), Deadline()
    looks_for_duplicates = environment.duplicates != DuplicateSearch.OFF
    # The worker imports the decoders while this process prepares the rest.
    isolation = _isolation(environment, environment.task, environment.most_seconds)

    def render(data: bytes) -> Iterator[Result]:
        return isolation.run(data, deadline.left())

    def look(data: bytes, name: str, format_name: OutputFormat) -> Iterator[Result]:
        return isolation.run(data, deadline.left(), (name, format_name, looks_for_duplicates))

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
        ask = None
        if environment.moderator:
            from function.moderator import Moderator  # noqa: PLC0415 - nor of these
            from function.storage.presign import presign  # noqa: PLC0415

            def look_url(held: HeldRecord) -> str:
                key = look_key(environment.name_of(held.key), held.version_id)
                return presign(destination.name, key, LOOK_SECONDS, os.environ)

            ask = Moderator(environment.moderator, source_bucket, look_url, deadline)
        moderation = Moderation(
            destination,
            environment.publish == Publish.HELD,
            environment.moderates,
            functools.cache(lambda: destination.has_any(DECISIONS)),
            environment.upload_prefixes,
            ask,
        )
        cdn = rejected = None
        if environment.distribution_id:
            from function.cdn_cache import CdnCache  # noqa: PLC0415 - nor of this

            cdn = CdnCache(environment.distribution_id, deadline)
        if duplicates:
            rejected = duplicates.rejected.replace(prefixes=environment.upload_prefixes)
        reconciler = Reconciler.build(
            environment,
            source,
            destination,
            render,
            duplicates,
            rejections=rejections,
            holder=Holder(environment, source, look, moderation, rejected, cdn),
        )
        return reconciler.replace(back_off=functools.partial(back_off, deadline=deadline))

    with suppress(IsolationFailed):
        isolation.wait()
    return UploadHandler(
        function_name=_name(variables),
        publishes_metrics=environment.publish_metrics,
        reconciler_for=reconciler_for,
        deadline=deadline,
        counts_duplicates=looks_for_duplicates,
        hides_events=environment.moderates,
        worker_counts=functools.partial(_worker_counts, isolation),
        cold_starts=itertools.chain((1,), itertools.repeat(0)),
        prefixes=environment.upload_prefixes,
    )


def measure_held(uploads: UploadHandler, variables: Mapping[str, str] = os.environ) -> None:
    """Log how many uploads wait for a moderator, and how long the oldest has waited.

    Raises:
        Exception: S3 did not list them.
    """
    environment = Environment.read(variables)
    destination = _opener(environment, uploads.deadline)(environment.destination_bucket)
    Waiting(destination, uploads.function_name, uploads.publishes_metrics).measure()


def start_views(variables: Mapping[str, str] = os.environ) -> "ViewHandler":
    """Start the worker and return the handler of requests for lazy renditions; see ``start``.

    A stack with lazy formats but no lazy rendition renders nothing while a reader waits, so it
    starts no worker.

    Raises:
        RuntimeError: a variable is missing or malformed; the sentence names it.
    """
    from function.format_view import FormatView  # noqa: PLC0415 - uploads need neither of these
    from function.views import ViewHandler  # noqa: PLC0415

    environment, deadline = _read(variables), Deadline()
    if not environment.lazy or not environment.source_bucket:
        raise RuntimeError("First views need a lazy rendition in RENDITIONS, and SOURCE_BUCKET.")
    if environment.in_background and not environment.format_queue_url:
        raise RuntimeError("First views of lazyFormats in RENDITIONS need FORMAT_QUEUE_URL.")
    task = environment.view_task
    first_views, counts = _first_views(environment, task, deadline, starts=bool(task.renditions))
    first_views = first_views.replace(notes_failures=True)
    views = FormatView(
        environment,
        first_views.destination,
        first_views,
        functools.partial(_send, environment.format_queue_url, deadline),
    )
    return ViewHandler(
        function_name=_name(variables),
        publishes_metrics=environment.publish_metrics,
        views=views,
        deadline=deadline,
        worker_counts=counts,
        cold_starts=itertools.chain((1,), itertools.repeat(0)),
    )


def start_formats(variables: Mapping[str, str] = os.environ) -> "FormatHandler":
    """Start the worker and return the handler that makes lazy formats; see ``start``.

    Raises:
        RuntimeError: a variable is missing or malformed; the sentence names it.
    """
    from function.lazy_formats import FormatHandler  # noqa: PLC0415 - nothing else needs it

    environment, deadline = _read(variables), Deadline()
    if not environment.in_background or not environment.source_bucket:
        raise RuntimeError("Lazy formats need lazyFormats in RENDITIONS, and SOURCE_BUCKET.")
    views, counts = _first_views(environment, environment.format_task, deadline)
    return FormatHandler(
        views=views,
        deadline=deadline,
        worker_counts=counts,
        cold_starts=itertools.chain((1,), itertools.repeat(0)),
    )


def _first_views(
    environment: Environment, task: Task, deadline: Deadline, *, starts: bool = True
) -> "tuple[FirstView, Callable[[], dict[Metric, int]]]":
    """Return a ``FirstView`` for a task's renditions, and a function for its workers' metrics."""
    from function.first_view import FirstView  # noqa: PLC0415 - uploads do not need it

    most_seconds = environment.most_view_seconds
    isolation = _isolation(environment, task, most_seconds) if starts else None
    open_bucket = _opener(environment, deadline)

    def render(data: bytes, name: str, format_name: OutputFormat) -> Iterator[Result]:
        assert isolation  # noqa: S101 - a task without renditions makes none
        return isolation.run(data, deadline.left(), (name, format_name, False))

    views = FirstView(
        environment,
        open_bucket(environment.source_bucket),
        open_bucket(environment.destination_bucket),
        render,
        task.renditions,
        back_off=functools.partial(back_off, deadline=deadline),
    )
    if isolation is None:
        return views, dict
    with suppress(IsolationFailed):
        isolation.wait()
    return views, functools.partial(_worker_counts, isolation)


def _send(queue_url: str, deadline: Deadline, body: str) -> None:
    """Send a message to a queue."""
    # Imported here, because few views send one and the import costs a cold start 30 ms.
    from function.postpone import client  # noqa: PLC0415

    message = {"QueueUrl": queue_url, "MessageBody": body}
    client(deadline).call("AmazonSQS.SendMessage", message)


def _read(variables: Mapping[str, str]) -> Environment:
    """Return the settings, after the log is set up and this process's memory is protected."""
    logs.configure()
    environment = Environment.read(variables)
    if native := import_native():
        native.hide()  # the credentials are in this process's memory and environment
    return environment


def _isolation(environment: Environment, task: Task, most_seconds: float) -> Isolation:
    return Isolation(task, most_bytes=environment.max_upload_bytes, most_seconds=most_seconds)


def _opener(environment: Environment, deadline: Deadline) -> Callable[[str], Bucket]:
    return functools.partial(Bucket, kms_key_arn=environment.kms_key_arn, deadline=deadline)


def _worker_counts(isolation: Isolation) -> dict[Metric, int]:
    """Return the metrics of workers since the last call, without zeros."""
    counts = zip((Metric.STOPPED, Metric.WORKERS_REPLACED), isolation.take_counts(), strict=True)
    return {metric: count for metric, count in counts if count}


def _name(variables: Mapping[str, str]) -> str:
    return variables.get("AWS_LAMBDA_FUNCTION_NAME", "local")
