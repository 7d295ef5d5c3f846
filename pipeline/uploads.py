"""How uploads come in: the source bucket's policy, and the endpoint that uploaders use."""

import json
from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from pipeline.buckets import SecureBucket
from pipeline.component import Component, Options
from pipeline.naming import resource_name
from pipeline.permissions import bucket_policies
from pipeline.signer import Signer, SignerArgs


@dataclass(frozen=True, kw_only=True)
class UploadsArgs:
    """The source bucket with its URL, and the signer of forms; None lets anyone upload."""

    source: SecureBucket
    bucket_url: pulumi.Output[str]
    signer: SignerArgs | None


class Uploads(Component):
    """Uploads under ``uploads/``, by anyone or by those with a form that the signer signed.

    ``endpoint`` is the bucket's URL, or the signer's; ``signer_name`` is empty if there is none.
    """

    endpoint: pulumi.Output[str]
    signer_name: pulumi.Output[str]

    def __init__(self, name: str, args: UploadsArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:uploads:Uploads", name, opts)
        public = args.signer is None
        s3.BucketPolicy(
            resource_name(name, "source"),
            bucket=args.source.name,
            policy=args.source.arn.apply(
                lambda arn: json.dumps(bucket_policies.source(arn, public=public))
            ),
            opts=self.after(args.source.public_access_block),
        )
        self.endpoint, self.signer_name = args.bucket_url, pulumi.Output.from_input("")
        if args.signer:
            signer = Signer(name, args.signer, self.child)
            self.endpoint, self.signer_name = signer.url, signer.function_name
        self.register_outputs({"endpoint": self.endpoint})
