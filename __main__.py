"""One image pipeline per stack: read the stack's settings, build it, export what users need."""

import pulumi

from pipeline import settings
from pipeline.image_pipeline import ImagePipeline

pipeline = ImagePipeline(settings.stack_name(), settings.load())

pulumi.export("sourceBucket", pipeline.source_bucket)
pulumi.export("destinationBucket", pipeline.destination_bucket)
pulumi.export("queueUrl", pipeline.queue_url)
pulumi.export("deadLetterQueueUrl", pipeline.dead_letter_queue_url)
pulumi.export("functionName", pipeline.function_name)
pulumi.export("logGroup", pipeline.log_group)
pulumi.export("uploadEndpoint", pipeline.upload_endpoint)
pulumi.export("deliveryUrl", pipeline.delivery_url)
if pipeline.site_url:
    pulumi.export("siteUrl", pipeline.site_url)
pulumi.export("dashboardUrl", pipeline.dashboard_url)
