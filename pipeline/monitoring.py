"""The CloudWatch dashboard that operators look at."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import pulumi
from pulumi_aws import cloudwatch

from function.contract import DuplicateSearch
from pipeline.alarm_definitions import Alarm
from pipeline.component import Component, Options
from pipeline.dashboard import dashboard_body
from pipeline.identity import Identity
from pipeline.naming import resource_name
from pipeline.queues import UploadQueue
from pipeline.resizer import Resizer

CONSOLES: Final = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
"""Host of each partition's console (the user guides of AWS in China and of GovCloud)."""


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """The resources and limits that the graphs show.

    ``views_name`` is empty without lazy renditions, ``formats_name`` without lazy formats.
    """

    alarms: Sequence[Alarm]
    max_concurrency: int
    view_concurrency: int
    duplicates: DuplicateSearch
    measures_held: bool
    queue: UploadQueue
    resizer: Resizer
    views_name: pulumi.Input[str]
    formats_name: pulumi.Input[str]
    identity: Identity


class Monitoring(Component):
    """A CloudWatch dashboard."""

    dashboard_url: pulumi.Output[str]

    def __init__(self, name: str, args: MonitoringArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:monitoring:Monitoring", name, opts)
        body = partial(
            dashboard_body,
            limits={alarm.part: alarm.threshold for alarm in args.alarms},
            max_concurrency=args.max_concurrency,
            view_concurrency=args.view_concurrency,
            measures_held=args.measures_held,
            has_duplicates=args.duplicates != DuplicateSearch.OFF,
        )
        names = pulumi.Output.all(
            region=args.identity.region,
            queue=args.queue.name,
            dead_letters=args.queue.dead_letter_name,
            function=args.resizer.function_name,
            views=args.views_name,
            formats=args.formats_name,
            format_queue=args.queue.formats.name if args.queue.formats else "",
        )
        dashboard = cloudwatch.Dashboard(
            resource_name(name, "dashboard"),
            # With the region, because all regions share one list of dashboards; Pulumi makes no
            # name.
            dashboard_name=names.apply("{function}-{region}".format_map),
            dashboard_body=names.apply(lambda names: json.dumps(body(**names))),
            opts=self.named_before("dashboardName"),
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
