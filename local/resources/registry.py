"""All resource types that the embedded AWS knows.

Arguments are named alike in all functions: ``type_`` is a resource's type, as Pulumi names it,
``values`` are its inputs, ``id_`` is its physical id, and ``outputs`` are those of its last put.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from local.inputs import Inputs
from local.resources import (
    cloudfront,
    dynamodb,
    eventbridge,
    iam,
    kms,
    lambda_,
    logs,
    monitoring,
    route53,
    s3,
    sqs,
    wafv2,
)
from local.resources.calls import is_absence
from local.resources.kind import Context, Created, Kind
from local.resources.tags import put_tags, tags_of
from terminal import Failure

KINDS: Final[Mapping[str, Kind]] = {
    **s3.KINDS,
    **sqs.KINDS,
    **dynamodb.KINDS,
    **iam.KINDS,
    **kms.KINDS,
    **lambda_.KINDS,
    **monitoring.KINDS,
    **cloudfront.KINDS,
    **eventbridge.KINDS,
    **logs.KINDS,
    **route53.KINDS,
    **wafv2.KINDS,
}
"""By type, as Pulumi names it."""


def create(context: Context, type_: str, name: str, values: Mapping[str, Any]) -> Created:
    """Put a resource of a logical name under a physical name that is the same each time.

    Raises:
        Failure: its type, or one of its inputs, is not known here.
    """
    return put(context, type_, _physical_name(type_, name), values)


def put(context: Context, type_: str, name: str, values: Mapping[str, Any]) -> Created:
    """Create the resource of a physical name, or make the one that exists as if it were new.

    Inputs that can only change by replacement, such as a bucket's name, are ignored.

    Raises:
        Failure: its type, or one of its inputs, is not known here.
        botocore.exceptions.ClientError: AWS refuses it.
        botocore.exceptions.ParamValidationError: AWS does not know an input, or requires another.
    """
    kind = _kind(type_, name)
    inputs = Inputs(f"{type_} {name}", values)
    tags: dict[str, str] = inputs.take("tags", {}) if kind.tags else {}
    created = kind.put(context, name, inputs)
    inputs.done()
    if kind.tags:
        service, key = kind.tags
        put_tags(context, service, {**created.outputs, "id": created.id}[key], tags)
    return created


def delete(
    context: Context, type_: str, id_: str, values: Mapping[str, Any], outputs: Mapping[str, Any]
) -> None:
    """Delete one resource; one that is gone is deleted.

    Raises:
        Failure: its type is not known here.
        botocore.exceptions.ClientError: AWS refuses it, such as a bucket that is not empty.
    """
    state = {**values, **outputs, "id": id_}
    _unless_absent(lambda: _kind(type_, id_).delete(context, state))


def read(
    context: Context, type_: str, id_: str, outputs: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the embedded AWS's description of one resource, as JSON, or None if it is gone.

    It only changes with the resource: it has no dates, counters, ETags and request ids.

    Raises:
        Failure: its type is not known here.
        botocore.exceptions.ClientError: AWS refuses to tell.
    """
    state, kind = {**outputs, "id": id_}, _kind(type_, id_)
    calls = dict(kind.read)
    if kind.tags:
        service, key = kind.tags
        calls["tags"] = tags_of(service, f"${key}")
    answers: dict[str, Any] = {}
    for name, call in calls.items():
        answers[name] = _unless_absent(lambda call=call: call(context, state))
        if not next(iter(answers.values())):
            return None
    return answers


def _unless_absent(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except ClientError as error:
        if is_absence(error):
            return None
        raise


def _kind(type_: str, name: str) -> Kind:
    kind = KINDS.get(type_)
    if kind is None:
        raise Failure(
            f"The embedded AWS does not know {type_} ({name}); teach it in local/resources."
        )
    return kind


def _physical_name(type_: str, name: str) -> str:
    """Logical name and seven hexadecimal digits, as Pulumi does it, but the same each time."""
    return f"{name}-{hashlib.sha256(f'{type_} {name}'.encode()).hexdigest()[:7]}"
