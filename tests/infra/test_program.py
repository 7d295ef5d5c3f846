"""The whole program, evaluated for every committed stack and the variants that none of them is."""

import json
from pathlib import Path

import pytest
from engine import ACCOUNT, Program, run, takes_tags

from function.environment import Environment
from function.metrics import NAMESPACE, UNITS
from function.schema import DEFAULT_RENDITIONS

ROOT = Path(__file__).parents[2]
STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
TOPIC = "arn:aws:sns:eu-central-1:123456789012:image-pipeline-dev-alarms-1234567"
KMS = {"uploads": "presigned", "delivery": "cdn", "encryption": "kms"}
VARIANTS = {"kms": KMS, "near": {"duplicates": "near"}}
EVENT_KINDS = ("ObjectCreated", "ObjectRemoved", "LifecycleExpiration")
OUTPUTS = {
    *("sourceBucket", "destinationBucket", "queueUrl", "deadLetterQueueUrl", "functionName"),
    *("logGroup", "uploadEndpoint", "deliveryUrl", "dashboardUrl"),
}


@pytest.fixture(scope="module", params=[*STACKS, "kms", "near"])
def program(request) -> Program:
    return (
        run("dev", **VARIANTS[request.param]) if request.param in VARIANTS else run(request.param)
    )


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
    assert STACKS == ["dev", "local", "prod"]


def test_outputs_are_the_contract(program):
    assert set(program.outputs) == OUTPUTS
    assert all(isinstance(value, str) and value for value in program.outputs.values())


def test_everything_taggable_carries_the_stacks_tags(program):
    taggable = [r for r in program.resources if r.type.startswith("aws:") and takes_tags(r.type)]
    assert len(taggable) >= 7
    for resource in taggable:
        tags = resource.inputs["tags"]
        assert (tags["Project"], tags["ManagedBy"]) == ("image-pipeline", "pulumi"), resource.urn
        assert tags["Stack"] in resource.urn


def test_every_resource_belongs_to_the_pipeline(program):
    (pipeline,) = program.all("ImagePipeline")
    stack = program.by_urn[pipeline.parent]
    assert stack.type == "pulumi:pulumi:Stack"
    for resource in program.resources:
        chain = resource
        while chain not in (pipeline, stack):
            chain = program.by_urn[chain.parent]
        assert chain is pipeline or resource is stack


def test_notification_comes_after_the_policy_that_lets_s3_send(program):
    notification = program.one("BucketNotification")
    assert program.one("QueuePolicy", "-uploads").urn in notification.dependencies
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
    assert {program.one("RolePolicy").urn, program.one("LogGroup").urn} <= function.dependencies


def test_bucket_policies_come_after_block_public_access(program):
    for part in ("-source", "-destination"):
        policy = program.one("BucketPolicy", part)
        assert program.one("BucketPublicAccessBlock", part).urn in policy.dependencies


def test_visibility_timeout_is_six_function_timeouts():
    program = run("dev", timeout=45)
    assert program.one("Function").inputs["timeout"] == 45
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
    for encryption in kms.all("BucketServerSideEncryptionConfiguration"):
        (rule,) = encryption.inputs["rules"]
        default = rule["applyServerSideEncryptionByDefault"]
        assert default["sseAlgorithm"] == "aws:kms"
        assert default["kmsMasterKeyId"].endswith(arn)
        assert rule["bucketKeyEnabled"] is True
    use = kms.one("RolePolicy").statements()["UseKey"]
    assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert use["Resource"].endswith(arn)
    variables = kms.one("Function").inputs["environment"]["variables"]
    assert variables["KMS_KEY_ARN"].endswith(arn)


def test_public_uploads_allow_put_under_the_prefix_and_nothing_else(dev):
    policy = dev.one("BucketPolicy", "-source").statements()
    allowed = [s for s in policy.values() if s["Effect"] == "Allow"]
    assert [(s["Principal"], s["Action"]) for s in allowed] == [("*", "s3:PutObject")]
    assert allowed[0]["Resource"].endswith("/uploads/*")
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
    role = program.one("Role")
    trust = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert [s["Principal"] for s in trust] == [{"Service": "lambda.amazonaws.com"}]
    statements = program.one("RolePolicy").statements()
    for sid, statement in statements.items():
        assert "*" not in "".join(statement["Action"]), sid
        assert (statement["Resource"] == "*") is (sid == "WriteTraces")
    assert statements["ReadUploads"]["Resource"].endswith("-source-1234567/uploads/*")
    assert statements["RemoveLeftovers"]["Action"] == ["s3:DeleteObject"]
    assert all("." in arn.rsplit("/", 1)[-1] for arn in statements["RemoveLeftovers"]["Resource"])
    written = statements["WriteRenditions"]["Resource"]
    assert all("-destination-1234567/*/" in arn for arn in written)


