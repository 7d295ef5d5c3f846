"""The function's settings, read once per cold start from the environment that the stack sets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from function.schema import Rendition


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What the stack tells the function; each field is the environment variable of its name.

    Attributes:
        destination_bucket: bucket that renditions and manifests are written to.
        delivery_url: what readers put before a destination key, without a slash at the end.
        renditions: the sizes that every upload is resized to.
        max_upload_bytes: uploads above this are rejected before they are fetched.
        max_pixels: images above this (width x height) are rejected from their header.
        kms_key_arn: key that encrypts what is written; empty for S3-managed keys.
    """

    destination_bucket: str
    delivery_url: str
    renditions: tuple[Rendition, ...]
    max_upload_bytes: int
    max_pixels: int
    kms_key_arn: str

    @classmethod
    def read(cls, variables: Mapping[str, str]) -> "Environment":
        """Read and validate.

        Raises:
            RuntimeError: a variable is missing or malformed; the sentence names it.
        """
        try:
            return cls(
                destination_bucket=variables["DESTINATION_BUCKET"],
                delivery_url=variables["DELIVERY_URL"],
                renditions=tuple(
                    Rendition.parse(raw) for raw in json.loads(variables["RENDITIONS"])
                ),
                max_upload_bytes=int(variables["MAX_UPLOAD_BYTES"]),
                max_pixels=int(variables["MAX_PIXELS"]),
                kms_key_arn=variables["KMS_KEY_ARN"],
            )
        except KeyError as error:
            raise RuntimeError(f"The environment variable {error} is not set.") from error
        except ValueError as error:
            raise RuntimeError(f"An environment variable is malformed: {error}.") from error
