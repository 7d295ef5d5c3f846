"""Try each forbidden action without credentials, and check that AWS refuses it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import botocore.exceptions

from bench.accept import cloud
from bench.accept.live import Live
from bench.accept.steps import Outcome, StepFailed
from function.contract import StackOutput
from function.contract.keys import INDEX, MANIFEST
from local.http import request

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

DOOR_REFUSALS: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
"""Statuses that refuse at the public endpoint: an edge function answers 404 for what is not public.
From S3 itself a 404 refuses nothing: the object that was aimed at is gone, or may be listed."""

_BODY: Final = b"accept"
_FORM: Final = b'{"name": "accept.jpg", "type": "image/jpeg", "size": 6}'
_JSON: Final = {"Content-Type": "application/json"}
_INDEXED: Final = f"{INDEX}accept"
_INDEX: Final = "read the index over the public endpoint"
_DIRECT: Final = "ask for a form past the CDN"

Action = tuple[Callable[..., Any], Mapping[str, Any]]


@dataclass(frozen=True)
class Figures:
    """The status that answered each action, by its name."""

    statuses: dict[str, int]


def check(live: Live) -> Outcome:
    """Try every action; each must be refused."""
    statuses = {name: _status(*action) for name, action in actions(live).items()}
    statuses[_INDEX] = request("GET", f"{live.doors[1]}/{_INDEXED}")[0]
    if live.is_presigned and live.settings.waf_requests_per_minute:
        statuses[_DIRECT] = request("POST", _signer_url(live), _FORM, _JSON)[0]
    for name, status in statuses.items():
        if status not in (DOOR_REFUSALS if name == _INDEX else (HTTPStatus.FORBIDDEN,)):
            raise StepFailed(f"{name}: answered with {status}, and has to be refused.")
    # The embedded AWS speaks plain HTTP alone, and its stacks therefore allow it.
    left_out = "; plain HTTP not tried: the embedded AWS speaks nothing else"
    untried = left_out if live.clone.is_embedded else ""
    return Outcome(
        detail=f"{len(statuses)} actions of strangers refused{untried}", figures=Figures(statuses)
    )


def actions(live: Live) -> Mapping[str, Action]:
    """Return calls of S3 and their arguments, by name; objects that they aim at exist."""
    s3, owner = cloud.stranger(live.clone), live.stack.client("s3")
    source = {"Bucket": live.stack.outputs[StackOutput.SOURCE_BUCKET]}
    destination = {"Bucket": live.stack.outputs[StackOutput.DESTINATION_BUCKET]}
    prefix = live.settings.prefix
    upload = source | {"Key": _first_key(owner, source["Bucket"], prefix)}
    new = source | {"Key": f"{prefix}accept.jpg", "Body": _BODY}
    rendition = destination | {"Key": _first_key(owner, destination["Bucket"], "")}
    indexed = destination | {"Key": _INDEXED}
    owner.put_object(Bucket=destination["Bucket"], Key=_INDEXED, Body=_BODY)
    found: dict[str, Action] = {
        "read an upload": (s3.get_object, upload),
        "delete an upload": (s3.delete_object, upload),
        "list the uploads": (s3.list_objects_v2, source),
        f"write outside {prefix}": (s3.put_object, new | {"Key": "other/accept.jpg"}),
        "upload into the index": (s3.put_object, new | {"Key": f"{prefix}{_INDEXED}"}),
        "write a rendition": (s3.put_object, rendition | {"Body": _BODY}),
        "delete a rendition": (s3.delete_object, rendition),
        "list the renditions": (s3.list_objects_v2, destination),
        "read the index": (s3.get_object, indexed),
    }
    if live.is_presigned:
        found["upload without a form"] = (s3.put_object, new)
    if live.settings.delivery == "cdn":
        found["read a rendition past the CDN"] = (s3.get_object, rendition)
    if not live.clone.is_embedded:
        plain = cloud.stranger(live.clone, is_encrypted=False)
        found["read a rendition by plain HTTP"] = (plain.get_object, rendition)
        found["upload by plain HTTP"] = (plain.put_object, new)
    return found


def _signer_url(live: Live) -> str:
    """Return the URL of the signer's function; the stack's outputs have the CDN's path instead.

    The names of the two functions differ in one part: ``-signer-`` instead of ``-resizer-``.
    """
    lambda_ = live.stack.client("lambda")
    start = live.stack.outputs[StackOutput.FUNCTION_NAME].rpartition("-resizer-")[0] + "-signer-"
    pages = lambda_.get_paginator("list_functions").paginate()
    found = (function["FunctionName"] for page in pages for function in page["Functions"])
    name = next(name for name in found if name.startswith(start))
    config = lambda_.get_function_url_config(FunctionName=name)
    return cloud.function_url(live.clone, config["FunctionUrl"])


def _status(method: Callable[..., Any], arguments: Mapping[str, Any]) -> int:
    try:
        answer = method(**arguments)
    except botocore.exceptions.ClientError as error:
        answer: Any = error.response
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def _first_key(s3: "S3Client", bucket: str, prefix: str) -> str:
    """Return the first key that is no manifest and not in the index, which is refused anyway."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = (str(item["Key"]) for page in pages for item in page.get("Contents", []))
    return next(key for key in keys if not key.startswith(INDEX) and not key.endswith(MANIFEST))
