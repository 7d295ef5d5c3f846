"""Amazon EventBridge: permission to send, fields of S3's events, and rules that have targets."""

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, Final

from local.rules.ministack import error, eventbridge, replaces, responses, s3, sqs

_fired: Final[ContextVar[str | None]] = ContextVar("fired", default=None)
"""Version that the event of S3 under way is about."""


@replaces(vars(eventbridge), "_invoke_target")
def permitted_target(
    invoke: Callable[..., Any], target: Any, event: Any, rule: Any, *view: Any
) -> None:
    """Send to a queue only if its policy lets EventBridge send for this rule.

    "Using resource-based policies for Amazon EventBridge", Amazon SQS permissions (EventBridge user
    guide, read 2026-11-27). An event that the policy refuses is dropped, not sent again ("Event
    retry policy and using dead-letter queues", read 2026-11-28).
    """
    arn, account = str(target.get("Arn", "")), responses.get_account_id()
    service = "events.amazonaws.com"
    if ":sqs:" in arn and not sqs.queue_policy_allows(arn, service, rule["Arn"], account):
        eventbridge.logger.warning("EventBridge: the policy of %s denies %s", arn, rule["Arn"])
        return
    invoke(target, event, rule, *view)


@replaces(vars(s3), "_fire_s3_event")
def versioned_event(fire: Callable[..., Any], *given: Any, **named: Any) -> None:
    """Note the version of an event, which MiniStack does not tell EventBridge."""
    noted = _fired.set(named.get("version_id"))
    try:
        fire(*given, **named)
    finally:
        _fired.reset(noted)


@replaces(vars(eventbridge), "_dispatch_event")
def complete_event(dispatch: Callable[..., Any], event: dict[str, Any], *view: Any) -> None:
    """Name an object's version, and no size of one that was deleted.

    "EventBridge event message structure" (S3 user guide, read 2026-11-27): a deletion's etag is
    that of no bytes.
    """
    if event.get("Source") == "aws.s3":
        detail = json.loads(event["Detail"])
        item: dict[str, Any] = detail["object"]
        if version := _fired.get():
            item["version-id"] = version
        if event["DetailType"] == "Object Deleted":
            del item["size"]
        event = event | {"Detail": json.dumps(detail)}
    dispatch(event, *view)


@replaces(vars(eventbridge), "_put_rule")
def whole_rule(put: Callable[..., Any], wanted: Mapping[str, Any]) -> Any:
    """Replace a rule that exists: what a request omits is not kept.

    "PutRule" (EventBridge API reference, read 2026-11-27).
    """
    return put({"Description": "", "RoleArn": "", "State": "ENABLED", **wanted})


@replaces(vars(eventbridge), "_delete_rule")
def rule_in_use(delete: Callable[..., Any], wanted: Mapping[str, Any]) -> Any:
    """Refuse to delete a rule that has targets ("DeleteRule", EventBridge API reference).

    The page has no wording; this is what terraform-provider-aws waits for (``events/rule.go``).
    """
    key = eventbridge._rule_key(wanted.get("Name"), wanted.get("EventBusName", "default"))
    if eventbridge._targets.get(key):
        return error("ValidationException", "Rule can't be deleted since it has targets.")
    return delete(wanted)
