"""Queues and their policies."""

from collections.abc import Mapping
from typing import Final

from local.inputs import Inputs
from local.resources.calls import Call
from local.resources.kind import ACCOUNT_ID, Context, Created, Kind

_ATTRIBUTES: Final = {
    "visibilityTimeoutSeconds": ("VisibilityTimeout", 30),
    "messageRetentionSeconds": ("MessageRetentionPeriod", 345_600),
    "receiveWaitTimeSeconds": ("ReceiveMessageWaitTimeSeconds", 0),
    "sqsManagedSseEnabled": ("SqsManagedSseEnabled", True),
    "redrivePolicy": ("RedrivePolicy", None),
}
"""Each input's attribute, and its value without the input (SQS API reference, CreateQueue). Without
a redrive policy the queue keeps the one that it has, which may be a separate resource: the
provider's schema calls it computed (terraform-provider-aws, ``sqs/queue.go@00a35305``)."""


def queue(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a queue, or set the attributes of the one that exists."""
    sqs = context.client("sqs")
    given = {aws: inputs.take(key, default) for key, (aws, default) in _ATTRIBUTES.items()}
    attributes = {aws: _text(value) for aws, value in given.items() if value is not None}
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    arn = f"arn:aws:sqs:{context.region}:{ACCOUNT_ID}:{name}"
    return Created(url, {"url": url, "arn": arn, "name": name})


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _attributes(*names: str) -> Call:
    parameters = {"QueueUrl": "$id", "AttributeNames": list(names)}
    return Call("sqs", "get_queue_attributes", parameters, "Attributes")


def _policy(attribute: str, key: str) -> Kind:
    """Return the kind of a queue's attribute that Pulumi has as a resource; "" deletes it."""

    def put(context: Context, _name: str, inputs: Inputs) -> Created:
        """Set one of a queue's policies."""
        url, attributes = inputs.need("queueUrl"), {attribute: inputs.need(key)}
        context.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=attributes)
        return Created(url, {"queueUrl": url})

    empty = {"QueueUrl": "$id", "Attributes": {attribute: ""}}
    return Kind(
        put=put,
        read={"policy": _attributes(attribute)},
        delete=Call("sqs", "set_queue_attributes", empty),
    )


KINDS: Final[Mapping[str, Kind]] = {
    "aws:sqs/queue:Queue": Kind(
        put=queue,
        # Not the redrive policy: if that is a separate resource, it would count as this one's
        # drift.
        read={
            "attributes": _attributes(
                *(aws for aws, _default in _ATTRIBUTES.values() if aws != "RedrivePolicy")
            )
        },
        delete=Call("sqs", "delete_queue", {"QueueUrl": "$id"}),
        tags=("sqs", "id"),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": _policy("Policy", "policy"),
    "aws:sqs/redrivePolicy:RedrivePolicy": _policy("RedrivePolicy", "redrivePolicy"),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": _policy(
        "RedriveAllowPolicy", "redriveAllowPolicy"
    ),
}
