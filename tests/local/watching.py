"""Watches ``bench aws`` for its tests: the calls that it makes, and the resources it leaves."""

import os
import signal
from dataclasses import dataclass, field
from typing import Any

from bench.aws import command as bench_aws
from ops.stack import Stack
from pipeline.bundle import Target

HERE = Target.host().machine
OTHER = "arm64" if HERE == "x86_64" else "x86_64"
READS = ("Get", "List", "Head", "Describe", "Filter")
TARGETS = ("FunctionName", "RoleName", "Bucket", "logGroupName")
"""Parameters that name what a call is about."""

SMALL = {"memory": (512,), "batch": (1,), "samples": 1}


@dataclass
class Watched:
    """A stack that remembers each call to AWS, and may send a signal around one of them."""

    aws: Any
    place: int = 0
    after: bool = False
    number: int = signal.SIGINT
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    sent: bool = False

    @property
    def stack(self) -> Stack:
        return Stack(outputs=self.aws.outputs, client=self.client)

    def client(self, service, **how):
        client = self.aws.client(service, **how)
        events = client.meta.events
        events.register("provide-client-params.*.*", self._note)
        events.register("before-call.*.*", self._interrupt)
        events.register("after-call.*.*", self._interrupt)
        return client

    def _note(self, params, model, **_more):
        self.calls.append((model.name, dict(params)))

    def _interrupt(self, event_name, **_more):
        is_it = len(self.calls) == self.place and event_name.startswith("after") == self.after
        if is_it and not self.sent:
            self.sent = True
            os.kill(os.getpid(), self.number)


def left(aws) -> set[str]:
    """Return the names of everything in AWS that a clone may have left."""
    names = {bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]}
    for service, listing, key, name in (
        ("iam", "list_roles", "Roles", "RoleName"),
        ("lambda", "list_functions", "Functions", "FunctionName"),
        ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ):
        pages = aws.client(service).get_paginator(listing).paginate()
        names |= {item[name] for page in pages for item in page[key]}
    return {name for name in names if "-bench-" in name}


def live(aws) -> Any:
    """Return all that is known of the live stack's parts which a sweep might touch."""
    aws.wait_until_drained()
    lambda_, name = aws.client("lambda"), aws.outputs["functionName"]
    function = lambda_.get_function(FunctionName=name)
    role = function["Configuration"]["Role"].rpartition("/")[2]
    iam, s3, logs = aws.client("iam"), aws.client("s3"), aws.client("logs")
    buckets = [aws.outputs["sourceBucket"], aws.outputs["destinationBucket"]]
    policies = iam.list_role_policies(RoleName=role)["PolicyNames"]
    mappings = lambda_.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    notifications = [s3.get_bucket_notification_configuration(Bucket=each) for each in buckets]
    return [
        function["Configuration"],
        function["Tags"],
        lambda_.list_versions_by_function(FunctionName=name)["Versions"],
        [{**each, "LastProcessingResult": ""} for each in mappings],
        [iam.get_role_policy(RoleName=role, PolicyName=p)["PolicyDocument"] for p in policies],
        [each.get("QueueConfigurations") for each in notifications],
        [s3.list_object_versions(Bucket=bucket).get("Versions", []) for bucket in buckets],
        logs.describe_log_streams(logGroupName=aws.outputs["logGroup"])["logStreams"],
    ]


def measure(stack, workload, **options):
    return bench_aws.measure(stack, workload, bench_aws.Options(**{**SMALL, **options}))
