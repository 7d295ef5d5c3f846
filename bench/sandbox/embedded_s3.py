"""S3 of the embedded AWS: signed requests, versions and conditional writes as S3 has them.

It shares the machine with the function and its latency is its own, so its figures are about the
whole rather than about the function.
"""

from pathlib import Path
from tempfile import mkdtemp

from bench.sandbox.function import DESTINATION, SOURCE
from local import server as servers
from local.server import ROOT_KEY


class EmbeddedS3:
    """A separate embedded AWS, with the two buckets."""

    access_key = ROOT_KEY

    def __init__(self) -> None:
        self._folder = Path(mkdtemp(prefix="bench-aws-"))
        server = servers.start(self._folder)
        self.url = server.endpoint
        self._s3 = server.client("s3")
        for bucket in (SOURCE, DESTINATION):
            self._s3.create_bucket(Bucket=bucket)
        status = {"Status": "Enabled"}
        self._s3.put_bucket_versioning(Bucket=SOURCE, VersioningConfiguration=status)

    def upload(self, key: str, body: bytes) -> str:
        """Put an object into the source bucket; returns its version."""
        return str(self._s3.put_object(Bucket=SOURCE, Key=key, Body=body)["VersionId"])

    def forget(self, key: str) -> None:
        """Delete an object of the destination."""
        self._s3.delete_object(Bucket=DESTINATION, Key=key)

    def made(self) -> tuple[int, int]:
        """Return how many objects are in the destination, and their bytes."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=DESTINATION)
        sizes = [item["Size"] for page in pages for item in page.get("Contents", [])]
        return len(sizes), sum(sizes)

    def close(self) -> None:
        """Stop it; nothing stays behind."""
        servers.stop(self._folder)