def test_function_is_what_the_settings_say():
    program = run("dev", memory=2048, architecture="x86_64", runtime="python3.13")
    function = program.one("Function").inputs
    assert function["memorySize"] == 2048
    assert function["architectures"] == ["x86_64"]
    assert function["runtime"] == "python3.13"
    assert function["handler"] == "function.handler.handle"
    assert function["tracingConfig"] == {"mode": "Active"}
    assert function["loggingConfig"] == {
        "logFormat": "JSON",
        "logGroup": program.one("LogGroup").inputs["name"],
    }


def test_defaults_are_arm64_python313_1024_mb(dev):
    function = dev.one("Function").inputs
    assert function["architectures"] == ["arm64"]
    assert (function["runtime"], function["memorySize"]) == ("python3.13", 1024)


def test_mapping_reports_failures_one_by_one():
    program = run("dev", batchSize=7, maxConcurrency=33)
    mapping = program.one("EventSourceMapping").inputs
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["batchSize"] == 7
    assert mapping["scalingConfig"] == {"maximumConcurrency": 33}


def test_function_reads_back_the_environment_that_the_program_sets(program):
    variables = program.one("Function").inputs["environment"]["variables"]
    environment = Environment.read({**variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"})
    by_lambda = {"MEMORY_MB"}
    expected = {name.upper() for name in Environment.__dataclass_fields__} - by_lambda
    assert set(variables) == expected
    assert environment.renditions == DEFAULT_RENDITIONS
    assert environment.delivery_url == program.outputs["deliveryUrl"]
    assert environment.destination_bucket == program.outputs["destinationBucket"]


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


def test_source_and_destination_differ(program):
    assert program.outputs["sourceBucket"] != program.outputs["destinationBucket"]


def test_endpoints_of_the_local_stack_are_the_embedded_aws():
    outputs = run("local").outputs
    assert outputs["uploadEndpoint"] == f"http://127.0.0.1:4566/{outputs['sourceBucket']}"
    assert outputs["deliveryUrl"] == f"http://127.0.0.1:4566/{outputs['destinationBucket']}"


ALARMS = {
    "dead-letters": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", 0),
    "oldest-upload": ("AWS/SQS", "ApproximateAgeOfOldestMessage", "Maximum", 360),
    "errors": ("AWS/Lambda", "Errors", "Sum", 0),
    "throttles": ("AWS/Lambda", "Throttles", "Sum", 0),
    "slow": ("AWS/Lambda", "Duration", "p95", 24_000),
}


@pytest.mark.parametrize("name", ALARMS)
def test_alarms_watch_the_stacks_own_resources(dev, name):
    alarm = dev.one("MetricAlarm", f"-{name}-alarm").inputs
    (query,) = alarm["metricQueries"]
    metric = query["metric"]
    found = (metric["namespace"], metric["metricName"], metric["stat"], alarm["threshold"])
    assert found == ALARMS[name]
    assert query["returnData"] is True
    (watched,) = metric["dimensions"].values()
    owned = {dev.outputs["functionName"]} | {f"{q.name}-1234567" for q in dev.all("Queue")}
    assert watched in owned
    assert alarm["alarmActions"] == alarm["okActions"] == [TOPIC]


@pytest.mark.parametrize(("name", "threshold"), [("failed", 0.05), ("rejected", 0.2)])
def test_alarms_on_shares_use_the_functions_own_metrics(dev, name, threshold):
    alarm = dev.one("MetricAlarm", f"-{name}-alarm").inputs
    *metrics, share = alarm["metricQueries"]
    assert {m["metric"]["metricName"] for m in metrics} == {"Processed", "Rejected", "Failed"}
    assert {m["metric"]["metricName"] for m in metrics} <= set(UNITS)
    assert {m["metric"]["namespace"] for m in metrics} == {NAMESPACE}
    assert [m["returnData"] for m in metrics] == [False] * 3
    assert share["expression"].startswith(f"FILL({name}, 0) / ")
    assert alarm["threshold"] == threshold


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


def test_dashboard_watches_the_stacks_own_resources(program):
    body = json.loads(program.one("Dashboard").inputs["dashboardBody"])
    metrics = [m for widget in body["widgets"] for m in widget["properties"]["metrics"]]
    watched = {metric[-1] for metric in metrics}
    assert watched == {
        f"{program.one('Queue', '-uploads').name}-1234567",
        f"{program.one('Queue', '-dead-letters').name}-1234567",
        program.outputs["functionName"],
    }
