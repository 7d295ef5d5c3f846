"""Names and limits that all parts of the pipeline share: outcomes, settings, outputs, metrics.

``keys.py`` has the names of objects, ``messages.py`` what the queues carry. Every part of this
repository may import these modules, so they import the standard library alone.
"""

from enum import StrEnum
from typing import Final

MODERATED: Final = "moderated"
"""Code of the error of an upload that a moderator rejected."""

LOOK_SECONDS: Final = 300
"""Seconds for which the URL of a look, which a moderator is sent, can be used."""

MOST_HELD: Final = 10_000
"""Objects that are listed to measure how many uploads wait, two of each: ten requests."""

LONG_WAIT_SECONDS: Final = 86_400
"""Time that uploads may wait for a moderator before an alarm and the doctor tell."""

REJECTED_TAG: Final = ("image-pipeline", "rejected")
"""Key and value of the tag of rejected uploads, by which a lifecycle rule finds them."""

MAX_RECEIVES: Final = 5
"""Receives of a message before it is a dead letter: AWS asks for at least 5 (Lambda developer
guide, "Using Lambda with Amazon SQS")."""

MOST_SECONDS: Final = 10
"""Clock time that an upload may take at ``FULL_MEMORY_MB`` or more; below, 0.8 of the timeout."""

FULL_MEMORY_MB: Final = 1024

VIEW_SECONDS: Final = 25
"""Clock time that a first view of a lazy rendition takes at most, whatever its function's timeout:
CloudFront waits 30 s for an origin by default (developer guide, "Response timeout")."""

ASK_AGAIN_SECONDS: Final = 3600
"""Time after which a view of a lazy format that is still not there asks for it again, and one of a
lazy rendition that was given up tries it again."""

SCHEMA: Final = 1
"""Version of the manifest's fields, which a manifest states as ``schema``."""

METRIC_NAMESPACE: Final = "ImagePipeline"
"""CloudWatch namespace of the function's own metrics."""


class Metric(StrEnum):
    """Metrics that the function publishes; ``function/metrics.py`` has their units."""

    PROCESSED = "Processed"
    REJECTED = "Rejected"
    FAILED = "Failed"
    DUPLICATES = "Duplicates"
    LOSSY = "Lossy"
    DECODER_BUGS = "DecoderBugs"
    STOPPED = "Stopped"
    WORKERS_REPLACED = "WorkersReplaced"
    COLD_START = "ColdStart"
    BYTES_IN = "BytesIn"
    BYTES_OUT = "BytesOut"
    FETCH_TIME = "FetchTime"
    DECODE_TIME = "DecodeTime"
    RENDER_TIME = "RenderTime"
    STORE_TIME = "StoreTime"
    TOTAL_TIME = "TotalTime"


class ViewMetric(StrEnum):
    """Metrics of the functions for lazy renditions and formats, besides some of ``Metric``."""

    FIRST_VIEWS = "FirstViews"
    FIRST_VIEW_TIME = "FirstViewTime"
    FORMATS_MADE = "FormatsMade"
    FORMAT_TIME = "FormatTime"


class HeldMetric(StrEnum):
    """Metrics of uploads that wait for a moderator, measured at intervals."""

    WAITING = "Waiting"
    OLDEST_WAITING = "OldestWaiting"


RARE_METRICS: Final = frozenset({Metric.DECODER_BUGS, Metric.STOPPED, Metric.WORKERS_REPLACED})
"""Published only when there is something to count, so that they cost nothing otherwise."""


class Status(StrEnum):
    """Outcome of an upload, which its manifest states."""

    READY = "ready"
    REJECTED = "rejected"

    FAILED = "failed"
    """The function gave up because of a bug in it; the dead letter can be sent again."""

    DELETED = "deleted"
    """Exists only while the upload's renditions are being removed."""

    HELD = "held"
    """The upload waits for a moderator; nothing of it can be seen."""


class Publish(StrEnum):
    """When an upload can be seen: the setting ``publish``."""

    AT_ONCE = "at-once"
    """As soon as it was rendered."""
    HELD = "held"
    """Once a moderator has approved it."""


class Verdict(StrEnum):
    """A decision about one version of an upload: a moderator's, or until then, to hold it."""

    APPROVE = "approve"
    REJECT = "reject"

    HOLD = "hold"
    """The function's own. It is kept in case the upload is deleted and comes back."""


class DuplicateSearch(StrEnum):
    """The duplicates of earlier uploads that the function looks for: the setting ``duplicates``."""

    OFF = "off"
    """None are looked for."""
    EXACT = "exact"
    """The same bytes are copied, not rendered."""
    NEAR = "near"
    """Look-alikes are named, too."""


class StackOutput(StrEnum):
    """Outputs of the stack, as ``pulumi stack output`` names them."""

    SOURCE_BUCKET = "sourceBucket"
    DESTINATION_BUCKET = "destinationBucket"
    QUEUE_URL = "queueUrl"
    DEAD_LETTER_QUEUE_URL = "deadLetterQueueUrl"
    FUNCTION_NAME = "functionName"
    BACKFILL_QUEUE_URL = "backfillQueueUrl"
    LOG_GROUP = "logGroup"
    UPLOAD_ENDPOINT = "uploadEndpoint"
    DELIVERY_URL = "deliveryUrl"
    SITE_URL = "siteUrl"
    DASHBOARD_URL = "dashboardUrl"
    BATCH_FUNCTION_ARN = "batchFunctionArn"
    BATCH_ROLE_ARN = "batchRoleArn"
    DISTRIBUTION_ID = "distributionId"
    QUOTA_TABLE = "quotaTable"
    ADOPTED_BUCKETS = "adoptedBuckets"
    DESTINATION_POLICY = "destinationPolicy"
    VIEW_FUNCTION_NAME = "viewFunctionName"
    UPLOAD_PREFIXES = "uploadPrefixes"
    FORMAT_FUNCTION_NAME = "formatFunctionName"
    FORMAT_QUEUE_URL = "formatQueueUrl"
