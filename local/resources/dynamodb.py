"""Tables."""

from collections.abc import Mapping
from typing import Any, Final

from local.inputs import Inputs
from local.resources.calls import Call
from local.resources.context import Context, Created
from local.resources.kind import Kind
from local.resources.tags import put_tags, tags_of


def table(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a table, or set how the one that exists is billed."""
    client = context.client("dynamodb")
    attributes, billing = inputs.need("attributes"), _billing(inputs)
    keys = [
        {"AttributeName": inputs.need("hashKey"), "KeyType": "HASH"},
        {"AttributeName": inputs.need("rangeKey"), "KeyType": "RANGE"},
    ]
    try:
        found = client.create_table(
            TableName=name,
            AttributeDefinitions=[
                {"AttributeName": a["name"], "AttributeType": a["type"]} for a in attributes
            ],
            KeySchema=keys,
            **billing,
        )["TableDescription"]
    except client.exceptions.ResourceInUseException:
        found = client.update_table(TableName=name, **billing)["TableDescription"]
    put_tags(context, "dynamodb", found["TableArn"], inputs.take("tags", {}))
    return Created(name, {"name": name, "arn": found["TableArn"]})


def _billing(inputs: Inputs) -> dict[str, Any]:
    mode = inputs.need("billingMode")
    if mode == "PAY_PER_REQUEST":
        return {"BillingMode": mode}
    capacity = {
        "ReadCapacityUnits": inputs.need("readCapacity"),
        "WriteCapacityUnits": inputs.need("writeCapacity"),
    }
    return {"BillingMode": mode, "ProvisionedThroughput": capacity}


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
            "tags": tags_of("dynamodb", "$arn"),
        },
        delete=Call("dynamodb", "delete_table", {"TableName": "$id"}),
    ),
}
