"""The arguments of the component, as the SDK's analyzer reads them: it derives the schema.

An argument is a setting of ``pipeline.settings.Settings`` under the same name, with the description
that Pulumi.yaml has of it; a test holds them together. Arguments that a program may know only while
it runs are ``pulumi.Input``; all others decide which resources there are, so they are plain.
"""

from enum import StrEnum
from typing import NotRequired, TypedDict

import pulumi

from function.contract import DuplicateSearch, Publish
from function.engine.renditions import Encoders, Fit, Hdr, OutputFormat, Position, Quality


class Architecture(StrEnum):
    """Processor of the Lambda function."""

    ARM64 = "arm64"
    """Graviton, the cheaper one."""
    X86_64 = "x86_64"
    """Intel and AMD."""


class Runtime(StrEnum):
    """Lambda runtime of the function."""

    PYTHON3_12 = "python3.12"
    """Python 3.12."""
    PYTHON3_13 = "python3.13"
    """Python 3.13."""
    PYTHON3_14 = "python3.14"
    """Python 3.14."""


class UploadAccess(StrEnum):
    """Kinds of access for uploaders."""

    PUBLIC = "public"
    """Anyone may PUT under the prefix."""
    PRESIGNED = "presigned"
    """Only with a signature, which a small function gives out."""
    PRIVATE = "private"
    """Only principals whose policy lets them write to the bucket."""


class DeliveryMode(StrEnum):
    """How readers get renditions."""

    PUBLIC = "public"
    """Anyone may GET from the bucket."""
    CDN = "cdn"
    """CloudFront alone may."""


class PriceClass(StrEnum):
    """Where CloudFront answers."""

    PRICE_CLASS_100 = "PriceClass_100"
    """North America and Europe."""
    PRICE_CLASS_200 = "PriceClass_200"
    """Asia, Africa and the Middle East too."""
    PRICE_CLASS_ALL = "PriceClass_All"
    """Everywhere."""


class Encryption(StrEnum):
    """Key that encrypts the buckets."""

    S3 = "s3"
    """Keys that S3 manages."""
    KMS = "kms"
    """A KMS key that the pipeline creates, or ``kms_key_arn``."""


class MonitoringLevel(StrEnum):
    """How much is watched."""

    OFF = "off"
    """No alarm."""
    LEAN = "lean"
    """Three alarms that tell of lost uploads."""
    FULL = "full"
    """All alarms, metrics and a dashboard."""


class Rendition(TypedDict):
    """One standard size that every upload is resized to."""

    name: str
    """Part of the key, u1/beach.jpg/<name>.jpg: 1 to 32 of a-z, 0-9, - and _."""
    width: int
    """Width of the box, in pixels."""
    height: int
    """Height of the box, in pixels."""
    fit: NotRequired[Fit]
    """How an image fills the box; default inside."""
    formats: NotRequired[list[OutputFormat]]
    """Formats that it is encoded in, one object each; default jpeg and webp."""
    quality: NotRequired[int]
    """Quality of the encoder, 1 to 100; default 80."""
    quality_target: NotRequired[int]
    """Score to reach, in place of quality: 65 to 90, which means the same in every format; docs/engine.md."""
    position: NotRequired[Position]
    """Region that cover keeps; default centre."""
    enlarge: NotRequired[bool]
    """Enlarge a smaller upload to the box; default false."""
    animated: NotRequired[bool]
    """Animate the WebP of an animated GIF or WebP too; default false."""
    lazy: NotRequired[bool]
    """Make it when it is first viewed, not at upload; default false."""
    lazy_formats: NotRequired[list[OutputFormat]]
    """Further formats, avif or webp, each made in the background once a reader asks for it; default none."""


class Auth(TypedDict):
    """The OpenID Connect issuer whose tokens let users upload."""

    issuer: str
    """The issuer, exactly as tokens have it in iss."""
    audience: str
    """The audience, exactly as tokens have it in aud."""


