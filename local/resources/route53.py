"""Records of a domain."""

from collections.abc import Mapping
from typing import Any, Final

from local.inputs import Inputs
from local.resources.calls import Call
from local.resources.kind import Context, Created, Kind, State


def record(context: Context, name: str, inputs: Inputs) -> Created:
    """Put an alias record; a record of this name and type is replaced."""
    name = inputs.take("name", name)
    type_, zone = inputs.need("type"), inputs.need("zoneId")
    (alias,) = inputs.need("aliases")
    target = {
        "HostedZoneId": alias["zoneId"],
        "DNSName": alias["name"],
        "EvaluateTargetHealth": alias["evaluateTargetHealth"],
    }
    _change(context, zone, "UPSERT", {"Name": name, "Type": type_, "AliasTarget": target})
    outputs = {"fqdn": name, "type": type_, "zoneId": zone}
    return Created(f"{zone}_{name}_{type_}", outputs)


def delete_record(context: Context, state: State) -> None:
    """Delete a record: Route 53 asks for all that it says."""
    if found := _FOUND(context, state):
        _change(context, state["zoneId"], "DELETE", found)


def _change(context: Context, zone: str, action: str, values: Mapping[str, Any]) -> None:
    context.client("route53").change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": values}]},
    )


_FOUND: Final = Call(
    "route53",
    "list_resource_record_sets",
    {
        "HostedZoneId": "$zoneId",
        "StartRecordName": "$fqdn",
        "StartRecordType": "$type",
        "MaxItems": "1",
    },
    "ResourceRecordSets[?Name == '$fqdn.' && Type == '$type'] | [0]",
)
"""The record itself: AWS lists from the place where it would be."""

KINDS: Final[Mapping[str, Kind]] = {
    "aws:route53/record:Record": Kind(put=record, read={"record": _FOUND}, delete=delete_record)
}
