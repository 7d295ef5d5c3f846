"""The stack's moderator: the queue, topic or function that held uploads are sent to."""

import re
from typing import Final

from pipeline.permissions.documents import Statement, allow
from pipeline.settings_checks import SettingsError

_ACTIONS: Final = {
    "sqs": "sqs:SendMessage",
    "sns": "sns:Publish",
    "lambda": "lambda:InvokeFunction",
}
"""The action that sends a message, by the moderator's service."""

_ARN: Final = re.compile(
    r"arn:[\w-]+:(sqs:[\w-]+:\d{12}:[\w-]{1,80}|sns:[\w-]+:\d{12}:[\w-]{1,256}"
    r"|lambda:[\w-]+:\d{12}:function:[\w-]{1,64}(:[\w$-]{1,128})?)"
)


def check(arn: str) -> None:
    """Raise a ``SettingsError`` unless it is empty or names a queue, a topic or a function.

    First-in-first-out queues and topics need a message group, which we have no use for.
    """
    if arn and not _ARN.fullmatch(arn):
        raise SettingsError(
            "moderator must be the ARN of an SQS queue, an SNS topic or a Lambda function, none of "
            "which is FIFO, like arn:aws:sqs:eu-central-1:123456789012:looks; "
            f"got {arn!r}."
        )


def ask(arn: str) -> Statement:
    """Allow the function to send what is held to a moderator, and to nobody else."""
    return allow("AskModerator", [_ACTIONS[arn.split(":")[2]]], arn)


def forget(distribution_arn: str) -> Statement:
    """Allow the function to have the CDN forget what a moderator takes down."""
    return allow("ForgetRejected", ["cloudfront:CreateInvalidation"], distribution_arn)
