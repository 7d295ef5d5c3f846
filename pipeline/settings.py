"""A stack's settings: the one file that reads Pulumi's configuration.

Keys, types and defaults are declared in ``Pulumi.yaml`` for the Pulumi CLI and repeated here for
whoever runs the program without it (tests, the embedded AWS); a test holds the two together.
"""

import importlib.util
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import partial
from typing import Any, Final, cast

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from function.contract import FULL_MEMORY_MB, MOST_SECONDS, DuplicateSearch
from function.engine.limits import kind_megapixels, max_megapixels
from function.engine.renditions import DEFAULT_RENDITIONS, Quality, Rendition

RUNTIMES: Final = ("python3.12", "python3.13", "python3.14")
"""Lambda runtimes on Amazon Linux 2023 (glibc 2.34), which Pillow's wheels need."""

LOG_RETENTION_DAYS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557),
    *(2922, 3288, 3653),
)
"""What CloudWatch Logs accepts (PutRetentionPolicy, API reference)."""


ANSWER_SECONDS: Final = 5
"""Seconds of an invocation for what is not done to uploads: requests to S3 and SQS, the answer."""

PRICE_CLASSES: Final = ("PriceClass_100", "PriceClass_200", "PriceClass_All")
"""CloudFront's names for sets of edge locations, fewest and cheapest first."""


