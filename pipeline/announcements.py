"""The destination bucket's events on the account's event bus, for apps to subscribe to."""

from dataclasses import dataclass

from pulumi_aws import s3

from pipeline.buckets import SecureBucket
from pipeline.component import Component, Options
from pipeline.naming import resource_name


@dataclass(frozen=True, kw_only=True)
class AnnouncementsArgs:
    """The bucket whose events are sent."""

    destination: SecureBucket


class Announcements(Component):
    """Sends every event of the destination bucket to EventBridge; docs/operate.md has a rule.

    S3 sends all events or none. An app selects the events that it wants by its own rule, which
    needs no permission from this stack.
    """

    def __init__(self, name: str, args: AnnouncementsArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:announcements:Announcements", name, opts)
        s3.BucketNotification(
            resource_name(name, "destination"),
            bucket=args.destination.name,
            eventbridge=True,
            opts=self.child,
        )
        self.register_outputs({})
