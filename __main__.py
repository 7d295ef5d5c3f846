"""One image pipeline per stack: read the stack's settings, build it, export what users need."""

import pulumi

from function.contract import StackOutput
from pipeline import configuration
from pipeline.image_pipeline import ImagePipeline

pipeline = ImagePipeline(configuration.name(), configuration.load(), configuration.options())

pulumi.export(StackOutput.SOURCE_BUCKET, pipeline.source_bucket)
pulumi.export(StackOutput.DESTINATION_BUCKET, pipeline.destination_bucket)
pulumi.export(StackOutput.QUEUE_URL, pipeline.queue_url)
pulumi.export(StackOutput.DEAD_LETTER_QUEUE_URL, pipeline.dead_letter_queue_url)
pulumi.export(StackOutput.BACKFILL_QUEUE_URL, pipeline.backfill_queue_url)
pulumi.export(StackOutput.FUNCTION_NAME, pipeline.function_name)
pulumi.export(StackOutput.LOG_GROUP, pipeline.log_group)
pulumi.export(StackOutput.UPLOAD_ENDPOINT, pipeline.upload_endpoint)
pulumi.export(StackOutput.DELIVERY_URL, pipeline.delivery_url)
if pipeline.site_url:
    pulumi.export(StackOutput.SITE_URL, pipeline.site_url)
if pipeline.dashboard_url:
    pulumi.export(StackOutput.DASHBOARD_URL, pipeline.dashboard_url)
if pipeline.batch_function_arn and pipeline.batch_role_arn:
    pulumi.export(StackOutput.BATCH_FUNCTION_ARN, pipeline.batch_function_arn)
    pulumi.export(StackOutput.BATCH_ROLE_ARN, pipeline.batch_role_arn)
if pipeline.distribution_id:
    pulumi.export(StackOutput.DISTRIBUTION_ID, pipeline.distribution_id)
if pipeline.quota_table:
    pulumi.export(StackOutput.QUOTA_TABLE, pipeline.quota_table)
if pipeline.adopted_buckets:
    pulumi.export(StackOutput.ADOPTED_BUCKETS, pipeline.adopted_buckets)
if pipeline.destination_policy:
    pulumi.export(StackOutput.DESTINATION_POLICY, pipeline.destination_policy)
if pipeline.view_function_name:
    pulumi.export(StackOutput.VIEW_FUNCTION_NAME, pipeline.view_function_name)
if pipeline.upload_prefixes:
    pulumi.export(StackOutput.UPLOAD_PREFIXES, pipeline.upload_prefixes)
if pipeline.format_function_name and pipeline.format_queue_url:
    pulumi.export(StackOutput.FORMAT_FUNCTION_NAME, pipeline.format_function_name)
    pulumi.export(StackOutput.FORMAT_QUEUE_URL, pipeline.format_queue_url)
