"""How uploads come in: the source bucket's policy, and the endpoint that uploaders use."""

import json
from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from pipeline.buckets import SecureBucket
from pipeline.naming import resource_name
from pipeline.permissions import bucket_policies
from pipeline.settings import Settings
from pipeline.signer import Signer, SignerArgs


@dataclass(frozen=True, kw_only=True)
class UploadsArgs:
    """The source bucket, and who may write to it.

    ``kms_key_arn`` is empty for S3-managed keys.
    """

    settings: Settings
    source: SecureBucket
    kms_key_arn: pulumi.Input[str]


class Uploads(pulumi.ComponentResource):
    """Public uploads under ``uploads/``, or none but those that carry a signature.

    ``endpoint`` is the bucket's URL, or the signer's; ``bucket_url`` is where files are sent;
    ``signer_name`` is empty where there is none.
    """

    endpoint: pulumi.Output[str]
    bucket_url: pulumi.Output[str]
    signer_name: pulumi.Input[str]

    def __init__(
        self, name: str, args: UploadsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("image-pipeline:uploads:Uploads", name, None, opts)
        public = args.settings.uploads == "public"
        s3.BucketPolicy(
            resource_name(name, "source"),
            bucket=args.source.name,
            policy=args.source.arn.apply(
                lambda arn: json.dumps(bucket_policies.source(arn, public=public))
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.source.public_access_block]),
        )
        self.bucket_url = bucket_url(args.source, args.settings)
        self.endpoint, self.signer_name = self.bucket_url, ""
        if not public:
            signer = self._signer(name, args)
            self.endpoint, self.signer_name = signer.url, signer.function_name
        self.register_outputs({"endpoint": self.endpoint})

    def _signer(self, name: str, args: UploadsArgs) -> Signer:
        return Signer(
            name,
            SignerArgs(
                settings=args.settings,
                source=args.source,
                upload_url=self.bucket_url,
                kms_key_arn=args.kms_key_arn,
            ),
            pulumi.ResourceOptions(parent=self),
        )


def bucket_url(bucket: SecureBucket, settings: Settings) -> pulumi.Output[str]:
    """URL of a bucket, without a slash at the end: put a key behind it."""
    if settings.s3_endpoint:
        return pulumi.Output.concat(settings.s3_endpoint, "/", bucket.name)
    return pulumi.Output.concat("https://", bucket.domain)
