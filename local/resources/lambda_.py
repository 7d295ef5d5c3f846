"""The functions, the subscription to the queue, and the URL that anyone may call."""

import contextlib
import io
import platform
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

import pulumi

from local.inputs import Inputs
from local.resources.calls import Call, send
from local.resources.kind import ACCOUNT_ID, Context, Created, Kind


def function(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a function, or update the one that exists.

    A bundle is for Lambda's Python and architecture. Here the same package runs, built for this
    machine's; ``runtime`` and ``architectures`` then say so. Code that is an archive of plain
    sources runs as it is.
    """
    given = inputs.need("code")
    handler: str = inputs.need("handler")
    package = handler.partition(".")[0]
    code = _zip(given) if isinstance(given, pulumi.AssetArchive) else context.function_code(package)
    inputs.needs("runtime", "architectures")
    inputs.take("sourceCodeHash")  # of the program's bundle, in releases before 0.2
    machine = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    configuration = {
        "functionName": name,
        "description": inputs.take("description", ""),
        "runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
        "tracingConfig": inputs.take("tracingConfig", {"mode": "PassThrough"}),
        "handler": handler,
        # Of none, the lists are empty, which takes a function out of its VPC.
        "vpcConfig": inputs.take("vpcConfig", {"subnetIds": [], "securityGroupIds": []}),
        **inputs.needs("role", "memorySize", "timeout", "environment", "loggingConfig"),
    }
    lambda_ = context.client("lambda")
    try:
        created = {"code": {"zipFile": code}, "architectures": [machine], **configuration}
        arn = send(context, "lambda", "create_function", created)["FunctionArn"]
    except lambda_.exceptions.ResourceConflictException:
        lambda_.update_function_code(FunctionName=name, ZipFile=code, Architectures=[machine])
        updated = send(context, "lambda", "update_function_configuration", configuration)
        arn = updated["FunctionArn"]
    ceiling = inputs.take("reservedConcurrentExecutions")
    if ceiling is None:
        lambda_.delete_function_concurrency(FunctionName=name)
    else:
        lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=ceiling)
    return Created(name, {"arn": arn, "name": name})


def _zip(archive: pulumi.AssetArchive) -> bytes:
    """Return a ZIP file without today's date: equal sources are equal code."""
    buffer = io.BytesIO()
    assets = cast("dict[str, pulumi.FileAsset]", archive.assets)
    with zipfile.ZipFile(buffer, "w") as zipped:
        for path, asset in assets.items():
            zipped.writestr(zipfile.ZipInfo(path), Path(asset.path).read_bytes())
    return buffer.getvalue()


def function_url(context: Context, _name: str, inputs: Inputs) -> Created:
    """Give a function a URL, or update the one that it has; it answers on this machine's port.

    The output of one with ``AWS_IAM`` is AWS's own name of it, by which the CDN asks it.
    """
    lambda_ = context.client("lambda")
    values = {
        "functionName": inputs.need("functionName"),
        "authType": inputs.need("authorizationType"),
        "cors": inputs.take("cors", {}),  # empty without one, which removes the present one
    }
    try:
        url = send(context, "lambda", "create_function_url_config", values)["FunctionUrl"]
    except lambda_.exceptions.ResourceConflictException:
        url = send(context, "lambda", "update_function_url_config", values)["FunctionUrl"]
    if values["authType"] == "AWS_IAM":
        return Created(values["functionName"], {"functionUrl": url})
    identity = url.split("://", 1)[1].split(".", 1)[0]
    here = f"{context.endpoint}/_aws/lambda-url/{identity}/"
    return Created(values["functionName"], {"functionUrl": here})


def permission(context: Context, name: str, inputs: Inputs) -> Created:
    """Let someone call a function; a statement of this name is replaced."""
    lambda_ = context.client("lambda")
    function_name, name = inputs.need("function"), inputs.take("statementId", name)
    with contextlib.suppress(lambda_.exceptions.ResourceNotFoundException):
        lambda_.remove_permission(FunctionName=function_name, StatementId=name)
    values = {"functionName": function_name, "statementId": name, **inputs.rest()}
    send(context, "lambda", "add_permission", values)
    return Created(name, {"statementId": name, "function": function_name})


def event_source_mapping(context: Context, _name: str, inputs: Inputs) -> Created:
    """Subscribe a function to a queue, or update the subscription that exists."""
    lambda_ = context.client("lambda")
    source = inputs.need("eventSourceArn")
    values = inputs.needs("functionName", "batchSize", "functionResponseTypes")
    # An empty configuration removes the mapping's present one (Lambda API reference,
    # UpdateEventSourceMapping).
    values |= {key: inputs.take(key, {}) for key in ("scalingConfig", "provisionedPollerConfig")}
    found = lambda_.list_event_source_mappings(EventSourceArn=source)["EventSourceMappings"]
    # On creation only: the program leaves it to `ops` afterwards.
    enabled = inputs.take("enabled", default=True)
    operation = "update_event_source_mapping" if found else "create_event_source_mapping"
    named = {"uuid": found[0]["UUID"]} if found else {"eventSourceArn": source, "enabled": enabled}
    uuid = send(context, "lambda", operation, {**named, **values})["UUID"]
    arn = f"arn:aws:lambda:{context.region}:{ACCOUNT_ID}:event-source-mapping:{uuid}"
    return Created(uuid, {"uuid": uuid, "arn": arn})


_FIELDS: Final = (
    "Role, Handler, Runtime, Architectures, CodeSha256, Description, MemorySize, Timeout, "
    "Environment, LoggingConfig, TracingConfig"
)
"""Fields of a configuration that a program sets; the others describe its last update."""

_FUNCTION: Final = {"FunctionName": "$id"}

KINDS: Final[Mapping[str, Kind]] = {
    "aws:lambda/function:Function": Kind(
        put=function,
        read={
            "function": Call(
                "lambda",
                "get_function",
                _FUNCTION,
                f"{{configuration: Configuration.[{_FIELDS}], concurrency: Concurrency}}",
            )
        },
        delete=Call("lambda", "delete_function", _FUNCTION),
        tags=("lambda", "arn"),
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Kind(
        put=event_source_mapping,
        read={"mapping": Call("lambda", "get_event_source_mapping", {"UUID": "$id"})},
        delete=Call("lambda", "delete_event_source_mapping", {"UUID": "$id"}),
        tags=("lambda", "arn"),
    ),
    "aws:lambda/functionUrl:FunctionUrl": Kind(
        put=function_url,
        read={
            "url": Call(
                "lambda",
                "get_function_url_config",
                _FUNCTION,
                "{type: AuthType, cors: Cors || `null`}",
            )
        },
        delete=Call("lambda", "delete_function_url_config", _FUNCTION),
    ),
    "aws:lambda/permission:Permission": Kind(
        put=permission,
        read={
            "statement": Call(
                "lambda",
                "get_policy",
                {"FunctionName": "$function"},
                "Policy.Statement[?Sid == '$id'] | [0]",
            )
        },
        delete=Call(
            "lambda", "remove_permission", {"FunctionName": "$function", "StatementId": "$id"}
        ),
    ),
}
