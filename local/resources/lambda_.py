"""The function and its subscription to the queue."""

import platform
import sys
from typing import Any

from local.inputs import Inputs, to_aws
from local.resources.context import Context, Created


def function(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a function, or update the one that exists.

    The program's bundle is for Lambda's Python and architecture; what runs here is the same code
    built for this machine's, which is what ``runtime`` and ``architectures`` then say.
    """
    for stated in ("code", "sourceCodeHash", "runtime", "architectures"):
        inputs.need(stated)
    code = context.function_code()
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
        "TracingConfig": to_aws(inputs.need("tracingConfig")),
    }
    arn = _put(context.client("lambda"), configuration, code, machine, inputs.take("tags", {}))
    return Created(name, {"arn": arn, "name": name})


def _put(
    lambda_: Any, configuration: dict[str, Any], code: bytes, machine: str, tags: dict[str, str]
) -> str:
    name = configuration["FunctionName"]
    try:
        created = lambda_.create_function(
            **configuration, Code={"ZipFile": code}, Architectures=[machine], Tags=tags
        )
    except lambda_.exceptions.ResourceConflictException:
        lambda_.update_function_code(FunctionName=name, ZipFile=code, Architectures=[machine])
        return str(lambda_.update_function_configuration(**configuration)["FunctionArn"])
    return str(created["FunctionArn"])


def event_source_mapping(context: Context, _name: str, inputs: Inputs) -> Created:
    """Subscribe a function to a queue, or update the subscription that exists."""
    lambda_ = context.client("lambda")
    source, target = inputs.need("eventSourceArn"), inputs.need("functionName")
    settings = {
        "BatchSize": inputs.need("batchSize"),
        "FunctionResponseTypes": inputs.need("functionResponseTypes"),
        "ScalingConfig": to_aws(inputs.need("scalingConfig")),
    }
    tags = inputs.take("tags", {})
    found = lambda_.list_event_source_mappings(EventSourceArn=source)["EventSourceMappings"]
    if found:
        uuid = found[0]["UUID"]
        lambda_.update_event_source_mapping(UUID=uuid, FunctionName=target, **settings)
    else:
        uuid = lambda_.create_event_source_mapping(
            EventSourceArn=source, FunctionName=target, Tags=tags, **settings
        )["UUID"]
    return Created(uuid, {"uuid": uuid})
