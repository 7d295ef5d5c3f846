"""The component that programs in any language make."""

import pulumi

from image_pipeline.arguments import ImagePipelineArgs
from image_pipeline.conversion import settings_of
from pipeline import image_pipeline


class ImagePipeline(image_pipeline.ImagePipeline):
    """Uploads in, renditions out: source bucket, queue, Lambda function, destination bucket."""

    # The SDK's analyzer reads outputs and their descriptions here, in the class itself.
    source_bucket: pulumi.Output[str]
    """Name of the bucket of the uploads."""
    destination_bucket: pulumi.Output[str]
    """Name of the bucket of the renditions and manifests."""
    queue_url: pulumi.Output[str]
    """URL of the queue of new uploads that wait."""
    dead_letter_queue_url: pulumi.Output[str]
    """URL of the queue of uploads that failed five times."""
    backfill_queue_url: pulumi.Output[str]
    """URL of the queue of uploads that a backfill sent."""
    function_name: pulumi.Output[str]
    """Name of the Lambda function that resizes."""
    log_group: pulumi.Output[str]
    """Name of its log group, of JSON lines."""
    upload_endpoint: pulumi.Output[str]
    """PUT a photo to <uploadEndpoint>/<prefix><any key>; presigned: ask it for a form."""
    delivery_url: pulumi.Output[str]
    """GET <deliveryUrl>/<any key>/manifest.json, then the renditions that it names."""
    site_url: pulumi.Output[str] | None
    """With site: true, the upload page."""
    dashboard_url: pulumi.Output[str] | None
    """With monitoring: full, the dashboard in CloudWatch."""
    batch_function_arn: pulumi.Output[str] | None
    """With batchOperationsConcurrency, the function that S3 Batch Operations invokes."""
    batch_role_arn: pulumi.Output[str] | None
    """With batchOperationsConcurrency, the role of its jobs."""
    distribution_id: pulumi.Output[str] | None
    """With delivery: cdn, the CloudFront distribution."""
    quota_table: pulumi.Output[str] | None
    """With quotaPerHour or quotaBytesPerDay, the table that counts what users upload."""
    adopted_buckets: pulumi.Output[str] | None
    """Which buckets are not the stack's own: source, destination, or both with a comma between."""
    destination_policy: pulumi.Output[str] | None
    """With destinationBucket, what its policy needs so that readers can read; docs/adopt.md."""
    view_function_name: pulumi.Output[str] | None
    """With lazy renditions, the Lambda function that makes them on first view."""
    upload_prefixes: pulumi.Output[str] | None
    """With prefix or formerPrefixes, these with commas between, the one of new uploads first."""
    format_function_name: pulumi.Output[str] | None
    """With lazyFormats, the Lambda function that makes them in the background."""
    format_queue_url: pulumi.Output[str] | None
    """With lazyFormats, the URL of the queue of lazy formats to make."""

    def __init__(
        self, name: str, args: ImagePipelineArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, settings_of(args), opts)