class Pollers(TypedDict):
    """Fewest and most event pollers of SQS provisioned mode."""

    min: int
    """Fewest event pollers, 2 to 200."""
    max: int
    """Most event pollers, 2 to 2000."""


class Vpc(TypedDict):
    """Where the functions run, all in one VPC."""

    subnets: pulumi.Input[list[pulumi.Input[str]]]
    """Ids of 1 to 16 subnets."""
    security_groups: pulumi.Input[list[pulumi.Input[str]]]
    """Ids of 1 to 5 security groups."""


class ImagePipelineArgs(TypedDict, total=False):
    """The settings of one pipeline."""

    memory: int
    """Lambda memory in MB, which also sets its share of CPU (1769 MB is one vCPU). Default: 1024."""
    timeout: int
    """Seconds one batch may take; the queue's visibility timeout is six times this. Default: 60."""
    architecture: Architecture
    """arm64 or x86_64. Default: arm64."""
    runtime: Runtime
    """python3.12, python3.13 or python3.14. Default: python3.13."""
    batch_size: int
    """Most uploads that one invocation takes, 1 to 10. Default: 4."""
    max_concurrency: int
    """Most invocations at one time, 2 to 1000; 0 leaves the account's own limit. Default: 10."""
    backfill_concurrency: int
    """Most invocations at one time for a backfill, 2 to 1000, on top of maxConcurrency; as many more for lazy formats. Default: 2."""
    batch_operations_concurrency: int
    """Reserved concurrency of a second function, for S3 Batch Operations; 0 for none. Default: 0."""
    view_concurrency: int
    """Reserved concurrency of the function that makes lazy renditions on first view, 1 to 1000; a stack without such renditions has none. Default: 10."""
    uploads: UploadAccess
    """public (anyone may PUT under the prefix), presigned (only with a signature) or private (only who may write to the bucket by a policy). Default: public."""
    prefix: str
    """Start of the keys of uploads in the source bucket, which ends with /; docs/adopt.md before you change it. Default: uploads/."""
    former_prefixes: list[str]
    """Prefixes that the stack had before, whose uploads it keeps; docs/adopt.md."""
    source_bucket: pulumi.Input[str]
    """A bucket that the account has, by name or ARN, for the uploads; if empty, the stack creates one; docs/adopt.md."""
    destination_bucket: pulumi.Input[str]
    """A bucket that the account has, by name or ARN, for the renditions; if empty, the stack creates one; docs/adopt.md."""
    quota_per_hour: int
    """Uploads that each signed-in user may begin in an hour, with auth; 0 for no bound. Default: 0."""
    quota_bytes_per_day: int
    """Bytes that each signed-in user may upload in a day (UTC), with auth, at least those of maxUploadMb; 0 for no bound. Default: 0."""
    delivery: DeliveryMode
    """public (anyone may GET from the bucket) or cdn (CloudFront alone may). Default: public."""
    site: bool
    """Serve the upload page by CloudFront as well. Default: false."""
    domain: str
    """Your own name for the CDN, such as photos.example.com; empty for CloudFront's."""
    certificate_arn: pulumi.Input[str]
    """ACM certificate of the domain, in us-east-1."""
    hosted_zone_id: pulumi.Input[str]
    """Route 53 zone that gets the domain's records; empty to point it there yourself."""
    price_class: PriceClass
    """Where CloudFront answers, PriceClass_100 (North America, Europe), _200 or _All. Default: PriceClass_All."""
    waf_requests_per_minute: int
    """Requests to the CDN, and through it to the signer, that one address may send in a minute, by AWS WAF, 10 or more; 0 for no AWS WAF. Default: 0."""
    encryption: Encryption
    """s3 (S3-managed keys) or kms (a KMS key that the stack creates, or kmsKeyArn); docs/deploy.md before you go from kms to s3. Default: s3."""
    kms_key_arn: pulumi.Input[str]
    """A KMS key that the account has, in place of one that the stack creates, with encryption kms; docs/adopt.md."""
    quality: Quality
    """fast, or best (LANCZOS throughout, chroma at full size). Default: fast."""
    native_decoder: bool
    """Decode JPEG, PNG and WebP by our own decoders; false for Pillow's. Default: true."""
    hdr: Hdr
    """keep (JPEG renditions of an Ultra HDR JPEG have its gain map) or drop (they are ordinary pictures). Default: keep."""
    encoders: Encoders
    """current, smaller (AVIF takes 3.5 times the CPU time for 8 % fewer bytes) or v0.1 (JPEG and AVIF are encoded as release 0.1.0 did). Default: current."""
    background: str
    """Colour (#rrggbb) behind transparent pixels where a format keeps no alpha. Default: #ffffff."""
    duplicates: DuplicateSearch
    """off, exact (the same bytes are copied, not rendered) or near (look-alikes are named too). Default: off."""
    publish: Publish
    """at-once, or held (nothing of an upload can be seen before a moderator has approved it); docs/moderation.md. Default: at-once."""
    moderator: pulumi.Input[str]
    """ARN of an SQS queue, an SNS topic or a Lambda function that held uploads are sent to; empty for none; docs/moderation.md."""
    max_upload_mb: int
    """Larger uploads are rejected before they are fetched. Default: 25."""
    max_megapixels: int
    """Larger images are rejected from their header; 0 means the largest image that fits in `memory`. Default: 0."""
    log_retention_days: int
    """Days that logs are kept, those of the functions, of the CDN and of accessLog. Default: 30."""
    old_version_days: int
    """Days that an overwritten or deleted upload can still be brought back. Default: 30."""
    rejected_upload_days: int
    """Days after which an upload that was rejected expires, counted from its upload; 0 keeps it. Default: 0."""
    access_log: bool
    """Have S3 log all requests to the source bucket; false deletes the log, see docs/retention.md. Default: false."""
    allowed_origins: list[str]
    """Web origins whose pages may upload and read (CORS). Default: *."""
    alarm_topic_arn: pulumi.Input[str]
    """An SNS topic that the account has, for the alarms; if empty, the stack creates one; docs/adopt.md."""
    alarm_email: pulumi.Input[str]
    """Address that gets mail when an alarm fires; empty for none."""
    monthly_budget_usd: int
    """Mail at 80 % of this much a month (needs the cost allocation tag Stack); 0 for none. Default: 0."""
    monitoring: MonitoringLevel
    """full (a dashboard, all alarms and metrics), lean (three alarms that tell of lost uploads) or off. Default: full."""
    tracing: bool
    """Trace a sample of invocations by X-Ray. Default: true."""
    eventbridge: bool
    """Send the destination bucket's events to EventBridge, for apps to subscribe. Default: false."""
    permissions_boundary: pulumi.Input[str]
    """A managed policy that bounds what the stack's roles may do; empty for none; docs/adopt.md."""
    protect: bool
    """Have Pulumi refuse to delete the buckets and the key. Default: false."""
    renditions: list[Rendition]
    """Renditions of each upload; four sizes without it: large, medium, small and thumb."""
    negotiate: list[OutputFormat]
    """Those of avif and webp that a URL of the CDN without an extension may give besides JPEG and PNG; by default the ones that each of the renditions has."""
    auth: Auth
    """Identity provider whose users may upload, by OpenID Connect, such as Cognito or Auth0; needs uploads: presigned."""
    pollers: Pollers
    """Fewest and most event pollers of SQS provisioned mode; needs maxConcurrency: 0."""
    storage_classes: dict[str, int]
    """Days after which uploads are moved to a cheaper storage class: STANDARD_IA, INTELLIGENT_TIERING or GLACIER_IR."""
    vpc: Vpc
    """Subnets and security groups that the functions run in; docs/adopt.md."""
    tags: dict[str, str]
    """Tags on everything that AWS can tag, beside Project, Stack and ManagedBy."""
