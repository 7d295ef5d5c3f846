"""Log deliveries: what AWS itself logs, and where to."""

from local.inputs import Inputs
from local.resources.context import Context, Created

REGION = "us-east-1"
"""Where CloudFront's are kept, and the only region that the embedded AWS runs in."""


def delivery_source(context: Context, _name: str, inputs: Inputs) -> Created:
    """Say which resource's log is to be delivered."""
    inputs.expect("region", REGION)
    name = inputs.need("name")
    source = context.client("logs").put_delivery_source(
        name=name,
        resourceArn=inputs.need("resourceArn"),
        logType=inputs.need("logType"),
        tags=inputs.take("tags", {}),
    )["deliverySource"]
    return Created(name, {"name": name, "arn": source["arn"]})


def delivery_destination(context: Context, _name: str, inputs: Inputs) -> Created:
    """Say where logs are delivered to."""
    inputs.expect("region", REGION)
    name = inputs.need("name")
    bucket = inputs.need("deliveryDestinationConfiguration")["destinationResourceArn"]
    destination = context.client("logs").put_delivery_destination(
        name=name,
        outputFormat=inputs.need("outputFormat"),
        deliveryDestinationConfiguration={"destinationResourceArn": bucket},
        tags=inputs.take("tags", {}),
    )["deliveryDestination"]
    return Created(name, {"name": name, "arn": destination["arn"]})


def delivery(context: Context, _name: str, inputs: Inputs) -> Created:
    """Join a source to a destination, unless they are joined."""
    inputs.expect("region", REGION)
    logs = context.client("logs")
    ends = {
        "deliverySourceName": inputs.need("deliverySourceName"),
        "deliveryDestinationArn": inputs.need("deliveryDestinationArn"),
    }
    tags = inputs.take("tags", {})
    for found in logs.describe_deliveries()["deliveries"]:
        if ends.items() <= found.items():
            return Created(found["id"], {"arn": found["arn"]})
    made = logs.create_delivery(**ends, tags=tags)["delivery"]
    return Created(made["id"], {"arn": made["arn"]})
