"""Rules of the account's event bus, and where they send."""

import hashlib
from collections.abc import Mapping
from typing import Final

from local.inputs import Inputs
from local.resources.calls import Call, send
from local.resources.kind import Context, Created, Kind


def rule(context: Context, name: str, inputs: Inputs) -> Created:
    """Put a rule on the account's own bus."""
    values = {"name": name, **inputs.rest()}
    arn = send(context, "events", "put_rule", values)["RuleArn"]
    return Created(name, {"name": name, "arn": arn})


def target(context: Context, name: str, inputs: Inputs) -> Created:
    """Add a target to a rule; its id is the same each time."""
    rule, arn = inputs.need("rule"), inputs.need("arn")
    id_ = hashlib.sha256(name.encode()).hexdigest()[:20]
    sent = inputs.take("input")  # in place of the event
    more = {} if sent is None else {"Input": sent}
    context.client("events").put_targets(Rule=rule, Targets=[{"Id": id_, "Arn": arn, **more}])
    return Created(f"{rule}-{id_}", {"rule": rule, "targetId": id_})


KINDS: Final[Mapping[str, Kind]] = {
    "aws:cloudwatch/eventRule:EventRule": Kind(
        put=rule,
        read={"rule": Call("events", "describe_rule", {"Name": "$id"})},
        delete=Call("events", "delete_rule", {"Name": "$id"}),
        tags=("events", "arn"),
    ),
    "aws:cloudwatch/eventTarget:EventTarget": Kind(
        put=target,
        read={
            "target": Call(
                "events",
                "list_targets_by_rule",
                {"Rule": "$rule"},
                "Targets[?Id == '$targetId'] | [0]",
            )
        },
        delete=Call("events", "remove_targets", {"Rule": "$rule", "Ids": ["$targetId"]}),
    ),
}
