"""Callers of an embedded AWS with given permissions, functions, and the answers they get."""

import io
import json
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import botocore.exceptions

from local.server import Server


def caller(server: Server, service: str, *allowed: tuple[str, str]) -> Any:
    """A client for a new user who may do the actions on the resources given, and nothing else."""
    iam, name = server.client("iam"), f"user-{uuid.uuid4().hex}"
    statements = [
        {"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in allowed
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="only", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return server.client(service, key["AccessKeyId"], key["SecretAccessKey"])


def function_role(server: Server, name: str) -> str:
    """Make a role for a function; returns its ARN."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)
    return made["Role"]["Arn"]


def zipped(code: str, name: str = "code.py") -> bytes:
    """Return a function's bundle of one module."""
    bundle = io.BytesIO()
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr(name, code)
    return bundle.getvalue()


def answer(call: Callable[..., Any], **arguments: Any) -> tuple[int, str]:
    """The status and the error code of a call; the code is empty if it succeeded."""
    try:
        status = call(**arguments)["ResponseMetadata"]["HTTPStatusCode"]
    except botocore.exceptions.ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    return status, ""
