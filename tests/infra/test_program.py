"""The whole program, evaluated for every committed stack and the variants that none of them is."""

import json
import re
import shutil
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pulumi
import pytest
from pulumi_aws._inputs import ProviderEndpointArgsDict

from function.contract import METRIC_NAMESPACE, Metric
from function.engine.renditions import DEFAULT_RENDITIONS
from function.engine.results import Task
from function.environment import Environment
from local.program import read_config
from pipeline.bundle import build
from pipeline.image_pipeline import ImagePipeline
from pipeline.settings import Settings
from tests.infra import engine
from tests.infra.engine import ACCOUNT, STATED, Program, record, run, run_committed, takes_tags

ROOT = Path(__file__).parents[2]
STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
TOPIC = "arn:aws:sns:eu-central-1:123456789012:image-pipeline-dev-alarms-1234567"
KMS = {"uploads": "presigned", "delivery": "cdn", "encryption": "kms"}
VARIANTS = {"kms": KMS, "near": {"duplicates": "near"}}
DOMAIN = {
    "domain": "photos.example.com",
    "certificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b",
    "hostedZoneId": "Z123",
}
EVENT_KINDS = ("ObjectCreated", "ObjectRemoved", "LifecycleExpiration")
OUTPUTS = {
    *("sourceBucket", "destinationBucket", "queueUrl", "deadLetterQueueUrl", "functionName"),
    *("logGroup", "uploadEndpoint", "deliveryUrl", "dashboardUrl"),
}


@pytest.fixture(scope="module", params=[*STACKS, "kms", "near"])
def program(request) -> Program:
    """Each stack with what is in its file, and the variants that none of them ships as."""
    if request.param in VARIANTS:
        return run("dev", **VARIANTS[request.param])
    return run_committed(request.param)


@pytest.fixture(scope="module")
def site() -> Program:
    """Prod with all that the CDN can be asked for."""
    return run("prod", site="true", **DOMAIN, priceClass="PriceClass_100")


@pytest.fixture(scope="module")
def dev() -> Program:
    return run("dev")


@pytest.fixture(scope="module")
def prod() -> Program:
    return run("prod")


@pytest.fixture(scope="module")
def kms() -> Program:
    return run("dev", **KMS)


def test_committed_stacks_are_the_documented_ones():
    assert set(STATED) == {"dev", "local", "prod"}
    assert set(STATED) <= set(STACKS)


def test_outputs_are_the_contract(program):
    assert set(program.outputs) == OUTPUTS | ({"siteUrl"} if program.settings.site else set())
    assert all(isinstance(value, str) and value for value in program.outputs.values())


def test_everything_taggable_carries_the_stacks_tags(program):
    taggable = [r for r in program.resources if r.type.startswith("aws:") and takes_tags(r.type)]
    assert len(taggable) >= 7
    for resource in taggable:
        stack = resource.urn.split(":")[2]
        program.assert_tagged(resource, Project="image-pipeline", Stack=stack, ManagedBy="pulumi")


def test_every_resource_belongs_to_the_pipeline(program):
    (pipeline,) = program.all("ImagePipeline")
    stack = program.by_urn[pipeline.parent]
    assert stack.type == "pulumi:pulumi:Stack"
    for resource in program.resources:
        if resource not in (pipeline, stack):
            program.assert_within(resource, pipeline)


def test_notification_comes_after_the_policy_that_lets_s3_send(program):
    notification = program.one("BucketNotification", "-uploads")
    program.assert_after(notification, program.one("QueuePolicy", "-uploads"))
    assert [
        {"queueArn": q["queueArn"], "events": q["events"], "filterPrefix": q["filterPrefix"]}
        for q in notification.inputs["queues"]
    ] == [
        {
            "queueArn": program.one("QueuePolicy", "-uploads").policy()["Statement"][0]["Resource"],
            "events": [f"s3:{kind}:*" for kind in EVENT_KINDS],
            "filterPrefix": "uploads/",
        }
    ]


def test_function_comes_after_its_permissions_and_its_log(program):
    function = program.one("Function", "-resizer")
    for earlier in ("RolePolicy", "LogGroup"):
        program.assert_after(function, program.one(earlier, "-resizer"))


def test_bucket_policies_come_after_block_public_access(program):
    for policy in program.all("BucketPolicy"):
        program.assert_after(policy, program.one("BucketPublicAccessBlock", policy.name))


def test_visibility_timeout_is_six_function_timeouts():
    program = run("dev", timeout=45)
    assert program.one("Function", "-resizer").inputs["timeout"] == 45
    assert program.one("Queue", "-uploads").inputs["visibilityTimeoutSeconds"] == 270


