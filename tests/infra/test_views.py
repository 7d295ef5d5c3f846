"""Lazy renditions: the function that makes them on first view, and its way from the CDN."""

import json

import pytest

from function.engine.renditions import OutputFormat, Rendition
from function.environment import Environment
from pipeline import sizes, view_route
from pipeline.permissions import roles
from pipeline.permissions.documents import to_json
from pipeline.settings import Settings, SettingsError
from pipeline.settings_values import structured
from tests.infra.engine import evaluated, run
from tests.infra.variants import KMS, LAZY

LARGE, _, THUMB = LAZY
PATTERNS = ["*/large", "*/large.jpg", "*/large.avif", "*/grid", "*/grid.webp"]


@pytest.fixture(scope="module")
def lazy():
    return evaluated("prod", renditions=LAZY, viewConcurrency=7)


def test_a_stack_without_lazy_renditions_has_none_of_it(program):
    assert not program.all("Views")
    assert "viewFunctionName" not in program.outputs
    for distribution in program.all("Distribution"):
        assert "originGroups" not in distribution.inputs


def test_the_function_is_the_resizers_code_with_another_entry_and_a_ceiling(lazy):
    function = lazy.one("Function", "-views").inputs
    resizer = lazy.one("Function", "-resizer").inputs
    own = {"handler", "description", "reservedConcurrentExecutions", "role", "loggingConfig"}
    own |= {"environment", "timeout"}
    assert {key for key in function if function[key] != resizer.get(key)} == own
    assert function["handler"] == "function.view_handler.handle"
    assert function["reservedConcurrentExecutions"] == 7
    assert lazy.outputs["viewFunctionName"] == lazy.one("Function", "-views").outputs["name"]


