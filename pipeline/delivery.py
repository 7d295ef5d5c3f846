"""Read access to the destination bucket: its policy admits the CDN alone, or everyone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pulumi

from function.engine.renditions import Rendition
from pipeline.adopted_bucket import AdoptedBucket
from pipeline.buckets import Bucket
from pipeline.cdn import Cdn
from pipeline.component import Component, Options, policy_of
from pipeline.identity import Identity
from pipeline.permissions import bucket_policies
from pipeline.permissions.documents import to_json


@dataclass(frozen=True, kw_only=True)
class DeliveryArgs:
    """The destination bucket, its public objects, and the CDN; if given, only the CDN may read.

    ``s3_endpoint`` is empty for Amazon's S3.
    """

    destination: Bucket
    renditions: Sequence[Rendition]
    s3_endpoint: str
    identity: Identity
    cdn: Cdn | None


class Delivery(Component):
    """Readers get renditions and manifests from the bucket itself, or from CloudFront alone.

    ``policy`` is what the owner of an adopted bucket has to add to its policy for that; None for a
    bucket whose policy the pipeline sets.
    """

    url: pulumi.Output[str]
    policy: pulumi.Output[str] | None

    def __init__(self, name: str, args: DeliveryArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:delivery:Delivery", name, opts)
        policy = partial(bucket_policies.destination, renditions=args.renditions)
        cdn_arn = args.cdn.arn if args.cdn else ""
        account = args.identity.account_id
        args.destination.set_policy(self, policy, account, cdn_arn, write=to_json)
        self.policy = None
        if isinstance(args.destination, AdoptedBucket):
            readers = partial(bucket_policies.readers, renditions=args.renditions)
            self.policy = policy_of(readers, args.destination.arn, cdn_arn, write=to_json)
        self.url = args.cdn.url if args.cdn else args.destination.url(args.s3_endpoint)
        self.register_outputs({"url": self.url})
