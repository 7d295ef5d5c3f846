"""Queues and their policies."""

from collections.abc import Callable, Mapping
from typing import Final

from local.inputs import Inputs
from local.resources.calls import Call
from local.resources.context import ACCOUNT_ID, Context, Created
from local.resources.kind import Kind
from local.resources.tags import put_tags, tags_of

_ATTRIBUTES: Final = {
    "visibilityTimeoutSeconds": ("VisibilityTimeout", 30),
    "messageRetentionSeconds": ("MessageRetentionPeriod", 345_600),
    "receiveWaitTimeSeconds": ("ReceiveMessageWaitTimeSeconds", 0),
    "sqsManagedSseEnabled": ("SqsManagedSseEnabled", True),
    "redrivePolicy": ("RedrivePolicy", ""),
}
"""Input to the attribute and what it is without the input (SQS API reference, CreateQueue)."""


def queue(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a queue, or set the attributes of the one that exists."""
    sqs = context.client("sqs")
    attributes = {
        aws: _text(inputs.take(key, default)) for key, (aws, default) in _ATTRIBUTES.items()
    }
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    put_tags(context, "sqs", url, inputs.take("tags", {}))
    arn = f"arn:aws:sqs:{context.region}:{ACCOUNT_ID}:{name}"
    return Created(url, {"url": url, "arn": arn, "name": name})


def policy(context: Context, _name: str, inputs: Inputs) -> Created:
    """Set a queue's resource policy."""
    return _set(context, inputs, "Policy", "policy")


def redrive_allow_policy(context: Context, _name: str, inputs: Inputs) -> Created:
    """Say which queues may use this one for their dead letters."""
    return _set(context, inputs, "RedriveAllowPolicy", "redriveAllowPolicy")


def _set(context: Context, inputs: Inputs, attribute: str, key: str) -> Created:
    url = inputs.need("queueUrl")
    attributes = {attribute: inputs.need(key)}
    context.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=attributes)
    return Created(url, {"queueUrl": url})


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _attributes(*names: str) -> Call:
    parameters = {"QueueUrl": "$id", "AttributeNames": list(names)}
    return Call("sqs", "get_queue_attributes", parameters, "Attributes")


def _policy_kind(put: Callable[[Context, str, Inputs], Created], attribute: str) -> Kind:
    """Return the kind of an attribute that is a resource of its own; "" deletes it."""
    empty = {"QueueUrl": "$id", "Attributes": {attribute: ""}}
    return Kind(
        put=put,
        read={"policy": _attributes(attribute)},
        delete=Call("sqs", "set_queue_attributes", empty),
    )


KINDS: Final[Mapping[str, Kind]] = {
    "aws:sqs/queue:Queue": Kind(
        put=queue,
        read={
            "attributes": _attributes(*(aws for aws, _default in _ATTRIBUTES.values())),
            "tags": tags_of("sqs", "$id"),
        },
        delete=Call("sqs", "delete_queue", {"QueueUrl": "$id"}),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": _policy_kind(policy, "Policy"),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": _policy_kind(
        redrive_allow_policy, "RedriveAllowPolicy"
    ),
}
