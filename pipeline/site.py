"""The upload page behind the CDN: its files in a bucket that only the CDN reads."""

import json
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pulumi
from pulumi_aws import s3

from pipeline import page
from pipeline.auth import Auth
from pipeline.buckets import SecureBucket
from pipeline.cdn import Cdn
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
    """The page's bucket, the CDN that reads it, and the stack's facts that the page needs."""

    bucket: SecureBucket
    cdn: Cdn
    upload_endpoint: pulumi.Input[str]
    uploads: str
    prefix: str
    max_upload_bytes: int
    auth: Auth | None


class Site(Component):
    """The files of ``web/`` and a ``config.json``, which readers revalidate at each visit."""

    def __init__(self, name: str, args: SiteArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:site:Site", name, opts)
        self._base, self._bucket = name, args.bucket
        args.bucket.set_policy(self, bucket_policies.site, args.cdn.arn)
        for file in page.files():
            self._object(file.name, CONTENT_TYPES[file.suffix], source=pulumi.FileAsset(str(file)))
        config = partial(
            page.config,
            uploads=args.uploads,
            prefix=args.prefix,
            max_upload_bytes=args.max_upload_bytes,
            sign_in=args.auth is not None,
        )
        urls = pulumi.Output.all(upload_endpoint=args.upload_endpoint, delivery_url=args.cdn.url)
        content = urls.apply(lambda urls: json.dumps(config(**urls)))
        self._object(page.CONFIG, "application/json", content=content)
        self.register_outputs({})

    def _object(self, key: str, content_type: str, **body: Any) -> None:
        s3.BucketObjectv2(
            resource_name(self._base, f"site-{key.replace('.', '-')}"),
            bucket=self._bucket.name,
            key=key,
            content_type=content_type,
            cache_control="no-cache",
            tags=tags(),
            opts=self.child,
            **body,
        )
