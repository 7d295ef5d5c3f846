"""The way in: the source bucket's policy, and the endpoint that uploaders use."""

from dataclasses import dataclass
from functools import partial

import pulumi

from pipeline.buckets import Bucket
from pipeline.component import Component, Options
from pipeline.permissions import bucket_policies
from pipeline.signer import Signer, SignerArgs


@dataclass(frozen=True, kw_only=True)
class UploadsArgs:
    """The source bucket with its URL, who may upload where, and the signer of forms, if any.

    Nobody may upload under ``prefix`` until its keys are ``announced``.
    """

    source: Bucket
    announced: pulumi.Resource
    uploads: str
    prefix: str
    bucket_url: pulumi.Output[str]
    signer: SignerArgs | None


class Uploads(Component):
    """Uploads under ``prefix``: by anyone, with a signed form, or by principals with a policy.

    ``endpoint`` is the bucket's URL, or the signer's own; without one ``signer_name`` is empty.
    """

    endpoint: pulumi.Output[str]
    signer: Signer | None
    signer_name: pulumi.Output[str]

    def __init__(self, name: str, args: UploadsArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:uploads:Uploads", name, opts)
        policy = partial(
            bucket_policies.source, public=args.uploads == "public", prefix=args.prefix
        )
        args.source.set_policy(self, policy, after=[args.announced])
        self.endpoint, self.signer_name = args.bucket_url, pulumi.Output.from_input("")
        self.signer = Signer(name, args.signer, self.child) if args.signer else None
        if self.signer:
            self.endpoint, self.signer_name = self.signer.url, self.signer.function_name
        self.register_outputs({"endpoint": self.endpoint})
