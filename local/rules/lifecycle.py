"""Amazon S3: lifecycle rules that it refuses.

"Transitioning objects using Amazon S3 Lifecycle" and "Lifecycle configuration elements" (S3 user
guide), PutBucketLifecycleConfiguration (API reference). The wording is that of S3's answers as
others have quoted them (2026-11-27), except where a message is called ours.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from local.rules.ministack import replaces, s3

Response = tuple[int, dict[str, str], bytes]
Rule = Mapping[str, Any]

INFREQUENT: Final = ("STANDARD_IA", "ONEZONE_IA")

MIN_DAYS: Final = 30
"""Days before a transition to a class of infrequent access, and in it."""

WATERFALL: Final = {
    "STANDARD_IA": {"INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"},
    "INTELLIGENT_TIERING": {"ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"},
    "ONEZONE_IA": {"GLACIER", "DEEP_ARCHIVE"},
    "GLACIER_IR": {"GLACIER", "DEEP_ARCHIVE"},
    "GLACIER": {"DEEP_ARCHIVE"},
    "DEEP_ARCHIVE": set[str](),
}
"""Storage class → classes that its objects may be moved to ("Supported lifecycle transitions")."""


@replaces(vars(s3), "_lifecycle_rules_error")
def impossible_rules(
    check: Callable[[Sequence[Rule]], Response | None], rules: Sequence[Rule]
) -> Response | None:
    """Refuse what S3 refuses beyond the form of the rules, which MiniStack checks."""
    refused = check(rules)
    if refused is not None:
        return refused
    names = [rule["ID"] for rule in rules if rule.get("ID")]
    if len(set(names)) < len(names):
        message = "Rule ID must be unique. Found same ID for more than one rule"
        return s3._error("InvalidArgument", message, 400)
    for rule in rules:
        for code, message in (*_of_tags(rule), *_of_days(rule)):
            return s3._error(code, message, 400)
    return None


def _of_tags(rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a rule for tagged objects, or for delete markers."""
    of, expiration = rule.get("Filter", {}), rule.get("Expiration", {})
    if "ExpiredObjectDeleteMarker" in expiration and {"Days", "Date"} & set(expiration):
        yield "MalformedXML", s3._MALFORMED_XML
    if "Tag" not in of and not of.get("And", {}).get("Tags"):
        return
    if "AbortIncompleteMultipartUpload" in rule:
        yield "InvalidRequest", "AbortIncompleteMultipartUpload cannot be specified with Tags."
    if "ExpiredObjectDeleteMarker" in expiration:
        yield "InvalidRequest", "ExpiredObjectDeleteMarker cannot be specified with Tags."


def _of_days(rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the days of a rule's transitions, and of its expiration."""
    moves: list[Rule] = sorted(
        (move for move in rule.get("Transitions", []) if "Days" in move),
        key=lambda move: move["Days"],
    )
    for move in moves:
        to = move["StorageClass"]
        if to in INFREQUENT and move["Days"] < MIN_DAYS:
            least = f"greater than or equal to {MIN_DAYS} for storageClass '{to}'"
            yield "InvalidArgument", f"'Days' in Transition action must be {least}"
    for earlier, later in pairwise(moves):
        left, to = earlier["StorageClass"], later["StorageClass"]
        is_early = left in INFREQUENT and later["Days"] < earlier["Days"] + MIN_DAYS
        if is_early or later["Days"] == earlier["Days"] or to not in WATERFALL[left]:
            message = f"A transition from '{left}' to '{to}' is not possible"  # ours
            yield "InvalidArgument", message
    if moves and rule.get("Expiration", {}).get("Days", moves[-1]["Days"] + 1) <= moves[-1]["Days"]:
        prefix = rule.get("Filter", {}).get("Prefix", "")
        expiration = f"'Days' in the Expiration action for filter '(prefix={prefix})'"
        message = f"{expiration} must be greater than 'Days' in the Transition action"
        yield "InvalidArgument", message
