"""Looking into the running embedded AWS: its objects and the function's log."""

import time
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from function.contract import StackOutput
from function.contract.keys import manifest_key, upload_name
from function.events import not_ours
from function.manifest import Manifest
from local.console import MARKS, human_bytes, shown
from local.server import Server
from terminal import console

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def print_objects(server: Server) -> None:
    """Print each upload with its status, read from its manifest."""
    s3 = server.client("s3")
    table = Table()
    for column in ("upload", "bytes", "status", "renditions"):
        table.add_column(column, justify="right" if column == "bytes" else "left", overflow="fold")
    prefixes = server.prefixes
    lister, source = s3.get_paginator("list_objects_v2"), server.outputs[StackOutput.SOURCE_BUCKET]
    pages = (page for each in prefixes for page in lister.paginate(Bucket=source, Prefix=each))
    for item in (item for page in pages for item in page.get("Contents", [])):
        name = upload_name(item["Key"], prefixes)
        if reason := not_ours(name):
            cells = Text("ignored", style="dim"), Text(reason)
        else:
            manifest = _manifest(s3, server.outputs[StackOutput.DESTINATION_BUCKET], name)
            cells = _cells(manifest)
        table.add_row(shown(item["Key"]), human_bytes(item["Size"]), *cells)
    console().print(table)


def _manifest(s3: "S3Client", bucket: str, name: str) -> Manifest | None:
    try:
        answer = s3.get_object(Bucket=bucket, Key=manifest_key(name))
    except s3.exceptions.NoSuchKey:
        return None
    return Manifest.from_json(answer["Body"].read())


def _cells(manifest: Manifest | None) -> tuple[Text, Text]:
    if manifest is None:
        return Text("waiting", style="dim"), Text()
    files = (rendition.key.rsplit("/", 1)[-1] for rendition in manifest.renditions)
    detail = manifest.error.message if manifest.error else " ".join(files)
    return Text(manifest.status, style=MARKS[manifest.status]), shown(detail)


def print_logs(server: Server, *, follow: bool) -> None:
    """Print the function's log, oldest line first; with ``follow`` go on until interrupted."""
    logs = server.client("logs")
    seen: set[tuple[str, int, str]] = set()
    while True:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=server.outputs[StackOutput.LOG_GROUP]
        )
        for event in (event for page in pages for event in page["events"]):
            identity = (event["logStreamName"], event["timestamp"], event["message"])
            if identity not in seen:
                seen.add(identity)
                print(event["message"].rstrip())
        if not follow:
            return
        time.sleep(1)
