"""The bounds of each setting, and which of them contradict one another."""

from dataclasses import replace

import pytest

from function.engine.renditions import DEFAULT_RENDITIONS, OutputFormat, Rendition
from pipeline.auth import Auth
from pipeline.settings import KEYS, LOG_RETENTION_DAYS, Settings, SettingsError

SMALL = {"memory": 512}
"""A function that is too small for an upload to take its time."""

AUTH = Auth(issuer="https://login.example.com/", audience="photos")
SIGNED_IN = {"uploads": "presigned", "auth": AUTH}

BOUNDS = {
    "memory": (128, 10240),
    "timeout": (1, 900),
    "batch_size": (1, 10),
    "max_concurrency": (2, 1000),
    "backfill_concurrency": (2, 1000),
    "max_upload_mb": (1, 5000),
    "max_megapixels": (0, 1000),
    "old_version_days": (1, 36_500),
    "rejected_upload_days": (0, 36_500),
    "monthly_budget_usd": (0, 1_000_000),
    "waf_requests_per_minute": (10, 2_000_000_000),
    "quota_per_hour": (0, 1_000_000),
    "quota_bytes_per_day": (25_000_000, 10**15),
}
BESIDES = {
    "memory": {"timeout": 900},
    "max_megapixels": {"memory": 10240, "timeout": 900},
    "monthly_budget_usd": {"alarm_email": "a@example.com"},
    "waf_requests_per_minute": {"delivery": "cdn"},
    "quota_per_hour": SIGNED_IN,
    "quota_bytes_per_day": SIGNED_IN,
}
CDN = {"delivery": "cdn", "uploads": "presigned"}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0a-1b"
DOMAIN = CDN | {"domain": "photos.example.com", "certificate_arn": CERTIFICATE}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_number_is_accepted_up_to_its_bounds(name):
    low, high = BOUNDS[name]
    besides = SMALL | BESIDES.get(name, {})
    for value in (low, high):
        assert getattr(Settings(**besides | {name: value}), name) == value
    for value in (low - 1, high + 1):
        with pytest.raises(SettingsError, match=rf"{KEYS[name]} must be {low} to {high} .*{value}"):
            Settings(**besides | {name: value})


def test_log_retention_is_what_cloudwatch_accepts():
    """PutRetentionPolicy, API reference."""
    accepted = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192]
    accepted += [2557, 2922, 3288, 3653]
    assert [*LOG_RETENTION_DAYS] == accepted
    for days in accepted:
        assert Settings(log_retention_days=days).log_retention_days == days
    with pytest.raises(SettingsError, match="logRetentionDays"):
        Settings(log_retention_days=2)


BOX = {"width": 9, "height": 9}
JPEG = Rendition(name="jpeg", **BOX, formats=("jpeg",))
MOVING = Rendition(name="later", **BOX, formats=("webp",), animated=True)
MOVING_LATER = CDN | {"renditions": (JPEG, MOVING.replace(lazy=True))}


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        ({"encryption": "kms", "uploads": "presigned"}, "encryption: kms needs delivery: cdn"),
        ({"encryption": "kms", "delivery": "cdn"}, "encryption: kms needs uploads: presigned"),
        ({"monthly_budget_usd": 1}, "monthlyBudgetUsd needs alarmEmail"),
        ({"alarm_email": "a@b"}, "alarmEmail must be an e-mail address"),
        ({"waf_requests_per_minute": 10}, "wafRequestsPerMinute needs delivery: cdn"),
        ({"auth": AUTH}, "auth needs uploads: presigned"),
        ({"quota_per_hour": 1}, "quotaPerHour needs auth"),
        (SIGNED_IN | {"quota_bytes_per_day": 24_999_999}, "quotaBytesPerDay must be 25000000 to"),
        ({"site": True}, "site: true needs delivery: cdn"),
        (DOMAIN | {"delivery": "public"}, "domain needs delivery: cdn"),
        (DOMAIN | {"domain": "example"}, "domain must be like"),
        (DOMAIN | {"domain": ""}, "domain and certificateArn need each other"),
        (DOMAIN | {"certificate_arn": ""}, "domain and certificateArn need each other"),
        (DOMAIN | {"certificate_arn": CERTIFICATE[:-5]}, "certificateArn must be of"),
        (CDN | {"hosted_zone_id": "Z1"}, "hostedZoneId needs domain"),
        ({"allowed_origins": ()}, "allowedOrigins must name at least one"),
        ({"allowed_origins": ("*", "ftp://a")}, "got 'ftp://a'"),
        ({"renditions": ()}, "renditions must name at least one"),
        ({"renditions": Settings().renditions[:1] * 2}, "renditions must have distinct names"),
        (
            {"renditions": (Settings().renditions[0].replace(lazy=True),)},
            "renditions must name at least one without lazy: true",
        ),
        (MOVING_LATER | {"publish": "held"}, "held needs an animated rendition .* of what later"),
        ({"background": "#12345"}, "background must be #rrggbb"),
        ({"background": "#12345g"}, "background must be #rrggbb"),
        ({"background": "#1234567"}, "background must be #rrggbb"),
        ({"max_megapixels": 388}, "maxMegapixels must be at most 387 at memory 1024"),
    ],
)
def test_what_contradicts_itself_is_refused(stated, sentence):
    with pytest.raises(SettingsError, match=sentence):
        Settings(**stated)


