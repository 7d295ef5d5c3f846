"""Tables."""

from local.inputs import Inputs
from local.resources.context import Context, Created


def table(context: Context, name: str, inputs: Inputs) -> Created:
    """Create a table, or find the one that exists."""
    client = context.client("dynamodb")
    attributes = inputs.need("attributes")
    tags = [{"Key": key, "Value": value} for key, value in inputs.take("tags", {}).items()]
    try:
        answer = client.create_table(
            TableName=name,
            BillingMode=inputs.need("billingMode"),
            AttributeDefinitions=[
                {"AttributeName": a["name"], "AttributeType": a["type"]} for a in attributes
            ],
            KeySchema=[
                {"AttributeName": inputs.need("hashKey"), "KeyType": "HASH"},
                {"AttributeName": inputs.need("rangeKey"), "KeyType": "RANGE"},
            ],
            Tags=tags,
        )["TableDescription"]
    except client.exceptions.ResourceInUseException:
        answer = client.describe_table(TableName=name)["Table"]
    return Created(name, {"name": name, "arn": answer["TableArn"]})
