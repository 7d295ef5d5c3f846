"""The upload page behind the CDN: its files in a bucket that only the CDN reads."""

import json
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import s3

from pipeline import page
from pipeline.buckets import SecureBucket
from pipeline.component import Component, Options
from pipeline.naming import resource_name, tags
from pipeline.permissions import bucket_policies

CONTENT_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
"""By suffix."""


@dataclass(frozen=True, kw_only=True)
class SiteArgs:
    """The page's bucket, the CDN that reads it, and what the page is told of the stack."""

    bucket: SecureBucket
    distribution_arn: pulumi.Input[str]
    delivery_url: pulumi.Input[str]
    upload_endpoint: pulumi.Input[str]
    uploads: str
    max_upload_bytes: int


class Site(Component):
    """The files of ``web/`` and a ``config.json``, which readers revalidate at each visit."""

    def __init__(self, name: str, args: SiteArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:site:Site", name, opts)
        self._base, self._bucket = name, args.bucket
        s3.BucketPolicy(
            resource_name(name, "site"),
            bucket=args.bucket.name,
            policy=pulumi.Output.all(args.bucket.arn, args.distribution_arn).apply(
                lambda arns: json.dumps(bucket_policies.site(*arns))
            ),
            opts=self.after(args.bucket.public_access_block),
        )
        for file in page.files():
            self._object(file.name, CONTENT_TYPES[file.suffix], source=pulumi.FileAsset(str(file)))
        content = pulumi.Output.all(args.upload_endpoint, args.delivery_url).apply(
            lambda urls: _config(args, *urls)
        )
        self._object(page.CONFIG, "application/json", content=content)
        self.register_outputs({})

    def _object(
        self,
        key: str,
        content_type: str,
        *,
        source: pulumi.FileAsset | None = None,
        content: pulumi.Output[str] | None = None,
    ) -> None:
        s3.BucketObjectv2(
            resource_name(self._base, f"site-{key.replace('.', '-')}"),
            bucket=self._bucket.name,
            key=key,
            source=source,
            content=content,
            content_type=content_type,
            cache_control="no-cache",
            tags=tags(),
            opts=self.child,
        )


def _config(args: SiteArgs, upload_endpoint: str, delivery_url: str) -> str:
    return json.dumps(
        page.config(
            uploads=args.uploads,
            max_upload_bytes=args.max_upload_bytes,
            upload_endpoint=upload_endpoint,
            delivery_url=delivery_url,
        )
    )
