"""A stack's outputs as ``ops`` reads them, and one upload."""

from ops.backfill import Existing
from ops.stack import NEEDED, Stack

OUTPUTS = dict.fromkeys(NEEDED, "x") | {
    "sourceBucket": "photos",
    "queueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/uploads",
}

BACKFILL_OUTPUTS = OUTPUTS | {
    "backfillQueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/backfill",
}
"""``OUTPUTS`` are those of a release without a queue of backfills."""

STACK = Stack(outputs=OUTPUTS, client=lambda service: None)
BEACH = Existing(key="uploads/u1/my beach+été.jpg", version_id="v1", etag="e1", size=7)
