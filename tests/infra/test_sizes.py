"""Limits of AWS on what renditions and prefixes add up to: one sentence, before all is made."""

import json

import pytest

from function.engine.renditions import DEFAULT_RENDITIONS, FORMATS, Rendition
from pipeline import sizes
from pipeline.settings import Settings, SettingsError
from tests.infra.engine import assert_nothing_was_registered, run
from tests.infra.variants import LATER, LAZY

PRIVATE = {"uploads": "presigned", "delivery": "cdn", "encryption": "kms", "site": True}
VARIANTS = {
    "public": {},
    "private": PRIVATE,
    "near": {"duplicates": "near"},
    "domain": PRIVATE
    | {
        "domain": "photos.of.a.long.domain.example.com",
        "certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b",
    },
}
EVERY_FIELD = {
    "fit": "contain",
    "formats": list(FORMATS),
    "quality": 91,
    "position": "attention",
    "enlarge": True,
    "animated": True,
}


def many(count: int, **fields: object) -> list[dict[str, object]]:
    """Return renditions with the longest names."""
    return [
        {"name": f"{n:02}-{'x' * 29}", "width": 1080, "height": 1080, **fields}
        for n in range(count)
    ]


@pytest.mark.parametrize("variant", VARIANTS)
def test_26_renditions_with_long_names_fit(variant):
    program = run("prod", **VARIANTS[variant], renditions=many(26))
    variables = program.one("Function", "-resizer").inputs["environment"]["variables"]
    assert len(json.dumps(variables, separators=(",", ":"))) <= 4096
    assert len(program.one("RolePolicy", "-resizer").inputs["policy"]) <= 10_240
    assert len(program.one("BucketPolicy", "-destination").inputs["policy"]) <= 20_480
    read = [Rendition.parse(raw) for raw in json.loads(variables["RENDITIONS"])]
    assert tuple(read) == program.settings.renditions


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_checked_is_no_smaller_than_what_is_deployed(variant):
    program = run("dev", **VARIANTS[variant])
    environment, role, bucket = sizes.longest("image-pipeline-dev", program.settings)
    variables = program.one("Function", "-resizer").inputs["environment"]["variables"]
    assert set(variables) == set(environment)
    for name, value in variables.items():
        assert len(value) <= len(environment[name]), name
    deployed = program.one("RolePolicy", "-resizer").inputs["policy"]
    assert len(deployed) <= len(role)
    assert "Sid" in deployed
    if program.settings.delivery == "public":
        deployed = program.one("BucketPolicy", "-destination").inputs["policy"]
        assert len(deployed) <= len(bucket)


@pytest.mark.parametrize("renditions", [LAZY, LATER])
def test_the_variables_of_the_other_functions_are_checked_too(renditions):
    """Those for lazy renditions have more of them than the one for uploads."""
    program = run("prod", renditions=renditions)
    environment, _, _ = sizes.longest("image-pipeline-prod", program.settings)
    checked = len(json.dumps(environment, separators=(",", ":")))
    for function in program.all("Function"):
        variables = function.inputs.get("environment", {}).get("variables", {})
        assert len(json.dumps(variables, separators=(",", ":"))) <= checked, function.name


def former(count: int) -> list[str]:
    """Return the longest prefixes."""
    return [f"{n:02}-{'p' * 96}/" for n in range(count)]


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        ({"formerPrefixes": former(40)}, "renditions and formerPrefixes make .* Lambda takes 4096"),
        (
            {
                "formerPrefixes": former(17),
                "sourceBucket": "arn:aws:s3:::shop-photos",
                "uploads": "private",
            },
            "formerPrefixes make the event pattern for sourceBucket .* EventBridge takes 2048",
        ),
    ],
)
def test_more_prefixes_than_fit_are_named_as_the_cause(settings, limit):
    with pytest.raises(SettingsError, match=f"^{limit}; name fewer") as error:
        run("dev", **settings)
    assert_nothing_was_registered(error.value)


def test_no_more_prefixes_than_s3_announces():
    short = [f"{n:02}/" for n in range(100)]
    assert run("dev", formerPrefixes=short[:99]).one("BucketNotification", "-uploads")
    with pytest.raises(SettingsError, match=r"^formerPrefixes make 101 .* S3 takes 100; name"):
        run("dev", formerPrefixes=short)


def test_as_many_prefixes_as_fit():
    adopting = {"sourceBucket": "arn:aws:s3:::shop-photos", "uploads": "private"}
    rule = run("dev", **adopting, formerPrefixes=former(16)).one("EventRule")
    assert len(rule.inputs["eventPattern"]) <= sizes.MAX_PATTERN


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    ("renditions", "limit"),
    [
        (
            many(26, **EVERY_FIELD),
            "the function's environment variables up to .* Lambda takes 4096",
        ),
        (
            many(26, formats=list(FORMATS)),
            "the policy of the function's role up to .* IAM takes 10240",
        ),
    ],
)
def test_more_than_fits_is_one_sentence_before_anything_is_made(variant, renditions, limit):
    with pytest.raises(SettingsError, match=f"^renditions make {limit}; name fewer") as error:
        run("dev", **VARIANTS[variant], renditions=renditions)
    assert "\n" not in str(error.value)
    assert_nothing_was_registered(error.value)


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        ({}, "the destination bucket's policy up to .* S3 takes 20480"),
        ({"delivery": "cdn"}, "the CDN's function .* CloudFront takes 10240"),
    ],
)
def test_limits_that_others_hide_are_checked_too(monkeypatch, settings, limit):
    """A role's policy outgrows its limit before these; a later change of it may not."""
    for name in ("MAX_ENVIRONMENT", "MAX_ROLE_POLICY"):
        monkeypatch.setattr(sizes, name, 10**6)
    if settings:
        monkeypatch.setattr(sizes, "MAX_BUCKET_POLICY", 10**6)
    renditions = tuple(Rendition.parse(raw) for raw in many(99, formats=list(FORMATS)))
    renditions += tuple(Rendition(name=f"y{n:03}-{'y' * 27}", width=1, height=1) for n in range(99))
    with pytest.raises(SettingsError, match=f"^renditions make {limit}; name fewer"):
        sizes.check("image-pipeline-dev", Settings(renditions=renditions, **settings))


@pytest.mark.parametrize(
    "rendition",
    [
        *DEFAULT_RENDITIONS,
        *(Rendition.parse(raw) for raw in many(1, **EVERY_FIELD)),
        *(Rendition.parse(raw) for raw in many(1, quality={"target": 75})),
    ],
    ids=lambda rendition: rendition.name[:5],
)
def test_what_is_left_out_of_a_rendition_is_read_back(rendition):
    short = json.loads(json.dumps(rendition.without_defaults()))
    assert Rendition.parse(short) == rendition
    assert set(short) <= {"name", "width", "height", *EVERY_FIELD}
    for name in set(rendition.to_dict()) - set(short):
        assert getattr(rendition, name) == Rendition.fields[name]


def test_the_smallest_rendition_is_its_name_and_box():
    large = {"name": "large", "width": 1080, "height": 1080}
    assert Rendition.parse(large).without_defaults() == large
