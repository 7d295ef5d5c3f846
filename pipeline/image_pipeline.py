"""The whole pipeline: composes the parts and holds no resource of its own."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pulumi

from function.contract import DuplicateSearch
from pipeline import alarm_definitions, sizes
from pipeline.access_log import AccessLog, AccessLogArgs
from pipeline.alarms import Alarms, AlarmsArgs
from pipeline.announcements import Announcements, AnnouncementsArgs
from pipeline.buckets import SecureBucket, SecureBucketArgs
from pipeline.bundle import Bundle, BundleError, Target, build
from pipeline.cdn import Cdn, CdnArgs
from pipeline.component import Component, Options
from pipeline.delivery import Delivery, DeliveryArgs
from pipeline.duplicates import DuplicateIndex, DuplicateIndexArgs
from pipeline.encryption import EncryptionKey, EncryptionKeyArgs
from pipeline.environment import environment_variables
from pipeline.guard import Guard
from pipeline.identity import Identity
from pipeline.ingest import Ingest, IngestArgs
from pipeline.monitoring import Monitoring, MonitoringArgs
from pipeline.naming import resource_name
from pipeline.queues import UploadQueue, UploadQueueArgs
from pipeline.resizer import Resizer, ResizerArgs
from pipeline.settings import Settings
from pipeline.signer import SignerArgs
from pipeline.site import Site, SiteArgs
from pipeline.uploads import Uploads, UploadsArgs

Args = TypeVar("Args")
Part = TypeVar("Part")


class ImagePipeline(Component):
    """Uploads in, renditions out: source bucket → queue → function → destination bucket.

    Args:
        name: start of all resources' names, e.g. ``image-pipeline-dev``.
        args: the stack's settings.

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

    def __init__(self, name: str, args: Settings, opts: Options = None) -> None:
        sizes.check(name, args)
        bundle = _bundle(args)
        guard = Guard()
        guarded = pulumi.ResourceOptions.merge(opts, guard.options())
        super().__init__("image-pipeline:index:ImagePipeline", name, guarded)
        self._base, self._settings = name, args
        self._identity = Identity.current(pulumi.InvokeOutputOptions(parent=self))
        self._key_arn = self._key()
        self._source, self._destination = self._buckets()
        queue, uploads = self._way_in()
        self._way_out(uploads)
        resizer = self._function(bundle, queue)
        self._watch(queue, resizer, uploads)
        guard.finish()
        self.register_outputs({name: getattr(self, name) for name in ImagePipeline.__annotations__})

    def _add(self, component: Callable[[str, Args, Options], Part], args: Args) -> Part:
        return component(self._base, args, self.child)

    def _bucket(self, part: str, args: SecureBucketArgs) -> SecureBucket:
        return SecureBucket(resource_name(self._base, part), args, self.child)

    def _key(self) -> pulumi.Input[str]:
        if self._settings.encryption != "kms":
            return ""
        args = EncryptionKeyArgs(identity=self._identity, protect=self._settings.protect)
        return self._add(EncryptionKey, args).arn

    def _buckets(self) -> tuple[SecureBucket, SecureBucket]:
        settings = self._settings
        common = SecureBucketArgs(
            allowed_origins=settings.allowed_origins,
            kms_key_arn=self._key_arn,
            protect=settings.protect,
        )
        public_in, public_out = settings.uploads == "public", settings.delivery == "public"
        source = self._bucket(
            "source",
            replace(common, public_policy=public_in, methods=["PUT", "POST"], versioned=True),
        )
        destination = self._bucket(
            "destination", replace(common, public_policy=public_out, methods=["GET", "HEAD"])
        )
        self.source_bucket, self.destination_bucket = source.name, destination.name
        return source, destination

    def _way_in(self) -> tuple[UploadQueue, Uploads]:
        settings, source = self._settings, self._source
        timeout = UploadQueueArgs(visibility_timeout=settings.visibility_timeout)
        queue = self._add(UploadQueue, timeout)
        self._add(Ingest, IngestArgs(source=source, queue=queue, identity=self._identity))
        url = source.url(settings.s3_endpoint)
        signer = None
        if settings.uploads == "presigned":
            signer = SignerArgs(
                source=source,
                upload_url=url,
                kms_key_arn=self._key_arn,
                max_upload_bytes=settings.max_upload_bytes,
                allowed_origins=settings.allowed_origins,
                runtime=settings.runtime,
                architecture=settings.architecture,
                log_retention_days=settings.log_retention_days,
            )
        uploads = self._add(Uploads, UploadsArgs(source=source, bucket_url=url, signer=signer))
        self.queue_url, self.dead_letter_queue_url = queue.url, queue.dead_letter_url
        self.upload_endpoint = uploads.endpoint
        return queue, uploads

    def _way_out(self, uploads: Uploads) -> None:
        settings = self._settings
        page = self._bucket("site", SecureBucketArgs()) if settings.site else None
        cdn = self._cdn(page, uploads) if settings.delivery == "cdn" else None
        delivery = DeliveryArgs(
            destination=self._destination,
            renditions=settings.renditions,
            s3_endpoint=settings.s3_endpoint,
            identity=self._identity,
            cdn=cdn,
        )
        self.delivery_url, self.site_url = self._add(Delivery, delivery).url, None
        if cdn and page:
            site = SiteArgs(
                bucket=page,
                distribution_arn=cdn.arn,
                delivery_url=cdn.url,
                upload_endpoint=uploads.endpoint,
                uploads=settings.uploads,
                max_upload_bytes=settings.max_upload_bytes,
            )
            self._add(Site, site)
            self.site_url = pulumi.Output.concat(cdn.url, "/")
        if settings.eventbridge:
            self._add(Announcements, AnnouncementsArgs(destination=self._destination))

    def _cdn(self, page: SecureBucket | None, uploads: Uploads) -> Cdn:
        settings = self._settings
        args = CdnArgs(
            destination=self._destination,
            renditions=settings.renditions,
            site=page,
            upload_urls=[uploads.endpoint, self._source.url(settings.s3_endpoint)],
            allowed_origins=settings.allowed_origins,
            price_class=settings.price_class,
            scheme=settings.cdn_scheme,
            domain=settings.domain,
            certificate_arn=settings.certificate_arn,
            hosted_zone_id=settings.hosted_zone_id,
        )
        cdn = self._add(Cdn, args)
        log = AccessLogArgs(
            distribution_arn=cdn.arn,
            identity=self._identity,
            retention_days=settings.log_retention_days,
        )
        self._add(AccessLog, log)
        return cdn

    def _function(self, bundle: Bundle, queue: UploadQueue) -> Resizer:
        settings = self._settings
        index = None
        if settings.duplicates != DuplicateSearch.OFF:
            index = self._add(DuplicateIndex, DuplicateIndexArgs())
        variables = pulumi.Output.all(
            self._destination.name, self.delivery_url, self._key_arn, index.name if index else ""
        ).apply(lambda values: environment_variables(settings, *values))
        args = ResizerArgs(
            bundle=bundle,
            variables=variables,
            source=self._source,
            destination=self._destination,
            queue=queue,
            kms_key_arn=self._key_arn,
            index=index,
            renditions=settings.renditions,
            runtime=settings.runtime,
            architecture=settings.architecture,
            memory=settings.memory,
            timeout=settings.timeout,
            batch_size=settings.batch_size,
            max_concurrency=settings.max_concurrency,
            tracing=settings.tracing,
            log_retention_days=settings.log_retention_days,
        )
        resizer = self._add(Resizer, args)
        self.function_name, self.log_group = resizer.function_name, resizer.log_group
        return resizer

    def _watch(self, queue: UploadQueue, resizer: Resizer, uploads: Uploads) -> None:
        settings = self._settings
        definitions = alarm_definitions.definitions(settings)
        monitoring = MonitoringArgs(
            alarms=definitions,
            max_concurrency=settings.max_concurrency,
            has_duplicates=settings.duplicates != DuplicateSearch.OFF,
            queue=queue,
            resizer=resizer,
            identity=self._identity,
        )
        self.dashboard_url = self._add(Monitoring, monitoring).dashboard_url
        alarms = AlarmsArgs(
            alarms=definitions,
            email=settings.alarm_email,
            monthly_budget_usd=settings.monthly_budget_usd,
            queue=queue,
            resizer=resizer,
            signer_name=uploads.signer_name,
            identity=self._identity,
        )
        self._add(Alarms, alarms)


def _bundle(settings: Settings) -> Bundle:
    try:
        bundle = build(Target.for_lambda(settings.runtime, settings.architecture))
    except BundleError as error:
        raise pulumi.RunError(str(error)) from error
    for warning in bundle.warnings:
        pulumi.log.warn(warning)
    return bundle
