"""The index of duplicates."""

from tests.infra.engine import evaluated


def test_the_index_is_there_only_when_duplicates_are_looked_for(dev):
    assert dev.all("Table") == []
    assert "UseIndex" not in dev.one("RolePolicy").statements()
    near = evaluated("dev", duplicates="near")
    table = near.one("Table")
    assert table.inputs["billingMode"] == "PAY_PER_REQUEST"
    assert (table.inputs["hashKey"], table.inputs["rangeKey"]) == ("bucket", "name")
    use = near.one("RolePolicy").statements()["UseIndex"]
    assert use["Action"] == ["dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
    assert use["Resource"].endswith(f"{table.name}-1234567")
    variables = near.one("Function").inputs["environment"]["variables"]
    assert (variables["DUPLICATES"], variables["INDEX_TABLE"]) == ("near", f"{table.name}-1234567")
