"""The stacks and settings that the tests of components evaluate, and what all of them output."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
KMS = {"uploads": "presigned", "delivery": "cdn", "encryption": "kms"}
DOMAIN = {
    "domain": "photos.example.com",
    "certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b",
    "hostedZoneId": "Z123",
}
SIGNED_IN = {
    "uploads": "presigned",
    "auth": {"issuer": "https://login.example.com/", "audience": "photos"},
}
QUOTAS = SIGNED_IN | {"quotaPerHour": 100, "quotaBytesPerDay": 10**9}
LAZY = [
    {"name": "large", "width": 1080, "height": 1080, "formats": ["jpeg", "avif"], "lazy": True},
    {"name": "grid", "width": 320, "height": 320, "formats": ["webp"], "lazy": True},
    {"name": "thumb", "width": 150, "height": 150, "formats": ["jpeg"]},
]
"""Renditions of which two are made on first view."""

LATER = [
    {"name": "large", "width": 1080, "height": 1080, "formats": ["jpeg"], "lazyFormats": ["avif"]},
    {
        "name": "grid",
        "width": 320,
        "height": 320,
        "formats": ["png"],
        "lazy": True,
        "lazyFormats": ["avif", "webp"],
    },
    {"name": "thumb", "width": 150, "height": 150, "formats": ["jpeg"]},
]
"""Renditions of which two have formats that are made in the background."""

OUTPUTS = {
    *("sourceBucket", "destinationBucket", "queueUrl", "deadLetterQueueUrl", "functionName"),
    *("backfillQueueUrl", "logGroup", "uploadEndpoint", "deliveryUrl"),
}
