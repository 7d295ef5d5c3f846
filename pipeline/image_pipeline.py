"""The whole pipeline: composes the parts and holds no resource of its own."""

import pulumi

from pipeline.alarms import Alarms, AlarmsArgs
from pipeline.buckets import SecureBucket, SecureBucketArgs
from pipeline.bundle import Bundle, BundleError, Target, build
from pipeline.delivery import Delivery, DeliveryArgs
from pipeline.duplicates import DuplicateIndex
from pipeline.encryption import EncryptionKey
from pipeline.identity import Identity
from pipeline.ingest import Ingest, IngestArgs
from pipeline.monitoring import Monitoring, MonitoringArgs
from pipeline.queues import UploadQueue, UploadQueueArgs
from pipeline.resizer import Resizer, ResizerArgs
from pipeline.settings import Settings
from pipeline.uploads import Uploads, UploadsArgs


class ImagePipeline(pulumi.ComponentResource):
    """Uploads in, renditions out: source bucket → queue → function → destination bucket.

    Args:
        name: what all resources are named after, e.g. ``image-pipeline-dev``.
        settings: what this stack is to be.

    Raises:
        pulumi.RunError: the bundle cannot be built; one sentence, before any resource is made.
    """

    source_bucket: pulumi.Output[str]
    destination_bucket: pulumi.Output[str]
    queue_url: pulumi.Output[str]
    dead_letter_queue_url: pulumi.Output[str]
    function_name: pulumi.Output[str]
    log_group: pulumi.Output[str]
    upload_endpoint: pulumi.Output[str]
    delivery_url: pulumi.Output[str]
    dashboard_url: pulumi.Output[str]

    def __init__(
        self, name: str, settings: Settings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        bundle = _bundle(settings)
        super().__init__("image-pipeline:index:ImagePipeline", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        identity = Identity.current(pulumi.InvokeOutputOptions(parent=self))
        key = EncryptionKey(name, identity, child) if settings.encryption == "kms" else None
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
            ),
            child,
        )
        queue = UploadQueue(
            name, UploadQueueArgs(visibility_timeout=settings.visibility_timeout), child
        )
        Ingest(name, IngestArgs(source=source, queue=queue, identity=identity), child)
        uploads = Uploads(name, UploadsArgs(settings=settings, source=source), child)
        delivery = Delivery(
            name,
            DeliveryArgs(settings=settings, destination=destination, identity=identity),
            child,
        )
        index = DuplicateIndex(name, child) if settings.duplicates != "off" else None
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
            name, MonitoringArgs(queue=queue, resizer=resizer, identity=identity), child
        )
        Alarms(
            name,
            AlarmsArgs(settings=settings, queue=queue, resizer=resizer, identity=identity),
            child,
        )
        self.source_bucket, self.destination_bucket = source.name, destination.name
        self.queue_url, self.dead_letter_queue_url = queue.url, queue.dead_letter_url
        self.function_name, self.log_group = resizer.function_name, resizer.log_group
        self.upload_endpoint, self.delivery_url = uploads.endpoint, delivery.url
        self.dashboard_url = monitoring.dashboard_url
        self.register_outputs({"upload_endpoint": self.upload_endpoint})


def _bundle(settings: Settings) -> Bundle:
    try:
        bundle = build(Target.for_lambda(settings.runtime, settings.architecture))
    except BundleError as error:
        raise pulumi.RunError(str(error)) from error
    for warning in bundle.warnings:
        pulumi.log.warn(warning)
    return bundle
