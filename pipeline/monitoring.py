"""The CloudWatch dashboard that operators look at."""

import json
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import cloudwatch

from pipeline.dashboard import dashboard_body
from pipeline.identity import Identity
from pipeline.naming import resource_name
from pipeline.queues import UploadQueue
from pipeline.resizer import Resizer
from pipeline.settings import Settings

CONSOLES: Final = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
"""Host of each partition's console (the user guides of AWS in China and of GovCloud)."""


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """What is watched."""

    settings: Settings
    queue: UploadQueue
    resizer: Resizer
    identity: Identity


class Monitoring(pulumi.ComponentResource):
    """A CloudWatch dashboard."""

    dashboard_url: pulumi.Output[str]

    def __init__(
        self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("image-pipeline:monitoring:Monitoring", name, None, opts)
        dashboard = cloudwatch.Dashboard(
            resource_name(name, "dashboard"),
            dashboard_name=name,
            dashboard_body=pulumi.Output.all(
                region=args.identity.region,
                queue=args.queue.name,
                dead_letters=args.queue.dead_letter_name,
                function=args.resizer.function_name,
            ).apply(lambda names: json.dumps(dashboard_body(settings=args.settings, **names))),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.dashboard_url = pulumi.Output.concat(
            "https://",
            args.identity.region,
            ".",
            args.identity.partition.apply(lambda name: CONSOLES.get(name, CONSOLES["aws"])),
            "/cloudwatch/home#dashboards/dashboard/",
            dashboard.dashboard_name,
        )
        self.register_outputs({"dashboard_url": self.dashboard_url})