def test_queues_are_encrypted_and_dead_letters_kept_for_14_days(program):
    queue, dead = program.one("Queue", "-uploads"), program.one("Queue", "-dead-letters")
    assert queue.inputs["sqsManagedSseEnabled"] is True
    assert dead.inputs["sqsManagedSseEnabled"] is True
    assert dead.inputs["messageRetentionSeconds"] == 14 * 24 * 3600
    assert queue.inputs["messageRetentionSeconds"] < dead.inputs["messageRetentionSeconds"]
    redrive = json.loads(queue.inputs["redrivePolicy"])
    assert redrive["maxReceiveCount"] == 5
    assert redrive["deadLetterTargetArn"].endswith("-dead-letters-1234567")
    allow = program.one("RedriveAllowPolicy").policy("redriveAllowPolicy")
    assert " " not in queue.inputs["redrivePolicy"]
    assert " " not in program.one("RedriveAllowPolicy").inputs["redriveAllowPolicy"]
    assert allow["redrivePermission"] == "byQueue"
    assert [arn.rsplit(":")[-1] for arn in allow["sourceQueueArns"]] == [f"{queue.name}-1234567"]


def test_only_s3_on_behalf_of_the_source_bucket_may_send(program):
    statement = program.one("QueuePolicy", "-uploads").statements()["S3MaySend"]
    source = program.one("Bucket", "-source")
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
    assert statement["Condition"]["ArnEquals"]["aws:SourceArn"].endswith(f"{source.name}-1234567")


def test_queues_and_buckets_deny_plain_http(program):
    for policy in [*program.all("QueuePolicy"), *program.all("BucketPolicy")]:
        deny = policy.statements()["DenyPlainHttp"]
        assert (deny["Effect"], deny["Principal"]) == ("Deny", "*")
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    for policy in program.all("BucketPolicy"):
        deny = policy.statements()["DenyOldTls"]
        assert deny["Condition"] == {"NumericLessThan": {"s3:TlsVersion": "1.2"}}


