"""Tables."""

from collections.abc import Mapping
from typing import Any, Final

from local.inputs import Inputs
from local.resources.calls import Call
from local.resources.kind import Context, Created, Kind


def table(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a table, or set how the one that exists is billed."""
    client = context.client("dynamodb")
    attributes = inputs.need("attributes")
    keys = {"HASH": inputs.need("hashKey"), "RANGE": inputs.need("rangeKey")}
    billing: dict[str, Any] = {"BillingMode": inputs.need("billingMode")}
    if billing["BillingMode"] != "PAY_PER_REQUEST":
        billing["ProvisionedThroughput"] = {
            "ReadCapacityUnits": inputs.need("readCapacity"),
            "WriteCapacityUnits": inputs.need("writeCapacity"),
        }
    try:
        found = client.create_table(
            TableName=name,
            AttributeDefinitions=[
                {"AttributeName": a["name"], "AttributeType": a["type"]} for a in attributes
            ],
            KeySchema=[{"AttributeName": key, "KeyType": type_} for type_, key in keys.items()],
            **billing,
        )["TableDescription"]
    except client.exceptions.ResourceInUseException:
        found = client.update_table(TableName=name, **billing)["TableDescription"]
    _put_ttl(client, name, inputs.take("ttl", {"attributeName": "", "enabled": False}))
    return Created(name, {"name": name, "arn": found["TableArn"]})


def _put_ttl(client: Any, name: str, ttl: dict[str, Any]) -> None:
    """Have expired items deleted, or not; DynamoDB refuses to set what is set already."""
    found = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if (found["TimeToLiveStatus"] == "ENABLED") != ttl["enabled"]:
        attribute = ttl["attributeName"] or found["AttributeName"]
        client.update_time_to_live(
            TableName=name,
            TimeToLiveSpecification={"Enabled": ttl["enabled"], "AttributeName": attribute},
        )


KINDS: Final[Mapping[str, Kind]] = {
    "aws:dynamodb/table:Table": Kind(
        put=table,
        read={
            "table": Call(
                "dynamodb",
                "describe_table",
                {"TableName": "$id"},
                "Table.{attributes: AttributeDefinitions, keys: KeySchema, "
                "mode: BillingModeSummary.BillingMode, reads: ProvisionedThroughput."
                "ReadCapacityUnits, writes: ProvisionedThroughput.WriteCapacityUnits}",
            ),
            "ttl": Call("dynamodb", "describe_time_to_live", {"TableName": "$id"}),
        },
        delete=Call("dynamodb", "delete_table", {"TableName": "$id"}),
        tags=("dynamodb", "arn"),
    ),
}
