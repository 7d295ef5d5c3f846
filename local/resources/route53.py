"""Records of a domain."""

from local.inputs import Inputs
from local.resources.context import Context, Created


def record(context: Context, _name: str, inputs: Inputs) -> Created:
    """Put an alias record; a record of this name and type is replaced."""
    name, type_, zone = inputs.need("name"), inputs.need("type"), inputs.need("zoneId")
    (alias,) = inputs.need("aliases")
    target = {
        "HostedZoneId": alias["zoneId"],
        "DNSName": alias["name"],
        "EvaluateTargetHealth": alias["evaluateTargetHealth"],
    }
    change = {"Name": name, "Type": type_, "AliasTarget": target}
    context.client("route53").change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": change}]},
    )
    return Created(f"{zone}_{name}_{type_}", {"fqdn": name})
