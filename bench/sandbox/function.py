"""What the function is given in the sandbox: the stack's variables and an upload's event."""

from dataclasses import replace
from pathlib import Path
from typing import Protocol

from function.contract import DuplicateSearch, s3_event, source_key
from pipeline.environment import environment_variables
from pipeline.settings import Settings

SOURCE, DESTINATION = "bench-source", "bench-destination"


class Store(Protocol):
    """An S3 that the function can reach: the stub, or the embedded AWS's."""

    url: str
    access_key: str

    def upload(self, key: str, body: bytes) -> str:
        """Put an object into SOURCE; returns its version."""
        ...

    def facts(self) -> dict[str, str | float]:
        """What it is, for the report."""
        ...

    def close(self) -> None:
        """Stop it."""
        ...


def variables(memory_mb: int, store: Store, settings: Settings | None = None) -> dict[str, str]:
    """Environment of the deployed function at this memory size, with S3 replaced.

    Args:
        memory_mb: Lambda memory size.
        store: the S3.
        settings: the stack's; the defaults if None. Duplicates are not looked for: there is no
            DynamoDB here.
    """
    settings = replace(
        settings or Settings(),
        memory=memory_mb,
        max_megapixels=0,
        duplicates=DuplicateSearch.OFF,
    )
    stack = environment_variables(settings, DESTINATION, "https://example.com", "")
    credentials = {
        "AWS_ACCESS_KEY_ID": store.access_key,
        "AWS_SECRET_ACCESS_KEY": store.access_key,
    }
    place = {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": store.url}
    # A benchmark must measure the resize even where the stack's own limit would refuse the image.
    return {**stack, **credentials, **place, "MAX_PIXELS": "200000000"}


def upload(store: Store, file: Path, number: int) -> dict[str, object]:
    """Put a file into the source bucket; returns the SQS batch that tells the function of it."""
    body, key = file.read_bytes(), source_key(f"bench/{number}-{file.name}")
    version = store.upload(key, body)
    announced = s3_event(
        SOURCE,
        key,
        length=len(body),
        etag="0",
        sequencer=f"{number:016X}",
        version_id=version,
        request_id=f"{number:016X}",
    )
    message: dict[str, object] = {
        "messageId": f"m{number}",
        "body": announced,
        "attributes": {"ApproximateReceiveCount": "1"},
    }
    return {"Records": [message]}
