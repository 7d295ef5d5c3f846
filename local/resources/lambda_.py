"""The functions, the subscription to the queue, and the URL that anyone may call."""

import contextlib
import io
import platform
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import pulumi

from local.inputs import Inputs, to_aws
from local.resources.calls import Call
from local.resources.context import ACCOUNT_ID, Context, Created
from local.resources.kind import Kind
from local.resources.tags import put_tags, tags_of


def function(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a function, or update the one that exists.

    The resizer's bundle is for Lambda's Python and architecture; what runs here is the same code
    built for this machine's, which is what ``runtime`` and ``architectures`` then say. Code that
    is an archive of plain sources runs as it is.
    """
    given = inputs.need("code")
    code = _zip(given) if isinstance(given, pulumi.AssetArchive) else context.function_code()
    for stated in ("runtime", "architectures"):
        inputs.need(stated)
    inputs.take("sourceCodeHash")  # of the program's bundle, in releases before 0.2
    machine = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    configuration = {
        "FunctionName": name,
        "Description": inputs.take("description", ""),
        "Role": inputs.need("role"),
        "Handler": inputs.need("handler"),
        "Runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
        "MemorySize": inputs.need("memorySize"),
        "Timeout": inputs.need("timeout"),
        "Environment": {"Variables": inputs.need("environment")["variables"]},
        "LoggingConfig": to_aws(inputs.need("loggingConfig")),
        "TracingConfig": to_aws(inputs.take("tracingConfig", {"mode": "PassThrough"})),
    }
    lambda_ = context.client("lambda")
    arn = _put(lambda_, configuration, code, machine)
    ceiling = inputs.take("reservedConcurrentExecutions")
    if ceiling is None:
        lambda_.delete_function_concurrency(FunctionName=name)
    else:
        lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=ceiling)
    put_tags(context, "lambda", arn, inputs.take("tags", {}))
    return Created(name, {"arn": arn, "name": name})


def _put(lambda_: Any, configuration: dict[str, Any], code: bytes, machine: str) -> str:
    name = configuration["FunctionName"]
    try:
        created = lambda_.create_function(
            **configuration, Code={"ZipFile": code}, Architectures=[machine]
        )
    except lambda_.exceptions.ResourceConflictException:
        lambda_.update_function_code(FunctionName=name, ZipFile=code, Architectures=[machine])
        return str(lambda_.update_function_configuration(**configuration)["FunctionArn"])
    return str(created["FunctionArn"])


def _zip(archive: pulumi.AssetArchive) -> bytes:
    """Return a ZIP file without today's date: equal sources are equal code."""
    buffer = io.BytesIO()
    assets = cast("dict[str, pulumi.FileAsset]", archive.assets)
    with zipfile.ZipFile(buffer, "w") as zipped:
        for path, asset in assets.items():
            zipped.writestr(zipfile.ZipInfo(path), Path(asset.path).read_bytes())
    return buffer.getvalue()


def function_url(context: Context, _name: str, inputs: Inputs) -> Created:
    """Give a function a URL, or update the one that it has; it answers on this machine's port."""
    lambda_ = context.client("lambda")
    settings = {
        "FunctionName": inputs.need("functionName"),
        "AuthType": inputs.need("authorizationType"),
        "Cors": to_aws(inputs.need("cors")),
    }
    try:
        url = lambda_.create_function_url_config(**settings)["FunctionUrl"]
    except lambda_.exceptions.ResourceConflictException:
        url = lambda_.update_function_url_config(**settings)["FunctionUrl"]
    identity = url.split("://", 1)[1].split(".", 1)[0]
    here = f"{context.endpoint}/_aws/lambda-url/{identity}/"
    return Created(settings["FunctionName"], {"functionUrl": here})


def permission(context: Context, name: str, inputs: Inputs) -> Created:
    """Let someone call a function; a statement of this name is replaced."""
    lambda_ = context.client("lambda")
    function_name = inputs.need("function")
    names = {
        "functionUrlAuthType": "FunctionUrlAuthType",
        "invokedViaFunctionUrl": "InvokedViaFunctionUrl",
    }
    conditions = {aws: inputs.take(key) for key, aws in names.items()}
    with contextlib.suppress(lambda_.exceptions.ResourceNotFoundException):
        lambda_.remove_permission(FunctionName=function_name, StatementId=name)
    lambda_.add_permission(
        FunctionName=function_name,
        StatementId=name,
        Action=inputs.need("action"),
        Principal=inputs.need("principal"),
        **{key: value for key, value in conditions.items() if value is not None},
    )
    return Created(name, {"statementId": name, "function": function_name})


def event_source_mapping(context: Context, _name: str, inputs: Inputs) -> Created:
    """Subscribe a function to a queue, or update the subscription that exists."""
    lambda_ = context.client("lambda")
    source, target = inputs.need("eventSourceArn"), inputs.need("functionName")
    settings = {
        "BatchSize": inputs.need("batchSize"),
        "FunctionResponseTypes": inputs.need("functionResponseTypes"),
        "ScalingConfig": to_aws(inputs.need("scalingConfig")),
    }
    found = lambda_.list_event_source_mappings(EventSourceArn=source)["EventSourceMappings"]
    if found:
        uuid = found[0]["UUID"]
        lambda_.update_event_source_mapping(UUID=uuid, FunctionName=target, **settings)
    else:
        uuid = lambda_.create_event_source_mapping(
            EventSourceArn=source, FunctionName=target, **settings
        )["UUID"]
    arn = f"arn:aws:lambda:{context.region}:{ACCOUNT_ID}:event-source-mapping:{uuid}"
    put_tags(context, "lambda", arn, inputs.take("tags", {}))
    return Created(uuid, {"uuid": uuid, "arn": arn})


_FIELDS: Final = (
    "Role, Handler, Runtime, Architectures, CodeSha256, Description, MemorySize, Timeout, "
    "Environment, LoggingConfig, TracingConfig"
)
"""What a function's configuration is put with; the rest says how far its last update is."""

KINDS: Final[Mapping[str, Kind]] = {
    "aws:lambda/function:Function": Kind(
        put=function,
        read={
            "function": Call(
                "lambda",
                "get_function",
                {"FunctionName": "$id"},
                f"{{configuration: Configuration.[{_FIELDS}], concurrency: Concurrency}}",
            ),
            "tags": tags_of("lambda", "$arn"),
        },
        delete=Call("lambda", "delete_function", {"FunctionName": "$id"}),
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Kind(
        put=event_source_mapping,
        read={
            "mapping": Call("lambda", "get_event_source_mapping", {"UUID": "$id"}),
            "tags": tags_of("lambda", "$arn"),
        },
        delete=Call("lambda", "delete_event_source_mapping", {"UUID": "$id"}),
    ),
    "aws:lambda/functionUrl:FunctionUrl": Kind(
        put=function_url,
        read={
            "url": Call(
                "lambda",
                "get_function_url_config",
                {"FunctionName": "$id"},
                "{type: AuthType, cors: Cors}",
            )
        },
        delete=Call("lambda", "delete_function_url_config", {"FunctionName": "$id"}),
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
