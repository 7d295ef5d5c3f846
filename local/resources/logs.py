"""Log groups, and deliveries of what AWS itself logs."""

import contextlib
from collections.abc import Mapping
from typing import Final

from local.inputs import Inputs
from local.resources.calls import Call, send
from local.resources.kind import ACCOUNT_ID, Context, Created, Kind

REGION: Final = "us-east-1"
"""CloudFront's deliveries are kept in this region, the only one of the embedded AWS."""


def log_group(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a log group, or set the retention of the one that exists."""
    logs = context.client("logs")
    name, days = inputs.take("name", name), inputs.need("retentionInDays")
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=name)
    logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    arn = f"arn:aws:logs:{context.region}:{ACCOUNT_ID}:log-group:{name}"
    return Created(name, {"name": name, "arn": arn})


def delivery(context: Context, _name: str, inputs: Inputs) -> Created:
    """Join a source to a destination, unless they are joined."""
    inputs.expect("region", REGION)
    logs = context.client("logs")
    ends = inputs.needs("deliverySourceName", "deliveryDestinationArn")
    joined = [d for d in logs.describe_deliveries()["deliveries"] if ends.items() <= d.items()]
    made = joined[0] if joined else logs.create_delivery(**ends)["delivery"]
    return Created(made["id"], {"arn": made["arn"]})


def _end(noun: str, answer: str) -> Kind:
    """Return the kind of a delivery's source or destination."""

    def put(context: Context, name: str, inputs: Inputs) -> Created:
        """Say which resource's log is delivered, or where to."""
        inputs.expect("region", REGION)
        values = {"name": name, **inputs.rest()}
        made = send(context, "logs", f"put_{noun}", values)[answer]
        return Created(made["name"], {"name": made["name"], "arn": made["arn"]})

    return Kind(
        put=put,
        read={noun: Call("logs", f"get_{noun}", {"name": "$id"})},
        delete=Call("logs", f"delete_{noun}", {"name": "$id"}),
        tags=("logs", "arn"),
    )


KINDS: Final[Mapping[str, Kind]] = {
    "aws:cloudwatch/logGroup:LogGroup": Kind(
        put=log_group,
        read={
            "group": Call(
                "logs",
                "describe_log_groups",
                {"logGroupNamePrefix": "$id"},
                "logGroups[?logGroupName == '$id'] | [0]",
            )
        },
        delete=Call("logs", "delete_log_group", {"logGroupName": "$id"}),
        tags=("logs", "arn"),
    ),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": _end("delivery_source", "deliverySource"),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": _end(
        "delivery_destination", "deliveryDestination"
    ),
    "aws:cloudwatch/logDelivery:LogDelivery": Kind(
        put=delivery,
        read={"delivery": Call("logs", "get_delivery", {"id": "$id"})},
        delete=Call("logs", "delete_delivery", {"id": "$id"}),
        tags=("logs", "arn"),
    ),
}