@pytest.mark.parametrize(
    "stated",
    [
        CDN | {"encryption": "kms"},
        {"monthly_budget_usd": 1, "alarm_email": "a@example.com"},
        CDN | {"site": True},
        SIGNED_IN,
        SIGNED_IN | {"quota_per_hour": 1, "quota_bytes_per_day": 25_000_000},
        DOMAIN,
        DOMAIN | {"hosted_zone_id": "Z1"},
        {"allowed_origins": ("http://a", "https://b", "*")},
        {"background": "#09afAF"},
        {"max_megapixels": 387},
    ],
)
def test_what_goes_together_is_accepted(stated):
    assert Settings(**stated)


@pytest.mark.parametrize(
    ("memory", "batch_size", "timeout", "fits"),
    [
        (1024, 1, 15, True),
        (1024, 1, 14, False),
        (1024, 10, 105, True),
        (1024, 10, 104, False),
        (10240, 2, 24, False),
        (1023, 10, 1, True),
    ],
)
def test_a_batch_of_the_slowest_uploads_fits_into_the_timeout(memory, batch_size, timeout, fits):
    """10 s for each upload and 5 s for the answer, from 1,024 MB on."""
    stated = {"memory": memory, "batch_size": batch_size, "timeout": timeout}
    if fits:
        assert Settings(**stated).timeout == timeout
    else:
        with pytest.raises(SettingsError, match="timeout must be at least"):
            Settings(**stated)


def test_what_follows_from_the_settings():
    settings = Settings(timeout=50, max_upload_mb=3, max_megapixels=7)
    assert settings.visibility_timeout == 300
    assert settings.max_upload_bytes == 3_000_000
    assert settings.max_pixels == 7_000_000
    assert Settings().max_pixels == 52_000_000
    schemes = {endpoint: Settings(s3_endpoint=endpoint).cdn_scheme for endpoint in ("", "http://a")}
    assert schemes == {"": "https", "http://a": "http"}
    assert Settings(s3_endpoint="https://a").cdn_scheme == "https"


def test_what_moves_at_once_may_be_held_and_what_moves_later_may_be_shown_at_once():
    assert Settings(**CDN, renditions=(JPEG, MOVING), publish="held").renditions[1].animated
    assert Settings(**MOVING_LATER).renditions[1].lazy


def test_a_url_without_an_extension_gives_what_every_upload_has():
    """Uploads of release 0.1.0 have no AVIF, which the default renditions have today."""
    own = (
        Rendition(
            name="page", width=800, height=800, formats=(OutputFormat.JPEG, OutputFormat.WEBP)
        ),
    )
    assert Settings().negotiated == ()
    assert Settings(renditions=own).negotiated == ("webp",)
    assert Settings(renditions=(*DEFAULT_RENDITIONS, *own)).negotiated == ()
    assert Settings(negotiate=("avif",)).negotiated == ("avif",)
    assert Settings(renditions=own, negotiate=()).negotiated == ()


LATER = JPEG.replace(name="later", lazy_formats=("avif",))
BOTH = Rendition(name="both", **BOX, formats=("jpeg", "avif"))


@pytest.mark.parametrize(
    ("renditions", "negotiated"),
    [
        ((LATER,), ("avif",)),
        ((LATER, JPEG), ("avif",)),
        ((LATER, BOTH), ("avif",)),
        # Uploads of before ``both`` had AVIF lack it, and nothing makes it when it is asked for.
        ((LATER, BOTH, JPEG), ()),
        ((LATER, BOTH.replace(lazy=True), JPEG), ("avif",)),
        ((BOTH.replace(lazy=True), JPEG), ()),
    ],
)
def test_a_lazy_format_is_chosen_by_accept_where_none_can_be_missing(renditions, negotiated):
    settings = Settings(delivery="cdn", renditions=renditions)
    assert settings.negotiated == negotiated
    assert replace(settings, negotiate=()).negotiated == ()
    assert settings.has_lazy
    assert settings.has_lazy_formats is (LATER in renditions)


def test_lazy_formats_need_the_cdn():
    with pytest.raises(SettingsError, match=r"^renditions with lazyFormats \(later\) need"):
        Settings(renditions=(LATER, JPEG))
