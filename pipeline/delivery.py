"""How renditions go out: the destination bucket's policy, which lets in the CDN or everyone."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from pipeline.buckets import SecureBucket
from pipeline.cdn import Cdn
from pipeline.identity import Identity
from pipeline.naming import resource_name
from pipeline.permissions import bucket_policies
from pipeline.permissions.documents import to_json
from pipeline.settings import Settings
from pipeline.uploads import bucket_url


@dataclass(frozen=True, kw_only=True)
class DeliveryArgs:
    """The destination bucket, and who may read it: the CDN alone, if there is one."""

    settings: Settings
    destination: SecureBucket
    identity: Identity
    cdn: Cdn | None


class Delivery(pulumi.ComponentResource):
    """Readers get renditions and manifests from the bucket itself, or from CloudFront alone."""

    url: pulumi.Output[str]

    def __init__(
        self, name: str, args: DeliveryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("image-pipeline:delivery:Delivery", name, None, opts)
        s3.BucketPolicy(
            resource_name(name, "destination"),
            bucket=args.destination.name,
            policy=pulumi.Output.all(
                args.destination.arn,
                args.identity.account_id,
                args.cdn.arn if args.cdn else "",
            ).apply(
                lambda parts: to_json(
                    bucket_policies.destination(*parts, renditions=args.settings.renditions)
                )
            ),
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[args.destination.public_access_block]
            ),
        )
        self.url = args.cdn.url if args.cdn else bucket_url(args.destination, args.settings)
        self.register_outputs({"url": self.url})
