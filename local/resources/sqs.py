"""Queues and their policies."""

from local.inputs import Inputs
from local.resources.context import ACCOUNT_ID, Context, Created

_ATTRIBUTES = {
    "visibilityTimeoutSeconds": "VisibilityTimeout",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "redrivePolicy": "RedrivePolicy",
}


def queue(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a queue, or set the attributes of the one that exists."""
    sqs = context.client("sqs")
    values = {aws: inputs.take(key) for key, aws in _ATTRIBUTES.items()}
    attributes = {key: _text(value) for key, value in values.items() if value is not None}
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    sqs.tag_queue(QueueUrl=url, Tags=inputs.take("tags", {}))
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
