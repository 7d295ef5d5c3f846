"""The whole pipeline: composes the parts and holds no resource of its own."""

import pulumi

from function.contract import DuplicateSearch
from pipeline import sizes
from pipeline.access_log import AccessLog, AccessLogArgs
from pipeline.alarms import Alarms, AlarmsArgs
from pipeline.announcements import Announcements, AnnouncementsArgs
from pipeline.buckets import SecureBucket, SecureBucketArgs
from pipeline.bundle import Bundle, BundleError, Target, build
from pipeline.cdn import Cdn, CdnArgs
from pipeline.delivery import Delivery, DeliveryArgs
from pipeline.duplicates import DuplicateIndex
from pipeline.encryption import EncryptionKey
from pipeline.guard import Guard
from pipeline.identity import Identity
from pipeline.ingest import Ingest, IngestArgs
from pipeline.monitoring import Monitoring, MonitoringArgs
from pipeline.queues import UploadQueue, UploadQueueArgs
from pipeline.resizer import Resizer, ResizerArgs
from pipeline.settings import Settings
from pipeline.site import Site, SiteArgs
from pipeline.uploads import Uploads, UploadsArgs


class ImagePipeline(pulumi.ComponentResource):
    """Uploads in, renditions out: source bucket → queue → function → destination bucket.

    Args:
        name: what all resources are named after, e.g. ``image-pipeline-dev``.
        settings: what this stack is to be.

    Raises:
        pulumi.RunError: the bundle cannot be built, or AWS's limits leave no room for so many
            renditions; one sentence, before any resource is made.
    """

    source_bucket: pulumi.Output[str]
    destination_bucket: pulumi.Output[str]
    queue_url: pulumi.Output[str]
    dead_letter_queue_url: pulumi.Output[str]
    function_name: pulumi.Output[str]
    log_group: pulumi.Output[str]
    upload_endpoint: pulumi.Output[str]
    delivery_url: pulumi.Output[str]
    site_url: pulumi.Output[str] | None
    dashboard_url: pulumi.Output[str]

    def __init__(
        self, name: str, settings: Settings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        sizes.check(name, settings)
        bundle = _bundle(settings)
        guard = Guard()
        guarded = pulumi.ResourceOptions.merge(opts, guard.options())
        super().__init__("image-pipeline:index:ImagePipeline", name, None, guarded)
        child = pulumi.ResourceOptions(parent=self)
        identity = Identity.current(pulumi.InvokeOutputOptions(parent=self))
        key = None
        if settings.encryption == "kms":
            key = EncryptionKey(name, identity, child, protect=settings.protect)
        source = SecureBucket(
            f"{name}-source",
            SecureBucketArgs(
                base=name,
                part="source",
                public_policy=settings.uploads == "public",
                versioned=True,
                methods=["PUT", "POST"],
                allowed_origins=settings.allowed_origins,
                kms_key_arn=key.arn if key else None,
                protect=settings.protect,
            ),
            child,
        )
        destination = SecureBucket(
            f"{name}-destination",
            SecureBucketArgs(
                base=name,
                part="destination",
                public_policy=settings.delivery == "public",
                versioned=False,
                methods=["GET", "HEAD"],
                allowed_origins=settings.allowed_origins,
                kms_key_arn=key.arn if key else None,
                protect=settings.protect,
            ),
            child,
        )
        queue = UploadQueue(
            name, UploadQueueArgs(visibility_timeout=settings.visibility_timeout), child
        )
        Ingest(name, IngestArgs(source=source, queue=queue, identity=identity), child)
        uploads = Uploads(
            name,
            UploadsArgs(settings=settings, source=source, kms_key_arn=key.arn if key else ""),
            child,
        )
        page = _page_bucket(name, child) if settings.site else None
        cdn = None
        if settings.delivery == "cdn":
            cdn = Cdn(
                name,
                CdnArgs(
                    settings=settings,
                    destination=destination,
                    site=page,
                    upload_urls=[uploads.endpoint, uploads.bucket_url],
                ),
                child,
            )
            AccessLog(
                name,
                AccessLogArgs(
                    distribution_arn=cdn.arn,
                    identity=identity,
                    retention_days=settings.log_retention_days,
                ),
                child,
            )
        delivery = Delivery(
            name,
            DeliveryArgs(settings=settings, destination=destination, identity=identity, cdn=cdn),
            child,
        )
        if cdn and page:
            Site(
                name,
                SiteArgs(
                    settings=settings,
                    bucket=page,
                    distribution_arn=cdn.arn,
                    delivery_url=cdn.url,
                    upload_endpoint=uploads.endpoint,
                ),
                child,
            )
        if settings.eventbridge:
            Announcements(name, AnnouncementsArgs(destination=destination), child)
        index = DuplicateIndex(name, child) if settings.duplicates != DuplicateSearch.OFF else None
        resizer = Resizer(
            name,
            ResizerArgs(
                settings=settings,
                bundle=bundle,
                source=source,
                destination=destination,
                queue=queue,
                delivery_url=delivery.url,
                kms_key_arn=key.arn if key else "",
                index=index,
            ),
            child,
        )
        monitoring = Monitoring(
            name,
            MonitoringArgs(settings=settings, queue=queue, resizer=resizer, identity=identity),
            child,
        )
        Alarms(
            name,
            AlarmsArgs(
                settings=settings,
                queue=queue,
                resizer=resizer,
                signer_name=uploads.signer_name,
                identity=identity,
            ),
            child,
        )
        self.source_bucket, self.destination_bucket = source.name, destination.name
        self.queue_url, self.dead_letter_queue_url = queue.url, queue.dead_letter_url
        self.function_name, self.log_group = resizer.function_name, resizer.log_group
        self.upload_endpoint, self.delivery_url = uploads.endpoint, delivery.url
        self.site_url = pulumi.Output.concat(cdn.url, "/") if cdn and page else None
        self.dashboard_url = monitoring.dashboard_url
        guard.finish()
        self.register_outputs({name: getattr(self, name) for name in ImagePipeline.__annotations__})


def _page_bucket(name: str, opts: pulumi.ResourceOptions) -> SecureBucket:
    args = SecureBucketArgs(base=name, part="site", public_policy=False, versioned=False)
    return SecureBucket(f"{name}-site", args, opts)


def _bundle(settings: Settings) -> Bundle:
    try:
        bundle = build(Target.for_lambda(settings.runtime, settings.architecture))
    except BundleError as error:
        raise pulumi.RunError(str(error)) from error
    for warning in bundle.warnings:
        pulumi.log.warn(warning)
    return bundle
