"""The whole pipeline, composed of its components; this module creates no AWS resource itself."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

import pulumi

from function.contract import DuplicateSearch
from function.contract.keys import write_prefixes
from pipeline import (
    adopted,
    alarm_definitions,
    code,
    lifecycle,
    notices,
    renaming,
    signer,
    sizes,
    tagging,
)
from pipeline.access_log import AccessLog, AccessLogArgs
from pipeline.adopted_bucket import AdoptedBucket
from pipeline.alarms import Alarms, AlarmsArgs
from pipeline.announcements import Announcements, AnnouncementsArgs
from pipeline.batch_operations import BatchOperations, BatchOperationsArgs
from pipeline.buckets import Bucket, SecureBucket, SecureBucketArgs
from pipeline.cdn import Cdn, CdnArgs
from pipeline.component import Component, Options
from pipeline.delivery import Delivery, DeliveryArgs
from pipeline.duplicates import DuplicateIndex, DuplicateIndexArgs
from pipeline.encryption import EncryptionKey, EncryptionKeyArgs
from pipeline.environment import (
    environment_variables,
    signer_variables,
    view_variables,
    without_metrics,
)
from pipeline.firewall import Firewall, FirewallArgs
from pipeline.formats import Formats, FormatsArgs
from pipeline.guard import Guard
from pipeline.identity import Identity
from pipeline.ingest import Ingest, IngestArgs
from pipeline.monitoring import Monitoring, MonitoringArgs
from pipeline.naming import resource_name
from pipeline.queues import UploadQueue, UploadQueueArgs
from pipeline.quotas import UserQuotas, UserQuotasArgs
from pipeline.resizer import Resizer, ResizerArgs
from pipeline.settings import Settings
from pipeline.signer import SignerArgs
from pipeline.site import Site, SiteArgs
from pipeline.source_log import SourceLog, SourceLogArgs
from pipeline.uploads import Uploads, UploadsArgs
from pipeline.views import Views, ViewsArgs

Args = TypeVar("Args")
Part = TypeVar("Part")


class ImagePipeline(Component):
    """Uploads in, renditions out: source bucket → queue → function → destination bucket.

    Args:
        name: start of the names of all its resources. Former names are aliases in ``opts``.
        args: the stack's settings.

    Raises:
        pulumi.RunError: the bundle cannot be built, or AWS's limits leave no room for so many
            renditions; one sentence, before any resource is made.
    """

    source_bucket: pulumi.Output[str]
    destination_bucket: pulumi.Output[str]
    queue_url: pulumi.Output[str]
    dead_letter_queue_url: pulumi.Output[str]
    backfill_queue_url: pulumi.Output[str]
    function_name: pulumi.Output[str]
    log_group: pulumi.Output[str]
    upload_endpoint: pulumi.Output[str]
    delivery_url: pulumi.Output[str]
    site_url: pulumi.Output[str] | None
    dashboard_url: pulumi.Output[str] | None
    batch_function_arn: pulumi.Output[str] | None
    batch_role_arn: pulumi.Output[str] | None
    distribution_id: pulumi.Output[str] | None
    quota_table: pulumi.Output[str] | None
    adopted_buckets: pulumi.Output[str] | None
    destination_policy: pulumi.Output[str] | None
    view_function_name: pulumi.Output[str] | None
    upload_prefixes: pulumi.Output[str] | None
    format_function_name: pulumi.Output[str] | None
    format_queue_url: pulumi.Output[str] | None

    def __init__(self, name: str, args: Settings, opts: Options = None) -> None:
        sizes.check(name, args)
        self._bundle = code.build(args)
        self._signer_bundle = code.build(args, source=signer.FOLDER) if args.auth else None
        notices.show(args)
        guard = Guard()
        self._names = (name, *renaming.former_names(opts))
        merge = pulumi.ResourceOptions.merge
        opts = merge(merge(opts, renaming.keep(name, opts)), tagging.options(args.tags))
        opts = merge(opts, guard.options())
        super().__init__("image-pipeline:index:ImagePipeline", name, opts)
        self._base, self._settings = name, args
        self._identity = Identity.current(pulumi.InvokeOutputOptions(parent=self))
        region = self._identity.region
        self._key_arn = adopted.in_region("kmsKeyArn", args.kms_key_arn, region)
        if args.encryption == "kms" and not args.kms_key_arn:
            self._key_arn = self._add(EncryptionKey, EncryptionKeyArgs).arn
        self._source, self._destination = self._buckets()
        self.format_function_name = self.format_queue_url = None
        queue, uploads = self._way_in()
        views = self._views(queue) if args.has_lazy else None
        cdn = self._way_out(uploads, views)
        resizer = self._function(queue, cdn if args.takes_down else None)
        self._watch(queue, resizer, uploads)
        guard.finish()
        self.register_outputs({name: getattr(self, name) for name in ImagePipeline.__annotations__})

    def _args(self, kind: Callable[..., Args], **parts: object) -> Args:
        """Return the arguments of a component, an instance of ``kind``.

        ``parts`` are the resources that it works with. Fields with the name of a setting, and
        ``identity`` and ``kms_key_arn``, are filled in.
        """
        fields = inspect.signature(kind).parameters
        settings = {f: getattr(self._settings, f) for f in fields if hasattr(self._settings, f)}
        stack = {"identity": self._identity, "kms_key_arn": self._key_arn}
        return kind(**settings | {f: stack[f] for f in fields if f in stack}, **parts)

    def _add(
        self,
        component: Callable[[str, Args, Options], Part],
        kind: Callable[..., Args],
        **parts: object,
    ) -> Part:
        return component(self._base, self._args(kind, **parts), self.child)

    def _bucket(self, part: str, **how: object) -> SecureBucket:
        name = resource_name(self._base, part)
        return SecureBucket(name, self._args(SecureBucketArgs, **how), self.child)

    def _buckets(self) -> tuple[Bucket, Bucket]:
        settings = self._settings
        adopted: list[str] = []
        if settings.source_bucket == "":
            source = self._own_source()
        else:
            adopted.append("source")
            source = self._adopt("sourceBucket", settings.source_bucket, raises_events=True)
        if settings.destination_bucket != "":
            # Only compared if both are adopted: with an own bucket's name, which a preview does not
            # know, ``no-loop`` would assume that the function writes to that bucket as well.
            other = source.name if adopted == ["source"] else ""
            adopted.append("destination")
            name = settings.destination_bucket
            destination = self._adopt("destinationBucket", name, other=other)
        else:
            is_read = settings.delivery == "public"
            how = {"public_policy": is_read, "methods": ["GET", "HEAD"]}
            destination = self._bucket("destination", **how)
        self.source_bucket, self.destination_bucket = source.name, destination.name
        names = ",".join(adopted)
        self.adopted_buckets = pulumi.Output.from_input(names) if adopted else None
        return source, destination

    def _own_source(self) -> SecureBucket:
        source = self._bucket(
            "source",
            public_policy=self._settings.uploads == "public",
            methods=["PUT", "POST"],
            old_days=self._settings.old_version_days,
            rules=list(lifecycle.of_uploads(self._settings)),
        )
        if self._settings.access_log:
            self._add(SourceLog, SourceLogArgs, source=source)
        return source

    def _adopt(self, key: str, given: pulumi.Input[str], **how: Any) -> AdoptedBucket:
        opts = pulumi.InvokeOutputOptions(parent=self)
        return AdoptedBucket(key, given, self._identity, opts, names=self._names, **how)

    def _way_in(self) -> tuple[UploadQueue, Uploads]:
        source = self._source
        queue = self._add(UploadQueue, UploadQueueArgs)
        ingest = self._add(Ingest, IngestArgs, source=source, queue=queue)
        self._rule_name = ingest.rule_name
        url, signs, self.quota_table = source.url(self._settings.s3_endpoint), None, None
        if self._settings.uploads == "presigned":
            signs = self._signer(url, ingest.announced)
        way_in = {"source": source, "bucket_url": url, "announced": ingest.announced}
        uploads = self._add(Uploads, UploadsArgs, signer=signs, **way_in)
        self.queue_url, self.dead_letter_queue_url = queue.url, queue.dead_letter_url
        self.backfill_queue_url = queue.backfill_url
        self.upload_endpoint = uploads.endpoint
        told = write_prefixes(self._settings.prefixes)
        self.upload_prefixes = pulumi.Output.from_input(told) if told else None
        return queue, uploads

    def _signer(self, upload_url: pulumi.Output[str], announced: pulumi.Resource) -> SignerArgs:
        settings, quotas = self._settings, None
        if settings.has_quotas:
            quotas = self._add(UserQuotas, UserQuotasArgs)
            self.quota_table = quotas.name
        variables = pulumi.Output.all(
            self._source.name, upload_url, quotas.name if quotas else ""
        ).apply(lambda values: signer_variables(settings, *values))
        works_with = {"source": self._source, "bundle": self._signer_bundle, "quotas": quotas}
        works_with |= {"variables": variables, "announced": announced}
        return self._args(SignerArgs, **works_with)

    def _views(self, queue: UploadQueue) -> Views:
        """Return the function for first views; make that for lazy formats, if there are any."""
        settings, formats = self._settings, queue.formats
        variables = pulumi.Output.all(
            self._source.name, self._destination.name, self._key_arn, formats.url if formats else ""
        ).apply(lambda values: view_variables(settings, *values))
        works_with = {"bundle": self._bundle, "source": self._source, "index": None}
        works_with |= {"destination": self._destination, "variables": variables}
        if formats:
            maker = self._add(Formats, FormatsArgs, queue=formats, **works_with)
            self.format_queue_url, self.format_function_name = formats.url, maker.function_name
        arn = formats.arn if formats else ""
        return self._add(Views, ViewsArgs, format_queue_arn=arn, **works_with)

    def _way_out(self, uploads: Uploads, views: Views | None) -> Cdn | None:
        settings, destination = self._settings, self._destination
        page = None
        if settings.site:
            name = resource_name(self._base, "site")
            page = SecureBucket(name, SecureBucketArgs(), self.child)
        cdn = self._cdn(page, uploads, views) if settings.delivery == "cdn" else None
        delivery = self._add(Delivery, DeliveryArgs, destination=destination, cdn=cdn)
        self.delivery_url, self.site_url = delivery.url, None
        self.destination_policy = delivery.policy
        self.distribution_id = cdn.distribution_id if cdn else None
        self.view_function_name = views.function_name if views else None
        if cdn and page:
            self._add(Site, SiteArgs, bucket=page, cdn=cdn, upload_endpoint=self.upload_endpoint)
            self.site_url = pulumi.Output.concat(cdn.url, "/")
        if settings.eventbridge and isinstance(destination, SecureBucket):
            self._add(Announcements, AnnouncementsArgs, destination=destination)
        return cdn

    def _cdn(self, page: SecureBucket | None, uploads: Uploads, views: Views | None) -> Cdn:
        urls, signer_url = [self._source.url(self._settings.s3_endpoint)], None
        if self._settings.signer_behind_cdn:
            signer_url = uploads.endpoint
        else:
            urls.insert(0, uploads.endpoint)
        firewall = None
        if self._settings.waf_requests_per_minute:
            firewall = self._add(Firewall, FirewallArgs)
        cdn = self._add(
            Cdn,
            CdnArgs,
            destination=self._destination,
            page=page,
            upload_urls=urls,
            signer_url=signer_url,
            views=views,
            web_acl_arn=firewall.arn if firewall else None,
        )
        self._add(AccessLog, AccessLogArgs, distribution_arn=cdn.arn)
        if signer_url and uploads.signer:
            uploads.signer.allow(cdn.arn)
            self.upload_endpoint = cdn.sign_url
        if views:
            views.allow(cdn.arn)
        return cdn

    def _function(self, queue: UploadQueue, cdn: Cdn | None) -> Resizer:
        """Return the function for uploads; ``cdn`` forgets what a moderator takes down."""
        settings, index = self._settings, None
        if settings.duplicates != DuplicateSearch.OFF:
            index = self._add(DuplicateIndex, DuplicateIndexArgs)
        variables = pulumi.Output.all(
            self._destination.name,
            self.delivery_url,
            self._key_arn,
            index.name if index else "",
            settings.moderator,
            cdn.distribution_id if cdn else "",
        ).apply(
            lambda values: environment_variables(
                settings, *values[:4], moderator=values[4], distribution_id=values[5]
            )
        )
        works_with = {
            "bundle": self._bundle,
            "source": self._source,
            "destination": self._destination,
            "index": index,
        }
        own = {"variables": variables, "queue": queue, "distribution_arn": cdn.arn if cdn else ""}
        resizer = self._add(Resizer, ResizerArgs, **own, **works_with)
        self.function_name, self.log_group = resizer.function_name, resizer.log_group
        self.batch_function_arn = self.batch_role_arn = None
        if settings.batch_operations_concurrency:
            quiet = variables.apply(without_metrics)
            batch = self._add(BatchOperations, BatchOperationsArgs, variables=quiet, **works_with)
            self.batch_function_arn, self.batch_role_arn = batch.function_arn, batch.role_arn
        return resizer

    def _watch(self, queue: UploadQueue, resizer: Resizer, uploads: Uploads) -> None:
        alarms = alarm_definitions.definitions(self._settings)
        names = {"views_name": self.view_function_name, "formats_name": self.format_function_name}
        watched = {name: found or "" for name, found in names.items()}
        watched |= {"alarms": alarms, "queue": queue, "resizer": resizer}
        self.dashboard_url = None
        if self._settings.monitoring == "full":
            self.dashboard_url = self._add(Monitoring, MonitoringArgs, **watched).dashboard_url
        names = {"signer_name": uploads.signer_name, "rule_name": self._rule_name}
        self._add(Alarms, AlarmsArgs, **watched, **names)
