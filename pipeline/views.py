"""The Lambda function that makes a lazy rendition when it is viewed first, and its URL."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import pulumi
from pulumi_aws import lambda_

from pipeline import function_urls
from pipeline.component import Component, Options
from pipeline.environment import MOST_VIEW_SECONDS
from pipeline.execution import Execution
from pipeline.naming import resource_name
from pipeline.permissions import roles
from pipeline.permissions.documents import to_json
from pipeline.processing import ProcessingArgs, engine_function

HANDLER: Final = "function.view_handler.handle"

PART: Final = "views"


@dataclass(frozen=True, kw_only=True)
class ViewsArgs(ProcessingArgs):
    """The function's reserved concurrency, which is its limit as well.

    ``format_queue_arn`` is of the queue of lazy formats; empty if the stack has none.
    """

    view_concurrency: int
    format_queue_arn: pulumi.Input[str]


class Views(Component):
    """The resizer's code behind a URL that nobody may call until ``allow`` names a distribution.

    The reserved concurrency keeps a flood of views away from uploads: the function can take no more
    of the account's executions, and none of the resizer's mapping. It writes its figures only to
    its log, because metrics would cost money every month.
    """

    url: pulumi.Output[str]
    function_name: pulumi.Output[str]

    def __init__(self, name: str, args: ViewsArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:views:Views", name, opts)
        self._label = resource_name(name, PART)
        self.seconds = min(args.timeout, MOST_VIEW_SECONDS)
        self._function = function = engine_function(
            self,
            name,
            PART,
            replace(args, timeout=self.seconds),
            self._execution(name, args),
            handler=HANDLER,
            description="Makes lazy renditions on first view",
            reserved_concurrency=args.view_concurrency,
        )
        url = lambda_.FunctionUrl(
            self._label,
            function_name=function.name,
            authorization_type="AWS_IAM",
            opts=self.child,
        )
        self.url, self.function_name = url.function_url, function.name
        self.register_outputs({"url": self.url, "function_name": self.function_name})

    def allow(self, distribution_arn: pulumi.Input[str]) -> None:
        """Let one CloudFront distribution call the function by its URL, and nobody else."""
        caller = function_urls.distribution(distribution_arn)
        function_urls.allow(self, self._label, self._function, caller)

    def _execution(self, name: str, args: ViewsArgs) -> Execution:
        return Execution(
            self,
            name,
            PART,
            partial(
                roles.views_role,
                renditions=args.renditions,
                tracing=args.tracing,
                in_vpc=args.vpc is not None,
                prefixes=args.prefixes,
            ),
            args.log_retention_days,
            permissions_boundary=args.permissions_boundary,
            write=to_json,
            source_arn=args.source.arn,
            destination_arn=args.destination.arn,
            key_arn=args.kms_key_arn,
            format_queue_arn=args.format_queue_arn,
        )
