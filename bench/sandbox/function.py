"""What the function is given in the sandbox: the stack's variables and an upload's event."""

import json
from pathlib import Path

from bench.sandbox.stub_s3 import StubS3
from pipeline.resizer import environment_variables
from pipeline.settings import Settings

SOURCE, DESTINATION = "bench-source", "bench-destination"


def variables(memory_mb: int, store: StubS3) -> dict[str, str]:
    """Environment of the deployed function at this memory size, with S3 replaced."""
    settings = Settings(memory=memory_mb)
    stack = environment_variables(settings, DESTINATION, "https://example.com", "")
    credentials = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    place = {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": store.url}
    # A benchmark must measure the resize even where the stack's own limit would refuse the image.
    return {**stack, **credentials, **place, "MAX_PIXELS": "200000000"}


def upload(store: StubS3, file: Path, number: int) -> dict[str, object]:
    """Put a file into the source bucket; returns the SQS batch that tells the function of it."""
    body, key = file.read_bytes(), f"uploads/bench/{number}-{file.name}"
    store.put(f"/{SOURCE}/{key}", body)
    s3: dict[str, object] = {
        "bucket": {"name": SOURCE},
        "object": {"key": key, "size": len(body), "eTag": "0", "versionId": "1"}
        | {"sequencer": f"{number:016X}"},
    }
    record: dict[str, object] = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": s3,
    }
    record["responseElements"] = {"x-amz-request-id": f"{number:016X}"}
    message: dict[str, object] = {
        "messageId": f"m{number}",
        "body": json.dumps({"Records": [record]}),
        "attributes": {"ApproximateReceiveCount": "1"},
    }
    return {"Records": [message]}
