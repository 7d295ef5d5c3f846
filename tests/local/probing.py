"""Trying one AWS call with a function's own role: what least privilege comes to."""

import base64
import io
import json
import textwrap
import zipfile
from collections.abc import Callable
from typing import Any

from local.server import Server
from pipeline.bundle import Target

PROBE = textwrap.dedent(
    """
    import base64, boto3, botocore.exceptions

    def handle(event, context):
        arguments = event["arguments"]
        if "Body" in arguments:
            arguments["Body"] = base64.b64decode(arguments["Body"])
        try:
            getattr(boto3.client(event["service"]), event["operation"])(**arguments)
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"]
        return "allowed"
    """
)


BODY = base64.b64encode(b"x").decode()
"""One byte, as a probe takes it."""


def probe(server: Server, function_name: str) -> Callable[..., str]:
    """A second function with a function's own role, which tries one call and says what AWS did."""
    lambda_ = server.client("lambda")
    role = lambda_.get_function_configuration(FunctionName=function_name)["Role"]
    name = f"probe-{function_name}"
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("probe.py", PROBE)
    lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Architectures=[Target.host().machine],
        Handler="probe.handle",
        Role=role,
        Timeout=30,
        Code={"ZipFile": code.getvalue()},
    )

    def call(service: str, operation: str, **arguments: Any) -> str:
        payload = {"service": service, "operation": operation, "arguments": arguments}
        answer = lambda_.invoke(FunctionName=name, Payload=json.dumps(payload))
        assert "FunctionError" not in answer, answer["Payload"].read()
        return json.loads(answer["Payload"].read())

    return call
