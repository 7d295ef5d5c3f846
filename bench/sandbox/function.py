"""The function's environment and events in the sandbox, and the outcome that its log states."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from function.contract import DuplicateSearch, Metric
from function.contract.keys import UPLOADS, source_key
from function.contract.messages import s3_event
from pipeline.environment import environment_variables, view_variables
from pipeline.settings import Settings

if TYPE_CHECKING:
    from bench.sandbox.embedded_s3 import EmbeddedS3
    from bench.sandbox.stub_s3 import StubS3

SOURCE, DESTINATION = "bench-source", "bench-destination"

Store: TypeAlias = "StubS3 | EmbeddedS3"
"""An S3 that the function can reach: a stub of known latency, or the embedded AWS's."""


def variables(memory_mb: int, store: Store, settings: Settings | None = None) -> dict[str, str]:
    """Return the deployed function's environment at a memory size, with S3 replaced.

    Duplicates are not looked for: there is no DynamoDB here.
    """
    settings = _measured(memory_mb, settings)
    deployed = environment_variables(settings, DESTINATION, "https://example.com", "")
    return {**deployed, **_with(store)}


def view_environment(memory_mb: int, store: Store, settings: Settings) -> dict[str, str]:
    """Return the environment of the deployed function for first views, with S3 replaced."""
    deployed = view_variables(_measured(memory_mb, settings), SOURCE, DESTINATION, "")
    return {**deployed, **_with(store)}


def _measured(memory_mb: int, settings: Settings | None) -> Settings:
    return replace(
        settings or Settings(),
        memory=memory_mb,
        max_megapixels=0,
        duplicates=DuplicateSearch.OFF,
        prefix=UPLOADS,
        former_prefixes=(),
    )


def _with(store: Store) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": store.access_key,
        "AWS_SECRET_ACCESS_KEY": store.access_key,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": store.url,
        # A benchmark must measure the resize even where the stack's limit would refuse the image.
        "MAX_PIXELS": "200000000",
    }


def name_of(file: Path, number: int) -> str:
    """Return the name that a file is uploaded under."""
    return f"bench/{number}-{file.name}"


def upload(store: Store, file: Path, number: int) -> dict[str, object]:
    """Put a file into the source bucket; return the SQS batch that tells the function of it."""
    body, key = file.read_bytes(), source_key(name_of(file, number))
    announced = s3_event(
        SOURCE,
        key,
        length=len(body),
        etag="0",
        sequencer=f"{number:016X}",
        version_id=store.upload(key, body),
        request_id=f"{number:016X}",
    )
    attributes = {"ApproximateReceiveCount": "1"}
    return {"Records": [{"messageId": f"m{number}", "body": announced, "attributes": attributes}]}


def view(path: str) -> dict[str, object]:
    """Return a reader's request as the function's URL hands it over (payload format 2.0)."""
    return {"version": "2.0", "rawPath": path, "requestContext": {"http": {"method": "GET"}}}


def was_rejected(log: str) -> bool:
    """Return True if an upload was rejected: a success for Lambda, but not for a measurement."""
    for line in log.splitlines():
        with suppress(ValueError):  # the tail of a log begins in the middle of a line
            entry: object = json.loads(line)
            if isinstance(entry, dict) and cast("dict[str, Any]", entry).get(Metric.REJECTED):
                return True
    return False