class SettingsError(pulumi.RunError):
    """A setting that cannot work; the one sentence names its key, the limit and what it got."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What one stack is to be; README.md has the table of keys.

    Attributes are the keys of ``Pulumi.<stack>.yaml`` in snake case. ``max_megapixels`` 0 means
    what ``memory`` bears; read ``max_pixels`` instead. ``s3_endpoint`` is not a setting of ours:
    it is the provider's ``aws:endpoints``, set where S3 is not Amazon's (the embedded AWS).
    """

    memory: int = 1024
    timeout: int = 60
    architecture: str = "arm64"
    runtime: str = "python3.13"
    batch_size: int = 4
    max_concurrency: int = 10
    renditions: tuple[Rendition, ...] = DEFAULT_RENDITIONS
    uploads: str = "public"
    delivery: str = "public"
    site: bool = False
    domain: str = ""
    certificate_arn: str = ""
    hosted_zone_id: str = ""
    price_class: str = "PriceClass_All"
    encryption: str = "s3"
    quality: Quality = Quality.FAST
    native_decoder: bool = True
    background: str = "#ffffff"
    duplicates: DuplicateSearch = DuplicateSearch.OFF
    max_upload_mb: int = 25
    max_megapixels: int = 0
    log_retention_days: int = 30
    allowed_origins: tuple[str, ...] = ("*",)
    alarm_email: str = ""
    monthly_budget_usd: int = 0
    tracing: bool = True
    eventbridge: bool = False
    protect: bool = False
    s3_endpoint: str = ""

    def __post_init__(self) -> None:
        """Validate each value, then the ones that contradict one another.

        Raises:
            SettingsError: on the first that cannot work.
        """
        _in_range("memory", self.memory, 128, 10240, "MB")
        _in_range("timeout", self.timeout, 1, 900, "seconds")
        _one_of("architecture", self.architecture, ("arm64", "x86_64"))
        _one_of("runtime", self.runtime, RUNTIMES)
        _in_range("batchSize", self.batch_size, 1, 10, "uploads")
        _in_range("maxConcurrency", self.max_concurrency, 2, 1000, "invocations")
        _one_of("uploads", self.uploads, ("public", "presigned"))
        _one_of("delivery", self.delivery, ("public", "cdn"))
        _one_of("priceClass", self.price_class, PRICE_CLASSES)
        _one_of("encryption", self.encryption, ("s3", "kms"))
        _one_of("quality", self.quality, tuple(Quality))
        _one_of("duplicates", self.duplicates, tuple(DuplicateSearch))
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", self.background):
            raise SettingsError(f"background must be #rrggbb; got {self.background!r}.")
        _in_range("maxUploadMb", self.max_upload_mb, 1, 5000, "MB")
        _in_range("maxMegapixels", self.max_megapixels, 0, 1000, "megapixels")
        _one_of("logRetentionDays", self.log_retention_days, LOG_RETENTION_DAYS)
        _in_range("monthlyBudgetUsd", self.monthly_budget_usd, 0, 1_000_000, "USD")
        self._check_email()
        self._check_renditions()
        self._check_origins()
        self._check_domain()
        self._check_contradictions()

    @property
    def cdn_scheme(self) -> str:
        """Scheme of the CDN's URLs: HTTPS, but for the embedded AWS, which speaks HTTP."""
        return "http" if self.s3_endpoint.startswith("http:") else "https"

    @property
    def max_pixels(self) -> int:
        """Largest image (width x height) that the function accepts."""
        return (self.max_megapixels or max_megapixels(self.memory)) * 1_000_000

    @property
    def max_upload_bytes(self) -> int:
        """Largest upload that the function fetches; 1 MB is 1,000,000 bytes."""
        return self.max_upload_mb * 1_000_000

    @property
    def visibility_timeout(self) -> int:
        """Seconds before SQS delivers an unacknowledged message again: six function timeouts.

        AWS's rule for SQS event sources (Lambda developer guide, "Using Lambda with Amazon SQS").
        """
        return 6 * self.timeout

    def _check_renditions(self) -> None:
        if not self.renditions:
            raise SettingsError("renditions must name at least one rendition; got an empty list.")
        names = [rendition.name for rendition in self.renditions]
        for name in names:
            if names.count(name) > 1:
                raise SettingsError(f"renditions must have distinct names; got {name!r} twice.")

    def _check_email(self) -> None:
        if self.alarm_email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", self.alarm_email):
            raise SettingsError(f"alarmEmail must be an e-mail address; got {self.alarm_email!r}.")
        if self.monthly_budget_usd and not self.alarm_email:
            raise SettingsError(
                "monthlyBudgetUsd needs alarmEmail, or no one hears of it; set alarmEmail too."
            )

    def _check_origins(self) -> None:
        if not self.allowed_origins:
            raise SettingsError('allowedOrigins must name at least one origin, or "*"; got none.')
        for origin in self.allowed_origins:
            if origin != "*" and not origin.startswith(("http://", "https://")):
                raise SettingsError(
                    f'allowedOrigins must be "*" or start with http:// or https://; got {origin!r}.'
                )

    def _check_domain(self) -> None:
        if self.site and self.delivery != "cdn":
            raise SettingsError("site: true needs delivery: cdn, which serves the page; set it.")
        if self.domain and self.delivery != "cdn":
            raise SettingsError("domain needs delivery: cdn, which answers under it; set it.")
        if self.domain and not re.fullmatch(r"([a-z0-9-]+\.)+[a-z]{2,}", self.domain):
            raise SettingsError(f"domain must be like photos.example.com; got {self.domain!r}.")
        if bool(self.domain) != bool(self.certificate_arn):
            raise SettingsError("domain and certificateArn need each other; set both or neither.")
        if self.certificate_arn and not _CERTIFICATE.fullmatch(self.certificate_arn):
            raise SettingsError(
                "certificateArn must be of a certificate in us-east-1, where CloudFront looks for "
                f"it; got {self.certificate_arn!r}."
            )
        if self.hosted_zone_id and not self.domain:
            raise SettingsError("hostedZoneId needs domain, whose records it will hold; set it.")

    def _check_contradictions(self) -> None:
        if self.encryption == "kms" and self.delivery == "public":
            raise SettingsError(
                "encryption: kms needs delivery: cdn, because anonymous readers cannot decrypt; "
                "set delivery to cdn or encryption to s3."
            )
        if self.encryption == "kms" and self.uploads == "public":
            raise SettingsError(
                "encryption: kms needs uploads: presigned, because anonymous uploaders may not use "
                "the key; set uploads to presigned or encryption to s3."
            )
        if self.visibility_timeout > MAX_VISIBILITY_TIMEOUT:
            raise SettingsError(
                f"timeout must keep 6 x timeout within SQS's {MAX_VISIBILITY_TIMEOUT} s of "
                f"visibility; got {self.timeout}."
            )
        needed = self.batch_size * MOST_SECONDS + ANSWER_SECONDS
        if self.memory >= FULL_MEMORY_MB and self.timeout < needed:
            raise SettingsError(
                f"timeout must be at least {needed} at batchSize {self.batch_size}, as each upload "
                f"may take {MOST_SECONDS} s; got {self.timeout}. Raise it or lower batchSize."
            )
        borne = kind_megapixels(self.memory, "jpeg")
        if self.max_megapixels > borne:
            raise SettingsError(
                f"maxMegapixels must be at most {borne} at memory {self.memory}; "
                f"got {self.max_megapixels}. Raise memory or lower it."
            )


_CERTIFICATE: Final = re.compile(r"arn:[\w-]+:acm:us-east-1:\d{12}:certificate/[\w-]+")

MAX_VISIBILITY_TIMEOUT: Final = 43_200
"""Seconds; SQS's own limit of 12 hours."""

