"""Log deliveries: what AWS itself logs, and where to."""

from collections.abc import Callable, Mapping
from typing import Final

from local.inputs import Inputs
from local.resources.calls import Call
from local.resources.context import Context, Created
from local.resources.kind import Kind
from local.resources.tags import put_tags, tags_of

REGION = "us-east-1"
"""Where CloudFront's are kept, and the only region that the embedded AWS runs in."""


def delivery_source(context: Context, name: str, inputs: Inputs) -> Created:
    """Say which resource's log is to be delivered."""
    inputs.expect("region", REGION)
    name = inputs.take("name", name)
    source = context.client("logs").put_delivery_source(
        name=name,
        resourceArn=inputs.need("resourceArn"),
        logType=inputs.need("logType"),
    )["deliverySource"]
    put_tags(context, "logs", source["arn"], inputs.take("tags", {}))
    return Created(name, {"name": name, "arn": source["arn"]})


def delivery_destination(context: Context, name: str, inputs: Inputs) -> Created:
    """Say where logs are delivered to."""
    inputs.expect("region", REGION)
    name = inputs.take("name", name)
    bucket = inputs.need("deliveryDestinationConfiguration")["destinationResourceArn"]
    destination = context.client("logs").put_delivery_destination(
        name=name,
        outputFormat=inputs.need("outputFormat"),
        deliveryDestinationConfiguration={"destinationResourceArn": bucket},
    )["deliveryDestination"]
    put_tags(context, "logs", destination["arn"], inputs.take("tags", {}))
    return Created(name, {"name": name, "arn": destination["arn"]})


def delivery(context: Context, _name: str, inputs: Inputs) -> Created:
    """Join a source to a destination, unless they are joined."""
    inputs.expect("region", REGION)
    logs = context.client("logs")
    ends = {
        "deliverySourceName": inputs.need("deliverySourceName"),
        "deliveryDestinationArn": inputs.need("deliveryDestinationArn"),
    }
    joined = [d for d in logs.describe_deliveries()["deliveries"] if ends.items() <= d.items()]
    made = joined[0] if joined else logs.create_delivery(**ends)["delivery"]
    put_tags(context, "logs", made["arn"], inputs.take("tags", {}))
    return Created(made["id"], {"arn": made["arn"]})


def _kind(put: Callable[[Context, str, Inputs], Created], what: str, parameter: str) -> Kind:
    named = {parameter: "$id"}
    return Kind(
        put=put,
        read={what: Call("logs", f"get_{what}", named), "tags": tags_of("logs", "$arn")},
        delete=Call("logs", f"delete_{what}", named),
    )


KINDS: Final[Mapping[str, Kind]] = {
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": _kind(
        delivery_source, "delivery_source", "name"
    ),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": _kind(
        delivery_destination, "delivery_destination", "name"
    ),
    "aws:cloudwatch/logDelivery:LogDelivery": _kind(delivery, "delivery", "id"),
}
