"""The only golden module that imports the function: an upload in, stored objects out.

It takes an upload the whole way, from S3's event to the manifest, with buckets in memory.
"""

from collections.abc import Mapping

from function.contract import rendition_key, s3_event, source_key
from function.environment import Environment
from function.events import parse_message
from function.reconcile import Reconciler
from tests.support.memory import MemoryBucket


def stored_objects(name: str, data: bytes, variables: Mapping[str, str]) -> dict[str, bytes]:
    """Process one upload and return everything that is stored for it.

    Args:
        name: file name of the upload; the same key is used on every machine.
        data: content of the upload.
        variables: environment variables of the function.

    Returns:
        Each object's content by the last part of its key, such as ``thumb.jpg``.
    """
    source, destination = MemoryBucket(), MemoryBucket()
    source.objects[source_key(f"golden/{name}")] = data
    reconciler = Reconciler.build(Environment.read(variables), source, destination)
    for event in parse_message(_message(name, len(data)), "golden"):
        reconciler.reconcile(event)
    prefix = rendition_key(f"golden/{name}", "")
    return {key.removeprefix(prefix): body for key, body in destination.objects.items()}


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
