"""The plugin, as the Pulumi engine starts it from a checkout of this repository."""

from image_pipeline.provider import main

main()
