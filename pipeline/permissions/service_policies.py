"""The policies of the queues, the alarms' topic and the key: which of AWS's services may use them.

SQS and SNS refuse TLS below 1.2 themselves.
"""

from collections.abc import Sequence

from pipeline.permissions.documents import Document, Statement, allow, deny_plain_http, document


def upload_queue(queue_arn: str, bucket_arn: str, account_id: str, *rule_arns: str) -> Document:
    """Return the queue's policy: S3 may announce this bucket's uploads, over HTTPS only.

    The two conditions prevent a confused deputy. EventBridge may send for the rules, if any.
    """
    condition = {
        "ArnEquals": {"aws:SourceArn": bucket_arn},
        "StringEquals": {"aws:SourceAccount": account_id},
    }
    s3 = {"Service": "s3.amazonaws.com"}
    s3_may_send = allow("S3MaySend", "sqs:SendMessage", queue_arn, s3, condition)
    rules = [_rules_may_send(queue_arn, rule_arns)] if rule_arns else []
    return document([s3_may_send, *rules, deny_plain_http("sqs:*", queue_arn)])


def bridged_queue(queue_arn: str, *rule_arns: str) -> Document:
    """Return the queue's policy: EventBridge may send for these rules, over HTTPS only."""
    rules_may_send = _rules_may_send(queue_arn, rule_arns)
    return document([rules_may_send, deny_plain_http("sqs:*", queue_arn)])


def _rules_may_send(queue_arn: str, rule_arns: Sequence[str]) -> Statement:
    """Allow EventBridge to send for rules.

    "Using resource-based policies for Amazon EventBridge", Amazon SQS permissions (EventBridge user
    guide, read 2026-11-27).
    """
    arns = rule_arns[0] if len(rule_arns) == 1 else list(rule_arns)
    condition = {"ArnEquals": {"aws:SourceArn": arns}}
    events = {"Service": "events.amazonaws.com"}
    return allow("RuleMaySend", "sqs:SendMessage", queue_arn, events, condition)


def https_only_queue(queue_arn: str) -> Document:
    """Return the policy of a queue that no other account or service sends to: HTTPS only.

    There are two: the queue of backfills, to which operators send, and the dead-letter queue, to
    which SQS moves messages by itself.
    """
    return document([deny_plain_http("sqs:*", queue_arn)])


def alarm_topic(topic_arn: str, account_id: str) -> Document:
    """Return the topic's policy: this account's alarms may publish, over HTTPS only."""
    alarms = {"Service": "cloudwatch.amazonaws.com"}
    condition = {"StringEquals": {"aws:SourceAccount": account_id}}
    alarms_may_publish = allow("AlarmsMayPublish", "sns:Publish", topic_arn, alarms, condition)
    return document([alarms_may_publish, deny_plain_http("sns:Publish", topic_arn)])


def encryption_key(account_id: str, partition: str) -> Document:
    """Return the key's policy: IAM of this account decides, and its CDN may decrypt."""
    account = {"AWS": f"arn:{partition}:iam::{account_id}:root"}
    cdn = {"Service": "cloudfront.amazonaws.com"}
    condition = {
        "ArnLike": {"aws:SourceArn": f"arn:{partition}:cloudfront::{account_id}:distribution/*"}
    }
    return document(
        [
            allow("AccountDecides", "kms:*", "*", account),
            allow("CdnMayDecrypt", "kms:Decrypt", "*", cdn, condition),
        ]
    )
