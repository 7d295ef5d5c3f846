"""Checks of the function's last 24 hours, by its own metrics and Lambda's."""

from datetime import UTC, datetime, timedelta

from function.contract import METRIC_NAMESPACE, Metric, StackOutput
from ops.finding import Finding, ok, warn
from ops.stack import Stack
from terminal import counted


def workers(stack: Stack) -> Finding:
    """Check how many uploads were stopped and workers replaced, and that no decoder has a bug."""
    if not _publishes_metrics(stack):
        fields = f"{Metric.STOPPED}, {Metric.WORKERS_REPLACED} and {Metric.DECODER_BUGS}"
        return ok("workers", f"the stack has no metrics; look for {fields} in the log (`logGroup`)")
    stopped, replaced, bugs = (
        _sum(stack, METRIC_NAMESPACE, metric)
        for metric in (Metric.STOPPED, Metric.WORKERS_REPLACED, Metric.DECODER_BUGS)
    )
    of_uploads, of_workers = counted(stopped, "upload"), counted(replaced, "worker")
    detail = f"in 24 h {of_uploads} stopped by their budget, {of_workers} replaced"
    if bugs:
        fix = (
            "find them in the log (`logGroup`) by `DecoderBugs`, upgrade, then send the dead "
            "letters through again with `python -m ops redrive`"
        )
        return warn("workers", f"{detail}, {counted(bugs, 'fault')} of decoders", fix)
    return ok("workers", detail)


def unanswered(stack: Stack) -> Finding:
    """Check that no invocation ended by a timeout, or for lack of memory."""
    errors = _sum(stack, "AWS/Lambda", "Errors")
    if errors:
        fix = "see the log (`logGroup`) for `Task timed out` and `signal: killed`; raise memory"
        detail = f"in 24 h {counted(errors, 'invocation')} ended without an answer"
        return warn("unanswered", detail, fix)
    return ok("unanswered", "in 24 h every invocation answered")


def _publishes_metrics(stack: Stack) -> bool:
    name = stack.outputs[StackOutput.FUNCTION_NAME]
    found = stack.client("lambda").get_function_configuration(FunctionName=name)
    variables = found.get("Environment", {}).get("Variables", {})
    return variables.get("PUBLISH_METRICS") != "false"


def _sum(stack: Stack, namespace: str, metric: str) -> int:
    now = datetime.now(UTC)
    points = stack.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": "FunctionName", "Value": stack.outputs[StackOutput.FUNCTION_NAME]}],
        StartTime=now - timedelta(days=1),
        EndTime=now,
        Period=3600,
        Statistics=["Sum"],
    )["Datapoints"]
    return round(sum(point["Sum"] for point in points))