KEYS: Final = {
    field.name: "".join(
        part.capitalize() if index else part for index, part in enumerate(field.name.split("_"))
    )
    for field in fields(Settings)
    if field.name != "s3_endpoint"
}
"""Attribute of ``Settings`` to its key in ``Pulumi.<stack>.yaml``."""


def stack_name() -> str:
    """What all resources of this stack are named after, e.g. ``image-pipeline-dev``."""
    return f"{pulumi.get_project()}-{pulumi.get_stack()}"


def load() -> Settings:
    """Read the stack's settings.

    Raises:
        SettingsError: a key is unknown or starts with another project's name, or a value is of the
            wrong type, out of range or in contradiction with another.
    """
    _refuse_unknown_keys()
    values = {name: _read(name, key) for name, key in KEYS.items()}
    given = {name: value for name, value in values.items() if value is not None}
    return Settings(**given, s3_endpoint=_s3_endpoint())


def _refuse_unknown_keys() -> None:
    project = pulumi.get_project()
    for key in {**get_config_env(), **CONFIG.get()}:
        namespace, _, name = key.partition(":")
        if namespace == project and name not in KEYS.values():
            raise SettingsError(
                f"{name} is not a setting of this stack; the settings are "
                f"{', '.join(KEYS.values())}."
            )
        setting = name.removeprefix("config:")  # as Pulumi wrote keys before its version 1
        if namespace != project and setting in KEYS.values() and not _has_reader(namespace):
            raise SettingsError(
                f"{key} is not read, because the project is named {project}; in "
                f"Pulumi.{pulumi.get_stack()}.yaml, rename it to {project}:{setting}, and every "
                f"other {namespace}: key with it."
            )


def _has_reader(namespace: str) -> bool:
    """Return whether Pulumi itself or an installed provider reads keys of a namespace.

    Some providers have settings with the names of ours, such as ``auth0:domain``. Any other
    namespace is taken for the project's former name, whose settings would be ignored in silence:
    ``uploads: presigned`` would become public.
    """
    package = re.sub(r"\W", "_", f"pulumi_{namespace}")
    return namespace == "pulumi" or importlib.util.find_spec(package) is not None


def _read(name: str, key: str) -> Any:
    """One setting as its attribute's type, or None if it is not set."""
    if name == "renditions":
        items = _read_list(key)
        return items and tuple(_rendition(key, index, item) for index, item in enumerate(items))
    if name == "allowed_origins":
        items = _read_list(key)
        return items and tuple(str(item) for item in items)
    text = pulumi.Config().get(key)
    convert = _CONVERSIONS.get(cast("type", Settings.__dataclass_fields__[name].type))
    return convert(key, text) if convert and text is not None else text


def _read_list(key: str) -> tuple[Any, ...] | None:
    try:
        raw = pulumi.Config().get_object(key)
    except pulumi.ConfigTypeError as error:
        raise SettingsError(f"{key} must be a list; got {error.value!r}.") from error
    if raw is None:
        return None
    if not isinstance(raw, list):
        raise SettingsError(f"{key} must be a list; got {raw!r}.")
    return tuple(cast("list[Any]", raw))


def _rendition(key: str, index: int, raw: object) -> Rendition:
    try:
        return Rendition.parse(raw)
    except (ValueError, TypeError) as error:
        raise SettingsError(f"{key}[{index}] {error}.") from error


def _to_int(key: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise SettingsError(f"{key} must be a whole number; got {text!r}.") from error


def _to_bool(key: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise SettingsError(f"{key} must be true or false; got {text!r}.")
    return text == "true"


def _to_name(kind: type[StrEnum], key: str, text: str) -> StrEnum:
    _one_of(key, text, tuple(kind))
    return kind(text)


_CONVERSIONS: Final[Mapping[type, Callable[[str, str], Any]]] = {
    int: _to_int,
    bool: _to_bool,
    Quality: partial(_to_name, Quality),
    DuplicateSearch: partial(_to_name, DuplicateSearch),
}
"""Type of a setting to what reads it from the engine's text."""


def _s3_endpoint() -> str:
    endpoints: Any = pulumi.Config("aws").get_object("endpoints") or [{}]
    return str(endpoints[0].get("s3", "")).rstrip("/")


def _in_range(key: str, value: int, low: int, high: int, unit: str) -> None:
    if not low <= value <= high:
        raise SettingsError(f"{key} must be {low} to {high} {unit}; got {value}.")


def _one_of(key: str, value: object, allowed: Sequence[object]) -> None:
    if value not in allowed:
        names = ", ".join(str(item) for item in allowed)
        raise SettingsError(f"{key} must be one of {names}; got {value!r}.")
