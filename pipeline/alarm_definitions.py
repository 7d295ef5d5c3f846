"""The stack's alarms as plain data: their metrics and thresholds."""

from dataclasses import dataclass
from typing import Final

from function.contract import (
    ASK_AGAIN_SECONDS,
    LONG_WAIT_SECONDS,
    METRIC_NAMESPACE,
    HeldMetric,
    Metric,
)
from pipeline.settings import Settings

FAILED_SHARE: Final = 0.05
"""Share of uploads that fail and are retried, above which S3 or the stack has a fault."""

REJECTED_SHARE: Final = 0.2
"""Share of uploads that are rejected, above which a client has a bug or someone is attacking."""

SLOW_SHARE: Final = 0.8
"""Share of the timeout that the 95th percentile of invocations may take."""


_NAMESPACES: Final = {
    **dict.fromkeys(("queue", "dead_letters", "format_queue"), "AWS/SQS"),
    "rule": "AWS/Events",
}
"""Namespace of the metrics of each resource that is not a function."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """One metric of an alarm or, with ``expression``, a figure computed from the others."""

    id: str
    metric: str = ""
    namespace: str = METRIC_NAMESPACE
    resource: str = "function"
    statistic: str = "Sum"
    expression: str = ""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An alarm as data.

    It fires when the last of its queries is above the threshold in ``breaches`` of the latest
    ``periods``.
    """

    part: str
    description: str
    queries: tuple[Query, ...]
    threshold: float = 0
    seconds: int = 300  # of one period
    periods: int = 1
    breaches: int | None = None


def definitions(settings: Settings) -> list[Alarm]:
    """Return every alarm of a stack; thresholds follow from its settings."""
    if settings.monitoring == "off":
        return []
    lean = _alarms_on_loss(settings)
    return lean if settings.monitoring == "lean" else lean + _further_alarms(settings)


def _alarms_on_loss(settings: Settings) -> list[Alarm]:
    """Return the alarms for uploads that are lost, or about to be."""
    waiting = 2 * settings.visibility_timeout
    alarms = [
        Alarm(
            part="dead-letters-alarm",
            description="Uploads have failed five times: see them with `python -m ops redrive`.",
            queries=_metric("ApproximateNumberOfMessagesVisible", "dead_letters", "Maximum"),
        ),
        Alarm(
            part="oldest-upload-alarm",
            description=f"An upload has waited for more than {waiting} s, two visibility timeouts.",
            threshold=waiting,
            queries=_metric("ApproximateAgeOfOldestMessage", "queue", "Maximum"),
        ),
        Alarm(
            part="errors-alarm",
            description="The function has ended in an error or timed out.",
            queries=_metric("Errors"),
        ),
    ]
    if settings.source_bucket != "":
        # Counts events that EventBridge gave up on, not the ones it retries (EventBridge user
        # guide, "Monitoring Amazon EventBridge", read 2026-11-28).
        alarms.append(
            Alarm(
                part="undelivered-alarm",
                description="EventBridge could not tell the queue of uploads: run `ops doctor`, "
                "then `ops backfill`.",
                queries=_metric("FailedInvocations", "rule"),
            )
        )
    return alarms


def _further_alarms(settings: Settings) -> list[Alarm]:
    alarms = [
        Alarm(
            part="throttles-alarm",
            description="The account's concurrency, not this stack's, holds uploads back.",
            queries=_metric("Throttles"),
        ),
        Alarm(
            part="slow-alarm",
            description=f"A twentieth of batches take over {SLOW_SHARE:.0%} of the timeout.",
            threshold=SLOW_SHARE * settings.timeout * 1000,
            queries=_metric("Duration", statistic="p95"),
        ),
        _share(Metric.FAILED, FAILED_SHARE, "fail and are tried again"),
        _share(Metric.REJECTED, REJECTED_SHARE, "are rejected"),
    ]
    signer = [
        Alarm(
            part="signer-errors-alarm",
            description="The signer fails, so nobody gets a form to upload with.",
            queries=_metric("Errors", "signer"),
        ),
        Alarm(
            part="signer-throttles-alarm",
            description="More people ask for forms at one time than the signer's ceiling lets.",
            queries=_metric("Throttles", "signer"),
        ),
    ]
    if settings.auth:
        signer.append(
            # Not in Errors: the function answers 503 when it cannot tell who may upload (Lambda
            # developer guide, "Monitoring Lambda function URLs", read 2026-11-27).
            Alarm(
                part="signer-unavailable-alarm",
                description="The signer cannot check users: the issuer or the quotas fail.",
                queries=_metric("Url5xxCount", "signer"),
            )
        )
    views = [
        # Not Errors alone: the function may answer 5xx itself (Lambda developer guide, "Monitoring
        # Lambda function URLs", read 2026-11-27).
        Alarm(
            part="views-errors-alarm",
            description="First views fail: readers of lazy renditions get an error.",
            queries=_metric("Url5xxCount", "views"),
        ),
        Alarm(
            part="views-throttles-alarm",
            description="More first views at one time than viewConcurrency lets; others get 429.",
            queries=_metric("Throttles", "views"),
        ),
    ]
    formats = [
        Alarm(
            part="formats-errors-alarm",
            description="The function for lazy formats has ended in an error or timed out.",
            queries=_metric("Errors", "formats"),
        ),
        Alarm(
            part="oldest-format-alarm",
            description="A lazy format has waited for an hour: raise backfillConcurrency. Readers "
            "get another format meanwhile.",
            threshold=ASK_AGAIN_SECONDS,
            queries=_metric("ApproximateAgeOfOldestMessage", "format_queue", "Maximum"),
        ),
    ]
    if settings.measures_held:
        hours = LONG_WAIT_SECONDS // 3600
        alarms.append(
            Alarm(
                part="waiting-alarm",
                description=f"An upload has waited for a moderator for over {hours} hours: see "
                "them with `python -m ops moderate list`.",
                threshold=LONG_WAIT_SECONDS,
                # Measured twice in that time.
                seconds=3600,
                queries=(Query(id="m", metric=HeldMetric.OLDEST_WAITING, statistic="Maximum"),),
            )
        )
    alarms += signer if settings.uploads == "presigned" else []
    alarms += views if settings.has_lazy else []
    return alarms + formats if settings.has_lazy_formats else alarms


def _metric(name: str, resource: str = "function", statistic: str = "Sum") -> tuple[Query]:
    """Return the query of an alarm on one metric that AWS publishes of one of its resources."""
    namespace = _NAMESPACES.get(resource, "AWS/Lambda")
    return (
        Query(id="m", metric=name, namespace=namespace, resource=resource, statistic=statistic),
    )


def _share(metric: Metric, threshold: float, what: str) -> Alarm:
    """Return an alarm on the share of uploads with one outcome.

    FILL reads a datapoint that is late as 0, so the latest share may be wrong either way. Two of
    three periods decide instead (CloudWatch user guide, "Using metric math", FILL).
    """
    outcomes = (Metric.PROCESSED, Metric.REJECTED, Metric.FAILED)
    metrics = tuple(Query(id=name.lower(), metric=name) for name in outcomes)
    total = " + ".join(f"FILL({name.lower()}, 0)" for name in outcomes)
    share = Query(id="share", expression=f"FILL({metric.lower()}, 0) / ({total})")
    return Alarm(
        part=f"{metric.lower()}-alarm",
        description=f"More than {threshold:.0%} of uploads {what}.",
        threshold=threshold,
        queries=(*metrics, share),
        periods=3,
        breaches=2,
    )
