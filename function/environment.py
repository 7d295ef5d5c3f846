"""The function's settings, read once per cold start from the environment that the stack sets."""

import json
from collections.abc import Iterable, Mapping

from function.contract import FULL_MEMORY_MB, MOST_SECONDS, VIEW_SECONDS, DuplicateSearch, Publish
from function.contract.keys import PREFIXES, read_prefixes, upload_name
from function.engine.budget import vcpu_share
from function.engine.record import Record
from function.engine.renditions import (
    Encoders,
    Hdr,
    Quality,
    Rendition,
    file_name,
    made_at_upload,
    made_at_view,
    made_in_background,
)
from function.engine.results import Task


class Environment(Record):
    """The stack's settings for the function; each field is the environment variable of its name.

    Except ``memory_mb``, which Lambda sets itself (``AWS_LAMBDA_FUNCTION_MEMORY_SIZE``).
    """

    destination_bucket: str  # bucket that renditions and manifests are written to
    delivery_url: str  # URL before a destination key, without a slash at the end
    renditions: tuple[Rendition, ...]  # the sizes that every upload is resized to
    max_upload_bytes: int  # uploads above this are rejected before they are fetched
    max_pixels: int  # images above this (width x height) are rejected from their header
    kms_key_arn: str  # key that encrypts what is written; empty for S3-managed keys
    background: str  # ``#rrggbb`` behind transparent pixels where a format keeps no alpha
    quality: Quality  # ``fast``, or ``best``: LANCZOS throughout
    duplicates: DuplicateSearch  # ``off``, ``exact`` or ``near``: which duplicates are looked for
    index_table: str  # DynamoDB table of the index of duplicates; empty if they are off
    timeout: int  # seconds after which Lambda ends an invocation
    publish_metrics: bool  # False: CloudWatch makes no metrics of the figures in the log
    native_decoder: bool  # False: Pillow decodes where our own decoders otherwise would
    tags_rejected: bool  # True: rejected uploads are tagged, so that S3 lets them expire
    hdr: Hdr  # ``keep`` or ``drop``: what becomes of gain maps
    encoders: Encoders  # ``current``, or the release whose options the encoders get
    memory_mb: int  # the function's memory, as Lambda itself states it
    publish: Publish = Publish.AT_ONCE  # ``at-once``, or ``held`` until a moderator approves
    moderator: str = ""  # ARN of the moderator that held uploads are sent to; empty for none
    distribution_id: str = ""  # of the CDN that forgets what a moderator takes down
    source_bucket: str = ""  # bucket of the uploads, for first views; events name it to the others
    upload_prefixes: tuple[str, ...] = PREFIXES  # the one of new uploads first
    format_queue_url: str = ""  # queue of lazy formats to make, for first views alone

    @property
    def most_seconds(self) -> float:
        """The clock time that one upload may take: 10 s, or more where there is less of a vCPU."""
        return MOST_SECONDS if self.memory_mb >= FULL_MEMORY_MB else 0.8 * self.timeout

    @property
    def most_view_seconds(self) -> float:
        """The clock time that one upload may take at a view: less than the view has.

        A worker that is stopped at the end of an invocation tells nothing of the upload, so no
        failure would be noted, and each view would try it again.
        """
        return min(self.most_seconds, 0.9 * VIEW_SECONDS)

    def name_of(self, key: str) -> str:
        """Return a source key without its prefix, as ``upload_name`` does."""
        return upload_name(key, self.upload_prefixes)

    @property
    def eager(self) -> tuple[Rendition, ...]:
        """The renditions, in the formats, that are made at upload."""
        return made_at_upload(self.renditions)

    @property
    def viewed(self) -> tuple[Rendition, ...]:
        """The renditions that are made at their first view."""
        return made_at_view(self.renditions)

    @property
    def in_background(self) -> tuple[Rendition, ...]:
        """The renditions that are made some time after a view, each in its lazy formats."""
        return made_in_background(self.renditions)

    @property
    def lazy(self) -> tuple[Rendition, ...]:
        """The renditions that are not made at upload."""
        return self.viewed + self.in_background

    @property
    def moderates(self) -> bool:
        """True if uploads may wait for a moderator before they can be seen."""
        looks_for_rejected = self.duplicates != DuplicateSearch.OFF
        return self.publish == Publish.HELD or bool(self.moderator) or looks_for_rejected

    @property
    def task(self) -> Task:
        """The engine's settings, the same for every upload."""
        return Task.from_dict(vars(self) | {"renditions": self.eager, "later": self.lazy})

    @property
    def view_task(self) -> Task:
        """The engine's settings for first views, each of which asks for one of the renditions."""
        return Task.from_dict(vars(self) | {"renditions": self.viewed})

    @property
    def format_task(self) -> Task:
        """The engine's settings for lazy formats, for which nobody waits."""
        # As a worker has (``engine/budget.py``), and its attempt, which ends as a first view does.
        seconds = 0.9 * min(self.most_seconds, VIEW_SECONDS)
        patience = seconds * vcpu_share(self.memory_mb)
        return Task.from_dict(vars(self) | {"renditions": self.in_background, "patience": patience})

    @property
    def files(self) -> tuple[str, ...]:
        """File names of all renditions of an upload."""
        return _files(self.eager) + self.lazy_files

    @property
    def lazy_files(self) -> tuple[str, ...]:
        """File names of the renditions that are not made at upload."""
        return _files(self.lazy)

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
                renditions=tuple(map(Rendition.parse, json.loads(variables["RENDITIONS"]))),
                max_upload_bytes=int(variables["MAX_UPLOAD_BYTES"]),
                max_pixels=int(variables["MAX_PIXELS"]),
                kms_key_arn=variables["KMS_KEY_ARN"],
                background=variables["BACKGROUND"],
                quality=Quality(variables["QUALITY"]),
                duplicates=DuplicateSearch(variables["DUPLICATES"]),
                index_table=variables["INDEX_TABLE"],
                timeout=int(variables["TIMEOUT"]),
                # Set only if they differ from the default, so that an upgrade changes no stack's
                # variables.
                publish_metrics=_flag(variables, "PUBLISH_METRICS", default="true"),
                native_decoder=_flag(variables, "NATIVE_DECODER", default="true"),
                tags_rejected=_flag(variables, "TAGS_REJECTED", default="false"),
                hdr=Hdr(variables.get("HDR", Hdr.KEEP)),
                encoders=Encoders(variables.get("ENCODERS", Encoders.CURRENT)),
                memory_mb=int(variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]),
                publish=Publish(variables.get("PUBLISH", Publish.AT_ONCE)),
                moderator=variables.get("MODERATOR", ""),
                distribution_id=variables.get("DISTRIBUTION_ID", ""),
                source_bucket=variables.get("SOURCE_BUCKET", ""),
                upload_prefixes=read_prefixes(variables.get("UPLOAD_PREFIXES")),
                format_queue_url=variables.get("FORMAT_QUEUE_URL", ""),
            )
        except KeyError as error:
            raise RuntimeError(f"The environment variable {error} is not set.") from error
        except ValueError as error:
            raise RuntimeError(f"An environment variable is malformed: {error}.") from error


def _files(renditions: Iterable[Rendition]) -> tuple[str, ...]:
    return tuple(file_name(each.name, name) for each in renditions for name in each.formats)


def _flag(variables: Mapping[str, str], name: str, *, default: str) -> bool:
    text = variables.get(name, default)
    if text not in ("true", "false"):
        raise ValueError(f"{name} must be true or false; got {text!r}")
    return text == "true"
