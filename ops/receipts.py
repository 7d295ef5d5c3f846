"""Deletes messages of SQS, or makes them visible again, by the receipt handle of a receive.

Once a message's visibility timeout is over, another consumer may have received it, and the handle
is out of date. That is no failure: the message is that consumer's, or is still in the queue.
"""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Final

from ops.stack import read_or_none

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

OUTDATED: Final = (
    "InvalidParameterValue",
    "ReceiptHandleIsInvalid",
    "AWS.SimpleQueueService.MessageNotInflight",
)
"""Codes that AWS answers an outdated handle with.

For a standard queue, DeleteMessage (API reference) succeeds without deleting; the Knowledge Center
("ReceiptHandleIsInvalid" and "InvalidParameterValue" errors) has seen it fail. Users report the
first code of ChangeMessageVisibility: the "message does not exist or is not available for
visibility timeout change". Its page (API reference, read 2026-11-28) names the last one, for a
message that is visible again.
"""


def delete(sqs: "SQSClient", url: str, handle: str) -> None:
    """Delete a message, unless its handle is out of date."""
    read_or_none(partial(sqs.delete_message, QueueUrl=url, ReceiptHandle=handle), *OUTDATED)


def give_back(sqs: "SQSClient", url: str, handles: Iterable[str]) -> None:
    """Make messages visible to others again, unless a handle is out of date."""
    show = partial(sqs.change_message_visibility, QueueUrl=url, VisibilityTimeout=0)
    for handle in handles:
        read_or_none(partial(show, ReceiptHandle=handle), *OUTDATED)
