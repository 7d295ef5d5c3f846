"""Calls of AWS's API: as data, or with inputs in Pulumi's spelling."""

import contextlib
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from string import Template
from typing import Any, Final, cast

import jmespath
from botocore.exceptions import ClientError, ParamValidationError
from botocore.response import StreamingBody

from local.inputs import to_aws
from local.resources.kind import Context, State

_jmespath: Final[Any] = jmespath  # it has no inline types
_ABSENT: Final = re.compile(r"NoSuch|NotFound|Non[Ee]xistent|^404$")
"""AWS's error codes for a resource, or a part of one, that does not exist."""

REFUSALS: Final = (ClientError, ParamValidationError)
"""Errors of a call that AWS, or boto3 in its stead, refuses."""

_VOLATILE: Final = {
    *("ResponseMetadata", "ETag", "CurrentKeyMaterialId"),  # new at each change
    *("creationTime", "storedBytes", "CalculatedSpend"),  # a date as a number, counters
    *("StateValue", "StateReason", "NotificationState", "LastProcessingResult"),  # last outcomes
}
"""Parts of an answer that change by themselves, besides dates."""


@dataclass(frozen=True)
class Call:
    """One call about a resource.

    Attributes:
        service: name of its boto3 client.
        operation: the client's method.
        parameters: arguments; ``$name`` in one stands for what the resource's state has there.
        path: JMESPath of the part that is returned, without dates, counters and request ids.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any]
    path: str = "@"

    def __call__(self, context: Context, state: State) -> Any:
        """Make the call.

        Raises:
            botocore.exceptions.ClientError: AWS refuses it.
        """
        operation = getattr(context.client(self.service), self.operation)
        answer = operation(**_fill(self.parameters, state))
        return _jmespath.search(_fill(self.path, state), _plain(answer))


def send(context: Context, service: str, operation: str, values: Mapping[str, Any]) -> Any:
    """Make a call whose arguments may be in Pulumi's spelling or in AWS's.

    Raises:
        botocore.exceptions.ParamValidationError: AWS has no such argument, or requires another.
        botocore.exceptions.ClientError: AWS refuses the call.
    """
    client = context.client(service)
    name = client.meta.method_to_api_mapping[operation]
    shape = client.meta.service_model.operation_model(name).input_shape
    return getattr(client, operation)(**to_aws(shape, values))


def is_absence(error: ClientError) -> bool:
    """Return whether AWS refused a call because the resource it names does not exist."""
    return _ABSENT.search(cast("Any", error).response["Error"]["Code"]) is not None


def _fill(value: Any, state: State) -> Any:
    if isinstance(value, str):
        return Template(value).substitute(state)
    if isinstance(value, Mapping):
        return {k: _fill(v, state) for k, v in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        return [_fill(item, state) for item in cast("list[Any]", value)]
    return value


def _plain(value: Any) -> Any:
    """Return an answer as JSON without its volatile parts; policies parsed, content hashed."""
    if isinstance(value, dict):
        return {
            key: _plain(item)
            for key, item in cast("dict[str, Any]", value).items()
            if key not in _VOLATILE and not isinstance(item, datetime)
        }
    if isinstance(value, list):
        return [_plain(item) for item in cast("list[Any]", value)]
    if isinstance(value, str) and value.startswith("{"):
        with contextlib.suppress(ValueError):
            return json.loads(value)
    if isinstance(value, StreamingBody):
        return hashlib.sha256(cast("Any", value).read()).hexdigest()
    return value