def test_its_variables_are_the_resizers_without_metrics_url_and_index():
    lazy = evaluated("prod", renditions=LAZY, duplicates="near")
    variables = lazy.one("Function", "-views").inputs["environment"]["variables"]
    resizers = lazy.one("Function", "-resizer").inputs["environment"]["variables"]
    other = {
        "PUBLISH_METRICS": "false",
        "DELIVERY_URL": "",
        "DUPLICATES": "off",
        "INDEX_TABLE": "",
        "TIMEOUT": "30",
        "SOURCE_BUCKET": lazy.outputs["sourceBucket"],
    }
    assert variables == resizers | other
    read = Environment.read({**variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"})
    assert [rendition.lazy for rendition in read.renditions] == [True, True, False]


def test_a_preview_of_a_new_stack_breaks_no_guardrail():
    """The name of the source bucket is not known yet, and only this function is told it."""
    program = run("prod", preview=True, renditions=LAZY)
    assert program.one("Function", "-views")


@pytest.mark.parametrize(("timeout", "seconds"), [(20, 20), (60, 30)])
def test_it_ends_when_cloudfront_has_given_up(timeout, seconds):
    lazy = evaluated("prod", renditions=LAZY, timeout=timeout, batchSize=1)
    function = lazy.one("Function", "-views").inputs
    assert function["timeout"] == seconds
    assert function["environment"]["variables"]["TIMEOUT"] == str(seconds)
    (origin,) = [o for o in lazy.one("Distribution").inputs["origins"] if o["originId"] == "views"]
    assert origin["customOriginConfig"]["originReadTimeout"] == seconds
    assert origin["connectionAttempts"] == 1
    assert lazy.one("Function", "-resizer").inputs["timeout"] == timeout


def test_the_distribution_alone_may_call_it_by_its_url_alone(lazy):
    url = lazy.one("FunctionUrl", "-views").inputs
    assert url["authorizationType"] == "AWS_IAM"
    assert "cors" not in url
    permissions = {
        permission.inputs["action"]: permission.inputs
        for permission in lazy.all("Permission")
        if "-views-" in permission.name
    }
    assert set(permissions) == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    for permission in permissions.values():
        assert permission["principal"] == "cloudfront.amazonaws.com"
        assert permission["sourceArn"] == lazy.one("Distribution").outputs["arn"]
        assert permission["function"] == lazy.outputs["viewFunctionName"]
    assert permissions["lambda:InvokeFunctionUrl"]["functionUrlAuthType"] == "AWS_IAM"
    assert permissions["lambda:InvokeFunction"]["invokedViaFunctionUrl"] is True


def test_function_url_distribution_and_permissions_are_made_one_after_the_other(lazy):
    function, url = lazy.one("Function", "-views"), lazy.one("FunctionUrl", "-views")
    may_url, may_invoke = (lazy.one("Permission", f"-views-{part}") for part in ("url", "invoke"))
    distribution = lazy.one("Distribution")
    for earlier in ("RolePolicy", "LogGroup"):
        lazy.assert_after(function, lazy.one(earlier, "-views"))
    lazy.assert_after(url, function)
    lazy.assert_after(distribution, url)
    lazy.assert_after(may_url, distribution)
    assert may_url.urn in may_invoke.dependencies


def test_it_reads_uploads_and_writes_manifests_and_lazy_renditions_alone(lazy):
    statements = lazy.one("RolePolicy", "-views").statements()
    source = f"arn:aws:s3:::{lazy.outputs['sourceBucket']}"
    destination = f"arn:aws:s3:::{lazy.outputs['destinationBucket']}"
    files = [f"{destination}/*/{name}" for name in ("large.jpg", "large.avif", "grid.webp")]
    log = statements.pop("WriteLog")["Resource"]
    assert {sid: (s["Action"], s["Resource"]) for sid, s in statements.items()} == {
        "ReadUploads": (["s3:GetObject", "s3:GetObjectVersion"], f"{source}/uploads/*"),
        "TellMissingFromDenied": (["s3:ListBucket"], [source, destination]),
        "EnterInManifests": (
            ["s3:PutObject", "s3:GetObject"],
            f"{destination}/*/manifest.json",
        ),
        "WriteRenditions": (["s3:PutObject", "s3:GetObject", "s3:DeleteObject"], files),
        "WriteTraces": (["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*"),
    }
    assert all("-views-1234567" in arn for arn in log)


def test_the_resizer_may_not_write_what_it_does_not_make(lazy):
    statements = lazy.one("RolePolicy", "-resizer").statements()
    files = {
        sid: [arn.rpartition("/")[2] for arn in statements[sid]["Resource"]]
        for sid in ("WriteRenditions", "ReadLazyRenditions", "RemoveLeftovers")
    }
    assert files["WriteRenditions"] == ["manifest.json", "thumb.jpg"]
    assert files["ReadLazyRenditions"] == ["large.jpg", "large.avif", "grid.webp"]
    assert statements["ReadLazyRenditions"]["Action"] == ["s3:GetObject"]
    assert {"*.jpg", "*.avif", "*.webp"} <= set(files["RemoveLeftovers"])


def test_the_resizer_of_a_stack_without_lazy_renditions_may_what_it_might(prod):
    assert "ReadLazyRenditions" not in prod.one("RolePolicy", "-resizer").statements()


def test_with_kms_it_uses_the_key():
    settings = KMS | {"renditions": LAZY, "vpc": {"subnets": ["subnet-0a1b2c3d"]}}
    settings["vpc"] |= {"securityGroups": ["sg-0a1b2c3d"]}
    private = evaluated("prod", **settings)
    statements = private.one("RolePolicy", "-views").statements()
    assert statements["UseKey"]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert statements["UseKey"]["Resource"] == private.one("Key").outputs["arn"]
    assert "ConnectToVpc" in statements
    assert private.one("Function", "-views").inputs["vpcConfig"]["subnetIds"] == ["subnet-0a1b2c3d"]


def test_the_bucket_is_asked_first_and_the_function_for_what_it_lacks(lazy):
    distribution = lazy.one("Distribution").inputs
    assert distribution["originGroups"] == [
        {
            "originId": "first-view",
            "failoverCriteria": {"statusCodes": [403, 404]},
            "members": [{"originId": "destination"}, {"originId": "views"}],
        }
    ]
    (views,) = [o for o in distribution["origins"] if o["originId"] == "views"]
    url = lazy.one("FunctionUrl", "-views").outputs["functionUrl"]
    assert f"https://{views['domainName']}/" == url
    assert views["customOriginConfig"]["originProtocolPolicy"] == "https-only"
    assert views["customOriginConfig"]["originSslProtocols"] == ["TLSv1.2"]
    access = lazy.one("OriginAccessControl", "-cdn-views")
    assert views["originAccessControlId"].startswith(access.name)
    assert access.inputs["originAccessControlOriginType"] == "lambda"
    assert access.inputs["signingBehavior"] == "always"


def test_lazy_renditions_alone_have_behaviours_of_their_own(lazy):
    distribution = lazy.one("Distribution").inputs
    behaviors = distribution["orderedCacheBehaviors"]
    assert [behavior["pathPattern"] for behavior in behaviors] == PATTERNS
    default = distribution["defaultCacheBehavior"]
    assert default["targetOriginId"] == "destination"
    for behavior in behaviors:
        own = {"pathPattern": behavior["pathPattern"], "targetOriginId": "first-view"}
        assert behavior == default | own
    assert default["allowedMethods"] == default["cachedMethods"] == ["GET", "HEAD"]
    forwarded = lazy.one("OriginRequestPolicy").inputs["headersConfig"]["headers"]["items"]
    assert forwarded == ["CloudFront-Viewer-TLS"], "Host is the function URL's own"


def test_no_pattern_matches_a_manifest(lazy):
    """``*`` also stands for slashes, so ``*/large.*`` would."""
    upload = "/u1/large.jpg/manifest.json"
    for behavior in lazy.one("Distribution").inputs["orderedCacheBehaviors"]:
        assert not upload.endswith(behavior["pathPattern"].lstrip("*"))
        assert "*" not in behavior["pathPattern"][1:]


def test_it_is_watched(lazy):
    metrics = {}
    for alarm in lazy.all("MetricAlarm"):
        if "-views-" in alarm.name:
            (query,) = alarm.inputs["metricQueries"]
            (watched,) = query["metric"]["dimensions"].values()
            assert watched == lazy.outputs["viewFunctionName"]
            metrics[alarm.name.rpartition("prod-")[2]] = query["metric"]["metricName"]
    assert metrics == {"views-errors-alarm": "Url5xxCount", "views-throttles-alarm": "Throttles"}
    body = json.loads(lazy.one("Dashboard").inputs["dashboardBody"])
    titles = [widget["properties"]["title"] for widget in body["widgets"]]
    assert "One first view (ms)" in titles
    (at_once,) = [w for w in body["widgets"] if w["properties"]["title"] == "First views at once"]
    assert at_once["properties"]["annotations"]["horizontal"][0]["value"] == 7


def test_lazy_needs_the_cdn():
    with pytest.raises(SettingsError, match=r"^renditions with lazy: true \(large, grid\) need"):
        run("dev", renditions=LAZY)


def renditions(count: int, formats: list[str]) -> list[dict]:
    lazy = [LARGE | {"name": f"r{n}", "formats": formats} for n in range(count)]
    return [*lazy, THUMB]


@pytest.mark.parametrize(
    ("settings", "count", "behaviors"),
    [
        pytest.param({}, 37, 75, id="default-alone"),
        pytest.param({"site": True}, 35, 75, id="page"),
        pytest.param({"uploads": "presigned", "wafRequestsPerMinute": 10}, 36, 74, id="signer"),
    ],
)
def test_more_behaviours_than_cloudfront_takes_are_one_sentence(settings, count, behaviors):
    given = {"uploads": "public", **settings}
    fits = run("prod", **given, renditions=renditions(count, ["jpeg"]))
    distribution = fits.one("Distribution").inputs
    assert 1 + len(distribution["orderedCacheBehaviors"]) == behaviors
    with pytest.raises(SettingsError, match=r"make \d+ cache behaviors and CloudFront takes 75"):
        run("prod", **given, renditions=renditions(count + 1, ["jpeg"]))


def test_as_many_as_cloudfront_takes_fit_into_the_policy_of_the_role():
    """So no check of its length is needed (``pipeline/sizes.py``)."""
    formats = tuple(OutputFormat)
    each = 1 + len(formats)
    names = [f"{n:02}-{'x' * 29}" for n in range(sizes.MAX_BEHAVIORS // each)]
    policy = roles.views_role(
        source_arn=f"arn:aws-us-gov:s3:::{'s' * 63}",
        destination_arn=f"arn:aws-us-gov:s3:::{'d' * 63}",
        log_group_arn=f"arn:aws-us-gov:logs:ap-southeast-1:{'1' * 12}:log-group:{'l' * 63}",
        key_arn=f"arn:aws-us-gov:kms:ap-southeast-1:{'1' * 12}:key/{'k' * 36}",
        renditions=[
            Rendition(name=name, width=1, height=1, formats=formats, lazy=True) for name in names
        ],
        tracing=True,
        in_vpc=True,
    )
    assert len(to_json(policy)) <= sizes.MAX_ROLE_POLICY


def test_patterns_are_of_the_formats_that_are_made():
    settings = Settings(delivery="cdn", renditions=structured("renditions", "x", LAZY))
    assert list(view_route.patterns(settings.renditions)) == PATTERNS
