"""The only golden module that imports the function: an upload in, stored objects out.

It takes an upload the whole way, from S3's event to the manifest, with buckets in memory.
"""

import functools
from collections.abc import Mapping

from function.contract.keys import rendition_key, source_key
from function.contract.messages import s3_event
from function.engine.isolate import Isolation
from function.engine.results import Task
from function.engine.work import work
from function.environment import Environment
from function.events import parse_message
from function.process import Engine
from function.reconcile import Reconciler
from tests.support.memory import MemoryBucket


def stored_objects(
    name: str, data: bytes, variables: Mapping[str, str], *, in_process: bool = False
) -> dict[str, bytes]:
    """Process one upload and return everything that is stored for it.

    Args:
        name: file name of the upload; the same key is used on every machine.
        data: content of the upload.
        variables: environment variables of the function.
        in_process: run the engine in this process, because no other can be started (emulation).

    Returns:
        Each object's content by the last part of its key, such as ``thumb.jpg``.
    """
    source, destination = MemoryBucket(), MemoryBucket()
    source.objects[source_key(f"golden/{name}")] = data
    environment = Environment.read(variables)
    engine = _engine(environment.task, in_process=in_process)
    reconciler = Reconciler.build(environment, source, destination, engine)
    for event in parse_message(_message(name, len(data)), "golden"):
        reconciler.reconcile(event)
    prefix = rendition_key(f"golden/{name}", "")
    return {key.removeprefix(prefix): body for key, body in destination.objects.items()}


@functools.cache
def _engine(task: Task, *, in_process: bool) -> Engine:
    if in_process:
        return functools.partial(work, task=task)
    return Isolation(task, most_bytes=1 << 30).run


def _message(name: str, size: int) -> str:
    """Return the body of the SQS message that announces an upload."""
    return s3_event(
        "source",
        source_key(f"golden/{name}"),
        length=size,
        etag="e1",
        sequencer="01",
        version_id="v1",
        request_id="golden",
    )
