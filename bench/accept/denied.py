"""Try each forbidden action without credentials, and check that AWS refuses it."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

import botocore.exceptions

from bench.accept import cloud
from bench.accept.live import Live
from bench.accept.steps import Outcome, StepFailed
from function.contract import INDEX, MANIFEST, UPLOADS, StackOutput
from local.http import request

DOOR_REFUSALS: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
"""Statuses that refuse at the public door: an edge function answers 404 for what is not public.

From S3 itself a 404 refuses nothing: the object that was aimed at is gone, or may be listed.
"""

_BODY: Final = b"accept"
_INDEXED: Final = f"{INDEX}accept"
_DOOR: Final = "read the index by the public door"

Action = Callable[[], Any]


def check(live: Live) -> Outcome:
    """Try every action.

    Raises:
        StepFailed: one was not refused.
    """
    statuses: dict[str, int] = {}
    for name, action in actions(live).items():
        statuses[name] = _status(action)
        if statuses[name] not in (DOOR_REFUSALS if name == _DOOR else (HTTPStatus.FORBIDDEN,)):
            raise StepFailed(f"{name}: answered with {statuses[name]}, and has to be refused.")
    # The embedded AWS speaks plain HTTP alone, and its stacks therefore allow it.
    left_out = {"plain HTTP": "the embedded AWS speaks nothing else"}
    skipped = left_out if live.clone.is_embedded else {}
    words = "".join(f"; {name} not tried: {why}" for name, why in skipped.items())
    return Outcome(
        detail=f"{len(statuses)} actions of strangers refused{words}",
        figures={"statuses": statuses, "not_tried": skipped},
    )


def actions(live: Live) -> Mapping[str, Action]:
    """Return the actions by name; objects that they aim at exist."""
    s3, owner = cloud.stranger(live.clone), live.stack.client("s3")
    source = live.stack.outputs[StackOutput.SOURCE_BUCKET]
    destination = live.stack.outputs[StackOutput.DESTINATION_BUCKET]
    upload = {"Bucket": source, "Key": _first_key(owner, source, UPLOADS)}
    rendition = {"Bucket": destination, "Key": _first_key(owner, destination, "")}
    indexed = {"Bucket": destination, "Key": _INDEXED}
    owner.put_object(**indexed, Body=_BODY)
    found: dict[str, Action] = {
        "read an upload": lambda: s3.get_object(**upload),
        "delete an upload": lambda: s3.delete_object(**upload),
        "list the uploads": lambda: s3.list_objects_v2(Bucket=source),
        "write outside uploads/": lambda: s3.put_object(
            Bucket=source, Key="other/accept.jpg", Body=_BODY
        ),
        "upload into the index": lambda: s3.put_object(
            Bucket=source, Key=f"{UPLOADS}{_INDEXED}", Body=_BODY
        ),
        "write a rendition": lambda: s3.put_object(**rendition, Body=_BODY),
        "delete a rendition": lambda: s3.delete_object(**rendition),
        "list the renditions": lambda: s3.list_objects_v2(Bucket=destination),
        "read the index": lambda: s3.get_object(**indexed),
        _DOOR: lambda: _get(f"{live.doors[1]}/{_INDEXED}"),
    }
    if live.is_presigned:
        found["upload without a form"] = lambda: s3.put_object(
            Bucket=source, Key=f"{UPLOADS}accept.jpg", Body=_BODY
        )
    if live.settings.delivery == "cdn":
        found["read a rendition past the CDN"] = lambda: s3.get_object(**rendition)
    if not live.clone.is_embedded:
        plain = cloud.stranger(live.clone, is_encrypted=False)
        found["read a rendition by plain HTTP"] = lambda: plain.get_object(**rendition)
        found["upload by plain HTTP"] = lambda: plain.put_object(
            Bucket=source, Key=f"{UPLOADS}accept.jpg", Body=_BODY
        )
    return found


def _status(action: Action) -> int:
    try:
        answer = action()
    except botocore.exceptions.ClientError as error:
        answer: Any = error.response
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def _get(url: str) -> dict[str, Any]:
    return {"ResponseMetadata": {"HTTPStatusCode": request("GET", url)[0]}}


def _first_key(s3: Any, bucket: str, prefix: str) -> str:
    """Return the first key that is no manifest and not in the index, which is refused anyway."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = (str(item["Key"]) for page in pages for item in page.get("Contents", []))
    wanted = (key for key in keys if not key.startswith(INDEX) and not key.endswith(MANIFEST))
    return next(wanted)
