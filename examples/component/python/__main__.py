"""An app's program, with an image pipeline in it."""

import pulumi
import pulumi_image_pipeline as images

photos = images.ImagePipeline("photos", memory=2048)

pulumi.export("uploadEndpoint", photos.upload_endpoint)
pulumi.export("deliveryUrl", photos.delivery_url)
