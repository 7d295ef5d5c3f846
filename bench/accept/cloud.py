"""The AWS that a clone lives in, as the clone's own provider settings name it."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from bench.accept.clone import Clone
from local.server import Server
from terminal import Failure

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_boto3: Final[Any] = boto3  # its types know only the services whose stubs are installed


def clients(clone: Clone, region: str | None = None) -> Callable[..., Any]:
    """Return a maker of the deployer's boto3 clients; ``region`` replaces the clone's."""
    endpoint = _endpoint(clone)
    if endpoint:
        return Server(folder=Path(), port=urlsplit(endpoint).port or 80, pid=0).client
    session = _session(clone)
    return partial(session.client, region_name=region)


def region(clone: Clone) -> str:
    """Return the clone's region; raise ``Failure`` if there is none, nor in the environment."""
    named: str | None = clone.config.get("aws:region") or _session(clone).region_name
    if named is None:
        raise Failure("There is no region; set aws:region in the stack's settings.")
    return named


def partition(clone: Clone) -> str:
    """Return the partition of the clone's region, e.g. ``aws-cn``."""
    return str(_session(clone).get_partition_for_region(region(clone)))


def stranger(clone: Clone, *, is_encrypted: bool = True) -> "S3Client":
    """Return an S3 client without credentials; by plain HTTP if not ``is_encrypted``."""
    return _session(clone).client(
        "s3",
        endpoint_url=_endpoint(clone),
        use_ssl=is_encrypted,
        config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
    )


def function_url(clone: Clone, url: str) -> str:
    """Return where a function URL is reached: the embedded AWS has no name for it."""
    endpoint = _endpoint(clone)
    identity = url.removeprefix("https://").partition(".")[0]
    return f"{endpoint}/_aws/lambda-url/{identity}/" if endpoint else url


def _endpoint(clone: Clone) -> str | None:
    named: Any = clone.config.get("aws:endpoints") or [{}]
    # `pulumi config set aws:endpoints '[...]'` writes JSON as a string.
    endpoints = cast("list[dict[str, str]]", json.loads(named) if isinstance(named, str) else named)
    return endpoints[0].get("s3")


def _session(clone: Clone) -> Any:
    config = clone.config
    return _boto3.Session(
        profile_name=config.get("aws:profile"),
        region_name=config.get("aws:region"),
        aws_access_key_id=config.get("aws:accessKey"),
        aws_secret_access_key=config.get("aws:secretKey"),
        aws_session_token=config.get("aws:token"),
    )
