"""Log groups and dashboards."""

import contextlib

from local.inputs import Inputs
from local.resources.context import ACCOUNT_ID, Context, Created


def log_group(context: Context, _name: str, inputs: Inputs) -> Created:
    """Create a log group, or set the retention of the one that exists."""
    logs = context.client("logs")
    name, days = inputs.need("name"), inputs.need("retentionInDays")
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=name, tags=inputs.take("tags", {}))
    logs.put_retention_policy(logGroupName=name, retentionInDays=days)
    arn = f"arn:aws:logs:{context.region}:{ACCOUNT_ID}:log-group:{name}"
    return Created(name, {"name": name, "arn": arn})


def dashboard(context: Context, _name: str, inputs: Inputs) -> Created:
    """Put a dashboard."""
    name, body = inputs.need("dashboardName"), inputs.need("dashboardBody")
    context.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody=body)
    return Created(name, {"dashboardName": name})
