"""Lines in the log of an update about settings that people might misjudge."""

import pulumi

from function.contract import Publish
from pipeline.settings import Settings


def show(settings: Settings) -> None:
    """Log who may upload, if anyone may, and what is held."""
    if settings.uploads == "public":
        pulumi.log.info("Anyone may upload: uploads is public.")
    elif settings.uploads == "presigned" and not settings.auth:
        pulumi.log.info("Anyone may upload: uploads is presigned, without auth.")
    if settings.publish == Publish.HELD:
        pulumi.log.info(
            "Uploads from now on are held until a moderator approves them; everything that was "
            "public before stays public."
        )
