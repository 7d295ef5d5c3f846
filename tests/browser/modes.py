"""The ways that the page is served and uploads go, and the sizes it is looked at."""

PHONE = {"width": 390, "height": 844}
LAPTOP = {"width": 1366, "height": 768}

MODES = {
    "public": {"maxUploadMb": 2},
    "presigned": {
        "maxUploadMb": 2,
        "uploads": "presigned",
        "delivery": "cdn",
        "site": "true",
    },
    "limited": {
        "maxUploadMb": 2,
        "uploads": "presigned",
        "delivery": "cdn",
        "site": "true",
        "wafRequestsPerMinute": 100_000,
    },
}
"""Settings over the local stack's own; the second is prod's, with the page behind the CDN; in the
third the signer is behind it too."""