def test_buckets_are_configured_as_one(program):
    for part in ("-source", "-destination"):
        ownership = program.one("BucketOwnershipControls", part)
        assert ownership.inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
        rules = program.one("BucketLifecycleConfiguration", part).inputs["rules"]
        assert rules[0]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 1}
    source_rules = program.one("BucketLifecycleConfiguration", "-source").inputs["rules"]
    assert source_rules[1]["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    versioning = program.one("BucketVersioning").inputs["versioningConfiguration"]
    assert versioning == {"status": "Enabled"}


def test_cors_lets_pages_upload_and_read(program):
    upload = program.one("BucketCorsConfiguration", "-source").inputs["corsRules"][0]
    read = program.one("BucketCorsConfiguration", "-destination").inputs["corsRules"][0]
    assert upload["allowedMethods"] == ["PUT", "POST"]
    assert read["allowedMethods"] == ["GET", "HEAD"]


def test_s3_managed_encryption_by_default(dev):
    assert dev.all("Key") == []
    for encryption in dev.all("BucketServerSideEncryptionConfiguration"):
        (rule,) = encryption.inputs["rules"]
        assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


def test_kms_encrypts_buckets_with_the_stacks_own_rotating_key(kms):
    key = kms.one("Key")
    assert key.inputs["enableKeyRotation"] is True
    arn = f"{key.name}-1234567"
    for part in ("-source", "-destination"):
        (rule,) = kms.one("BucketServerSideEncryptionConfiguration", part).inputs["rules"]
        default = rule["applyServerSideEncryptionByDefault"]
        assert default["sseAlgorithm"] == "aws:kms"
        assert default["kmsMasterKeyId"].endswith(arn)
        assert rule["bucketKeyEnabled"] is True
    use = kms.one("RolePolicy", "-resizer").statements()["UseKey"]
    assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert use["Resource"].endswith(arn)
    variables = kms.one("Function", "-resizer").inputs["environment"]["variables"]
    assert variables["KMS_KEY_ARN"].endswith(arn)


def test_no_bucket_takes_uploads_under_a_key_that_only_the_uploader_has(program):
    for encryption in program.all("BucketServerSideEncryptionConfiguration"):
        (rule,) = encryption.inputs["rules"]
        assert rule["blockedEncryptionTypes"] == ["SSE-C"]


def test_the_key_outlives_the_setting_and_the_stack_and_its_alias_does_not(kms):
    assert kms.one("Key").retain_on_delete
    assert not kms.one("Alias").retain_on_delete


def test_public_uploads_allow_put_under_the_prefix_and_nothing_else(dev):
    policy = dev.one("BucketPolicy", "-source").statements()
    allowed = [s for s in policy.values() if s["Effect"] == "Allow"]
    assert [(s["Principal"], s["Action"]) for s in allowed] == [("*", "s3:PutObject")]
    assert allowed[0]["Resource"].endswith("/uploads/*")
    assert allowed[0]["Condition"] == {
        "StringEqualsIfExists": {
            "s3:x-amz-storage-class": "STANDARD",
            "s3:x-amz-server-side-encryption": "AES256",
        },
        "Null": {
            "s3:x-amz-server-side-encryption-aws-kms-key-id": "true",
            "s3:x-amz-server-side-encryption-customer-algorithm": "true",
        },
    }
    block = dev.one("BucketPublicAccessBlock", "-source").inputs
    assert (block["blockPublicAcls"], block["ignorePublicAcls"]) == (True, True)
    assert (block["blockPublicPolicy"], block["restrictPublicBuckets"]) == (False, False)


def test_presigned_uploads_and_cdn_leave_nothing_public(prod):
    for part in ("-source", "-destination"):
        block = prod.one("BucketPublicAccessBlock", part).inputs
        switches = [v for k, v in block.items() if k != "bucket"]
        assert switches == [True, True, True, True]
        statements = prod.one("BucketPolicy", part).statements().values()
        assert all(s["Principal"] != "*" for s in statements if s["Effect"] == "Allow")


def test_anyone_may_call_the_signer_by_its_url_alone(prod):
    assert prod.outputs["uploadEndpoint"].endswith(".lambda-url.eu-central-1.on.aws/")
    url = prod.one("FunctionUrl").inputs
    assert url["authorizationType"] == "NONE"
    assert (url["cors"]["allowOrigins"], url["cors"]["allowMethods"]) == (["*"], ["POST"])
    permissions = {p.inputs["action"]: p.inputs for p in prod.all("Permission")}
    assert set(permissions) == {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}
    assert permissions["lambda:InvokeFunctionUrl"]["functionUrlAuthType"] == "NONE"
    assert permissions["lambda:InvokeFunction"]["invokedViaFunctionUrl"] is True


def test_the_signer_s_permissions_and_url_are_made_one_after_the_other(prod):
    """Lambda answers 409 to changes of one function's policy that overlap."""
    function, url = prod.one("Function", "-signer"), prod.one("FunctionUrl")
    may_url, may_invoke = prod.one("Permission", "-url"), prod.one("Permission", "-invoke")
    assert {may_url.urn, may_invoke.urn} <= url.dependencies
    assert may_url.urn in may_invoke.dependencies
    assert prod.one("RolePolicy", "-signer").urn in function.dependencies


def test_the_signer_has_a_ceiling_and_may_only_upload(prod, kms):
    assert prod.one("Function", "-signer").inputs["reservedConcurrentExecutions"] == 10
    statements = kms.one("RolePolicy", "-signer").statements()
    assert set(statements) == {"WriteUploads", "WriteLog", "UseKey"}
    assert statements["WriteUploads"]["Action"] == ["s3:PutObject"]
    assert statements["WriteUploads"]["Resource"].endswith("-source-1234567/uploads/*")
    assert statements["UseKey"]["Action"] == ["kms:GenerateDataKey"]
    assert set(prod.one("RolePolicy", "-signer").statements()) == {"WriteUploads", "WriteLog"}


def test_the_signer_reads_what_the_program_sets(prod):
    variables = prod.one("Function", "-signer").inputs["environment"]["variables"]
    read = re.findall(r'os\.environ\["(\w+)"\]', (ROOT / "signer" / "handler.py").read_text())
    assert set(variables) == set(read)
    assert variables["UPLOAD_URL"].endswith("-source-1234567.s3.eu-central-1.amazonaws.com")
    assert variables["MAX_UPLOAD_BYTES"] == "25000000"


def test_cdn_alone_reads_the_destination(prod):
    read = prod.one("BucketPolicy", "-destination").statements()["CdnRead"]
    distribution = prod.one("Distribution")
    assert read["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert read["Condition"]["StringEquals"]["aws:SourceArn"].endswith(
        f"{distribution.name}-1234567"
    )
    behavior = distribution.inputs["defaultCacheBehavior"]
    assert behavior["viewerProtocolPolicy"] == "https-only"
    assert prod.outputs["deliveryUrl"] == "https://d111111abcdef8.cloudfront.net"


def test_the_cdn_is_https_http3_compressed_and_logged(prod):
    distribution = prod.one("Distribution").inputs
    assert distribution["httpVersion"] == "http2and3"
    assert distribution["isIpv6Enabled"] is True
    assert distribution["priceClass"] == "PriceClass_All"
    assert distribution["viewerCertificate"] == {"cloudfrontDefaultCertificate": True}
    behavior = distribution["defaultCacheBehavior"]
    assert behavior["allowedMethods"] == behavior["cachedMethods"] == ["GET", "HEAD"]
    assert behavior["compress"] is True
    key = prod.one("CachePolicy").inputs["parametersInCacheKeyAndForwardedToOrigin"]
    assert (key["enableAcceptEncodingBrotli"], key["enableAcceptEncodingGzip"]) == (True, True)
    source = prod.one("LogDeliverySource").inputs
    assert source["resourceArn"].endswith(f"{prod.one('Distribution').name}-1234567")
    for part in ("LogDeliverySource", "LogDeliveryDestination", "LogDelivery"):
        assert prod.one(part).inputs["region"] == "us-east-1"


def test_the_cache_is_keyed_on_path_and_v_alone(prod):
    policy = prod.one("CachePolicy").inputs
    key = policy["parametersInCacheKeyAndForwardedToOrigin"]
    assert key["queryStringsConfig"] == {
        "queryStringBehavior": "whitelist",
        "queryStrings": {"items": ["v"]},
    }
    assert key["headersConfig"]["headerBehavior"] == "none"
    assert key["cookiesConfig"]["cookieBehavior"] == "none"
    assert policy["minTtl"] == 0


def test_an_edge_never_remembers_that_a_manifest_was_not_there(prod):
    errors = prod.one("Distribution").inputs["customErrorResponses"]
    assert errors == [
        {"errorCode": 403, "errorCachingMinTtl": 0},
        {"errorCode": 404, "errorCachingMinTtl": 0},
    ]


def test_the_edge_function_knows_the_stacks_renditions_and_sees_every_request(site):
    function = site.one("Function", "-cdn").inputs
    assert (function["runtime"], function["publish"]) == ("cloudfront-js-2.0", True)
    constants = function["code"].splitlines()[:2]
    assert constants[0] == (
        'const RENDITIONS = {"large":["jpg","webp"],"medium":["jpg","webp"],'
        '"small":["jpg","webp"],"thumb":["jpg","webp"]};'
    )
    assert json.loads(constants[1].removeprefix("const SITE = ").rstrip(";")) == [
        *sorted(file.name for file in (ROOT / "web").iterdir()),
        "config.json",
    ]
    distribution = site.one("Distribution").inputs
    for behavior in (distribution["defaultCacheBehavior"], *distribution["orderedCacheBehaviors"]):
        association = behavior["functionAssociations"][0]
        assert association["eventType"] == "viewer-request"
        assert association["functionArn"].endswith("-cdn-1234567")
        assert behavior["viewerProtocolPolicy"] == "https-only"


def test_a_function_of_its_own_sees_the_answers_of_the_destination_alone(site):
    """An older release's one function, which a rollback brings back, takes requests only."""
    distribution = site.one("Distribution").inputs
    _request, answer = distribution["defaultCacheBehavior"]["functionAssociations"]
    assert answer["eventType"] == "viewer-response"
    assert answer["functionArn"].endswith("-cdn-age-1234567")
    assert site.one("Function", "-cdn-age").inputs["code"] == (ROOT / "edge/age.js").read_text()
    for behavior in distribution["orderedCacheBehaviors"]:
        assert len(behavior["functionAssociations"]) == 1


def test_a_domain_of_ones_own_speaks_tls_1_2_or_later(site):
    distribution = site.one("Distribution").inputs
    assert distribution["aliases"] == ["photos.example.com"]
    assert distribution["priceClass"] == "PriceClass_100"
    assert distribution["viewerCertificate"] == {
        "acmCertificateArn": DOMAIN["certificateArn"],
        "sslSupportMethod": "sni-only",
        "minimumProtocolVersion": "TLSv1.2_2021",
    }
    for entry in site.all("Record"):
        assert (entry.inputs["name"], entry.inputs["zoneId"]) == (
            "photos.example.com",
            "Z123",
        )
        (alias,) = entry.inputs["aliases"]
        assert alias["name"] == "d111111abcdef8.cloudfront.net"
    assert {entry.inputs["type"] for entry in site.all("Record")} == {"A", "AAAA"}
    assert site.outputs["deliveryUrl"] == "https://photos.example.com"


def test_the_page_lies_in_a_bucket_that_the_cdn_alone_reads(site):
    assert site.outputs["siteUrl"] == "https://photos.example.com/"
    objects = {r.inputs["key"]: r.inputs for r in site.all("BucketObjectv2")}
    assert set(objects) == {file.name for file in (ROOT / "web").iterdir()} | {"config.json"}
    assert {values["cacheControl"] for values in objects.values()} == {"no-cache"}
    assert json.loads(objects["config.json"]["content"]) == {
        "uploads": "presigned",
        "maxUploadBytes": 25_000_000,
        "uploadEndpoint": site.outputs["uploadEndpoint"].rstrip("/"),
        "deliveryUrl": "https://photos.example.com",
    }
    read = site.one("BucketPolicy", "-site").statements()["CdnRead"]
    assert read["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert "aws:SourceArn" in read["Condition"]["StringEquals"]
    paths = [b["pathPattern"] for b in site.one("Distribution").inputs["orderedCacheBehaviors"]]
    assert paths == ["/*.html", "/*.css", "/*.js", "/config.json"]


def test_the_page_may_reach_the_stack_and_nothing_else(site):
    headers = site.one("ResponseHeadersPolicy", "-cdn-page").inputs["securityHeadersConfig"]
    policy = headers["contentSecurityPolicy"]["contentSecurityPolicy"].split("; ")
    directives = {name: sources for name, *sources in (part.split() for part in policy)}
    delivery = "https://photos.example.com"
    source = f"https://{site.outputs['sourceBucket']}.s3.eu-central-1.amazonaws.com"
    signer = site.outputs["uploadEndpoint"].rstrip("/")
    assert directives == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", delivery],
        "connect-src": ["'self'", signer, source, delivery],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
    }


def test_log_delivery_alone_writes_the_access_log_which_expires(prod):
    write = prod.one("BucketPolicy", "-cdn-log").statements()["AWSLogDeliveryWrite"]
    assert write["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert write["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT
    assert write["Resource"].endswith(f"/AWSLogs/{ACCOUNT}/*")
    rules = prod.one("BucketLifecycleConfiguration", "-cdn-log").inputs["rules"]
    assert rules[-1]["expiration"] == {"days": 90}
    assert prod.one("BucketPolicy", "-cdn-log").urn in prod.one("LogDelivery").dependencies


def test_log_delivery_finds_its_own_statement_and_appends_none(prod):
    """The statement that it looks for (CloudWatch Logs user guide, "Logs sent to Amazon S3")."""
    bucket = prod.one("Bucket", "-cdn-log").outputs["arn"]
    assert prod.one("BucketPolicy", "-cdn-log").statements()["AWSLogDeliveryWrite"] == {
        "Sid": "AWSLogDeliveryWrite",
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{bucket}/AWSLogs/{ACCOUNT}/*",
        "Condition": {
            "StringEquals": {
                "s3:x-amz-acl": "bucket-owner-full-control",
                "aws:SourceAccount": ACCOUNT,
            },
            "ArnLike": {"aws:SourceArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:delivery-source:*"},
        },
    }


def test_the_log_s_bucket_alone_is_deleted_with_what_it_holds(site):
    forced = {b.name for b in site.all("Bucket") if b.inputs.get("forceDestroy")}
    assert forced == {"image-pipeline-prod-cdn-log"}


def test_public_delivery_names_each_public_object_and_denies_the_index(dev):
    policy = dev.one("BucketPolicy", "-destination").statements()
    suffixes = {arn.rsplit("/", 1)[-1] for arn in policy["PublicRead"]["Resource"]}
    assert suffixes == {"manifest.json"} | {
        f"{r.name}.{extension}" for r in DEFAULT_RENDITIONS for extension in ("jpg", "webp")
    }
    assert policy["DenyIndex"]["Resource"].endswith("/_index/*")
    assert policy["DenyIndex"]["Condition"] == {
        "StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}
    }


def test_role_has_what_it_needs_and_no_wildcard_but_x_rays(program):
    role = program.one("Role", "-resizer")
    trust = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert [s["Principal"] for s in trust] == [{"Service": "lambda.amazonaws.com"}]
    statements = program.one("RolePolicy", "-resizer").statements()
    for sid, statement in statements.items():
        assert "*" not in "".join(statement["Action"]), sid
        assert (statement["Resource"] == "*") is (sid == "WriteTraces")
    assert statements["ReadUploads"]["Resource"].endswith("-source-1234567/uploads/*")
    listing = statements["TellMissingFromDenied"]
    assert listing["Action"] == ["s3:ListBucket"]
    assert "Condition" not in listing
    assert [arn.rsplit("-", 2)[1] for arn in listing["Resource"]] == ["source", "destination"]
    assert statements["RemoveLeftovers"]["Action"] == ["s3:DeleteObject"]
    assert all("." in arn.rsplit("/", 1)[-1] for arn in statements["RemoveLeftovers"]["Resource"])
    written = statements["WriteRenditions"]["Resource"]
    assert all("-destination-1234567/*/" in arn for arn in written)


def test_function_is_what_the_settings_say():
    program = run("dev", memory=2048, architecture="x86_64", runtime="python3.13")
    function = program.one("Function", "-resizer").inputs
    assert function["memorySize"] == 2048
    assert function["architectures"] == ["x86_64"]
    assert function["runtime"] == "python3.13"
    assert function["handler"] == "function.handler.handle"
    assert function["tracingConfig"] == {"mode": "Active"}
    assert function["loggingConfig"] == {
        "logFormat": "JSON",
        "logGroup": program.one("LogGroup", "-resizer").inputs["name"],
    }


def test_the_provider_hashes_the_code_itself(prod):
    """pulumi-aws fills ``source_code_hash`` with the archive's hash (its ``HashField``)."""
    for part in ("-resizer", "-signer"):
        assert "sourceCodeHash" not in prod.one("Function", part).inputs


def test_changed_code_is_another_archive_and_unchanged_code_the_same(monkeypatch, tmp_path):
    def archive() -> tuple[str, bytes]:
        path = run("dev").one("Function", "-resizer").inputs["code"]["path"]
        return path, Path(path).read_bytes()

    before = archive()
    assert archive() == before
    source = tmp_path / "function"
    shutil.copytree(ROOT / "function", source)
    (source / "new.py").write_text("NEW = 1\n")
    monkeypatch.setattr("pipeline.image_pipeline.build", partial(build, source=source))
    changed = archive()
    assert changed[0] != before[0]
    assert changed[1] != before[1]


def test_defaults_are_arm64_python313_1024_mb(dev):
    function = dev.one("Function").inputs
    assert function["architectures"] == ["arm64"]
    assert (function["runtime"], function["memorySize"]) == ("python3.13", 1024)


def test_mapping_reports_failures_one_by_one():
    program = run("dev", batchSize=7, timeout=75, maxConcurrency=33)
    mapping = program.one("EventSourceMapping").inputs
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["batchSize"] == 7
    assert mapping["scalingConfig"] == {"maximumConcurrency": 33}


def test_function_reads_back_the_environment_that_the_program_sets(program):
    variables = program.one("Function", "-resizer").inputs["environment"]["variables"]
    environment = Environment.read({**variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"})
    by_lambda, unless_false = {"MEMORY_MB"}, {"NATIVE_DECODER"}
    expected = {name.upper() for name in Environment.fields} - by_lambda - unless_false
    assert set(variables) == expected | {"GLIBC_TUNABLES"}
    assert environment.renditions == program.settings.renditions
    assert environment.delivery_url == program.outputs["deliveryUrl"]
    assert environment.destination_bucket == program.outputs["destinationBucket"]


def test_only_a_stack_without_native_decoders_has_a_variable_for_them(dev):
    """An upgrade changes no variable of the others."""
    off = run("dev", nativeDecoder=False)
    before, after = (
        program.one("Function").inputs["environment"]["variables"] for program in (dev, off)
    )
    assert after == before | {"NATIVE_DECODER": "false"}
    for variables, native in ((before, True), (after, False)):
        environment = Environment.read({**variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"})
        assert environment.native_decoder is native
        assert environment.task.native_decoder is native
        assert Task.parse(environment.task.to_dict()) == environment.task


def test_defaults_are_the_four_renditions(dev):
    assert dev.settings.renditions == DEFAULT_RENDITIONS


def test_the_index_is_there_only_when_duplicates_are_looked_for(dev):
    assert dev.all("Table") == []
    assert "UseIndex" not in dev.one("RolePolicy").statements()
    near = run("dev", duplicates="near")
    table = near.one("Table")
    assert table.inputs["billingMode"] == "PAY_PER_REQUEST"
    assert (table.inputs["hashKey"], table.inputs["rangeKey"]) == ("bucket", "name")
    use = near.one("RolePolicy").statements()["UseIndex"]
    assert use["Action"] == ["dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
    assert use["Resource"].endswith(f"{table.name}-1234567")
    variables = near.one("Function").inputs["environment"]["variables"]
    assert (variables["DUPLICATES"], variables["INDEX_TABLE"]) == ("near", f"{table.name}-1234567")


def test_tracing_and_its_permission_go_together(dev):
    assert "WriteTraces" in dev.one("RolePolicy").statements()
    untraced = run("dev", tracing=False)
    assert untraced.one("Function").inputs["tracingConfig"] == {"mode": "PassThrough"}
    assert "WriteTraces" not in untraced.one("RolePolicy").statements()


def test_eventbridge_hears_of_the_destination_only_when_asked_for(dev):
    assert [n.name for n in dev.all("BucketNotification")] == ["image-pipeline-dev-uploads"]
    program = run("dev", eventbridge=True)
    notification = program.one("BucketNotification", "-destination")
    assert notification.inputs == {
        "bucket": program.outputs["destinationBucket"],
        "eventbridge": True,
    }


@pytest.mark.parametrize(
    ("partition", "region", "console"),
    [
        ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_hosts_and_arns_are_those_of_the_partition(monkeypatch, partition, region, console):
    monkeypatch.setattr(engine, "PARTITION", partition)
    monkeypatch.setattr(engine, "REGION", region)
    for program in (run("dev", duplicates="near", tracing=True), run("dev", **KMS, site=True)):
        assert urlsplit(program.outputs["dashboardUrl"]).hostname == console
        for resource in program.resources:
            written = json.dumps(resource.inputs)
            assert "arn:aws:" not in written, resource.urn
            assert partition == "aws-us-gov" or ".amazonaws.com/" not in written, resource.urn


def test_buckets_and_key_are_protected_when_asked_for(dev, prod):
    kept = run("dev", protect=True, **KMS)
    for program, types in ((kept, {"Bucket", "Key"}), (prod, {"Bucket"}), (dev, set())):
        found = {r.type.split(":")[-1] for r in program.resources if r.protect}
        assert found == types
    kept.assert_protected(kept.one("Bucket", "-source"))


def test_what_a_caller_asks_of_the_component_reaches_all_of_it():
    def retag(args: pulumi.ResourceTransformArgs):
        if "tags" not in args.props:
            return None
        tags = {**args.props["tags"], "Team": "photos"}
        return pulumi.ResourceTransformResult({**args.props, "tags": tags}, args.opts)

    def build() -> None:
        options = pulumi.ResourceOptions(protect=True, transforms=[retag])
        ImagePipeline("image-pipeline-test", Settings(), options)

    program = record(build)
    ours = [r for r in program.resources if r.type.startswith("aws:")]
    assert len(ours) > 20
    for resource in ours:
        program.assert_protected(resource)
        if takes_tags(resource.type):
            program.assert_tagged(resource, Team="photos")


def test_source_and_destination_differ(program):
    assert program.outputs["sourceBucket"] != program.outputs["destinationBucket"]


SERVICES = {"cloudwatch": {"cloudwatch", "logs"}, "s3": {"s3", "s3control"}}
"""Where a module of pulumi-aws calls others than the service that it is named after; buckets' tags
are S3 Control's (``TagResource``, S3 API reference)."""


def test_the_local_stack_sends_no_service_to_real_aws(site):
    every = run("dev", **KMS, duplicates="near", alarmEmail="a@b.cd", monthlyBudgetUsd=1)
    types = {r.type for program in (site, every) for r in program.resources}
    modules = {type_.split(":")[1].split("/")[0] for type_ in types if type_.startswith("aws:")}
    used = {"sts"}.union(*(SERVICES.get(module, {module}) for module in modules))
    (endpoints,) = read_config("local")["aws:endpoints"]
    assert set(endpoints) == used
    assert {urlsplit(url).hostname for url in endpoints.values()} == {"127.0.0.1"}
    known = {name.rstrip("_") for name in ProviderEndpointArgsDict.__annotations__}
    assert used <= known


def test_endpoints_of_the_local_stack_are_the_embedded_aws():
    outputs = run("local").outputs
    assert outputs["uploadEndpoint"] == f"http://127.0.0.1:4566/{outputs['sourceBucket']}"
    assert outputs["deliveryUrl"] == f"http://127.0.0.1:4566/{outputs['destinationBucket']}"


ALARMS = {
    "dead-letters": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", 0),
    "oldest-upload": ("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", 720),
    "errors": ("AWS/Lambda", "Errors", "Sum", 0),
    "throttles": ("AWS/Lambda", "Throttles", "Sum", 0),
    "slow": ("AWS/Lambda", "Duration", "p95", 48_000),
}


@pytest.mark.parametrize("name", ALARMS)
def test_alarms_watch_the_stacks_own_resources(dev, name):
    alarm = dev.one("MetricAlarm", f"-{name}-alarm").inputs
    (query,) = alarm["metricQueries"]
    metric = query["metric"]
    found = (metric["namespace"], metric["metricName"], metric["stat"], alarm["threshold"])
    assert found == ALARMS[name]
    assert query["returnData"] is True
    assert alarm["evaluationPeriods"] == 1
    (watched,) = metric["dimensions"].values()
    owned = {dev.outputs["functionName"]} | {f"{q.name}-1234567" for q in dev.all("Queue")}
    assert watched in owned
    assert alarm["alarmActions"] == alarm["okActions"] == [TOPIC]


@pytest.mark.parametrize(("name", "threshold"), [("failed", 0.05), ("rejected", 0.2)])
def test_alarms_on_shares_use_the_functions_own_metrics(dev, name, threshold):
    alarm = dev.one("MetricAlarm", f"-{name}-alarm").inputs
    *metrics, share = alarm["metricQueries"]
    assert {m["metric"]["metricName"] for m in metrics} == {"Processed", "Rejected", "Failed"}
    assert {m["metric"]["metricName"] for m in metrics} <= set(Metric)
    assert {m["metric"]["namespace"] for m in metrics} == {METRIC_NAMESPACE}
    assert [m["returnData"] for m in metrics] == [False] * 3
    assert share["expression"].startswith(f"FILL({name}, 0) / ")
    assert (alarm["evaluationPeriods"], alarm["datapointsToAlarm"]) == (3, 2)
    assert alarm["threshold"] == threshold


def test_the_signer_is_watched_where_there_is_one(prod, dev):
    for part in ("-signer-errors-alarm", "-signer-throttles-alarm"):
        (query,) = prod.one("MetricAlarm", part).inputs["metricQueries"]
        (watched,) = query["metric"]["dimensions"].values()
        assert watched == f"{prod.one('Function', '-signer').name}-1234567"
    assert [a.name for a in dev.all("MetricAlarm") if "-signer-" in a.name] == []


def test_thresholds_follow_from_the_settings():
    program = run("dev", timeout=60)
    assert program.one("MetricAlarm", "-oldest-upload-alarm").inputs["threshold"] == 720
    assert program.one("MetricAlarm", "-slow-alarm").inputs["threshold"] == 48_000


def test_mail_and_budget_only_when_asked_for(dev):
    assert dev.all("TopicSubscription") == dev.all("Budget") == []
    program = run("dev", alarmEmail="ops@example.com", monthlyBudgetUsd=50)
    subscription = program.one("TopicSubscription").inputs
    assert (subscription["protocol"], subscription["endpoint"]) == ("email", "ops@example.com")
    budget = program.one("Budget").inputs
    assert (budget["limitAmount"], budget["limitUnit"]) == ("50", "USD")
    assert budget["notifications"][0]["subscriberEmailAddresses"] == ["ops@example.com"]


def test_alarms_alone_may_publish(dev):
    statements = dev.one("TopicPolicy").statements()
    assert statements["AlarmsMayPublish"]["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statements["AlarmsMayPublish"]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT}
    }
    assert statements["DenyPlainHttp"]["Effect"] == "Deny"


def graphs(program: Program) -> dict[str, dict]:
    body = json.loads(program.one("Dashboard").inputs["dashboardBody"])
    return {widget["properties"]["title"]: widget for widget in body["widgets"]}


def test_dashboard_watches_the_stacks_own_resources(program):
    metrics = [m for g in graphs(program).values() for m in g["properties"]["metrics"]]
    function = program.outputs["functionName"]
    assert {metric[3] for metric in metrics if len(metric) > 1} == {
        f"{program.one('Queue', '-uploads').name}-1234567",
        f"{program.one('Queue', '-dead-letters').name}-1234567",
        function,
    }
    (search,) = [metric[0]["expression"] for metric in metrics if len(metric) == 1]
    assert search == (
        'SEARCH(\'{ImagePipeline,FunctionName,Code} MetricName="Rejected" '
        f"FunctionName=\"{function}\"', 'Sum', 60)"
    )


def test_dashboard_shows_every_metric_of_the_function(dev):
    for program, absent in ((dev, {"Duplicates"}), (run("dev", duplicates="exact"), set())):
        metrics = [m for g in graphs(program).values() for m in g["properties"]["metrics"]]
        shown = {metric[1] for metric in metrics if metric[0] == METRIC_NAMESPACE}
        assert shown == set(Metric) - absent


def test_dashboard_reads_top_to_bottom_in_two_columns(dev):
    places = [(g["x"], g["y"], g["width"], g["height"]) for g in graphs(dev).values()]
    assert places == [(x, 6 * row, 12, 6) for row in range(6) for x in (0, 12)]
    assert next(iter(graphs(dev))) == "What came of uploads"


def test_dashboard_draws_the_alarms_thresholds():
    drawn = {
        title: graph["properties"]["annotations"]["horizontal"][0]["value"]
        for title, graph in graphs(run("dev", timeout=60, maxConcurrency=7)).items()
        if "annotations" in graph["properties"]
    }
    assert drawn == {
        "Oldest upload (s)": 720,
        "Dead letters": 0,
        "One batch, p95 (ms)": 48_000,
        "Concurrent invocations": 7,
    }


def test_the_component_registers_every_output_of_the_stack(monkeypatch):
    registered: dict[str, object] = {}

    def remember(self: ImagePipeline, outputs: dict[str, object]) -> None:
        registered.update(outputs)

    monkeypatch.setattr(ImagePipeline, "register_outputs", remember)
    run("dev")
    camel = {
        "".join([w if not i else w.capitalize() for i, w in enumerate(n.split("_"))])
        for n in registered
    }
    assert camel == OUTPUTS | {"siteUrl"}
