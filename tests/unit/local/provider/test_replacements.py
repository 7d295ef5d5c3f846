"""The rules are terraform-provider-aws's; each says which file it was read from."""

import re
from typing import TypeVar, get_args, get_type_hints

import pulumi
import pytest

from local.provider.replacements import autoname, forced_by, name_input
from local.provider.rules import RULES
from local.resources.registry import KINDS
from terminal import Failure
from tests.support.provider import inputs_class

PROGRAM = {
    # For each type, among the inputs that the program sets: the inputs whose change replaces the
    # resource ("ForceNew", "RequiresReplace"), and the inputs whose change updates it.
    "aws:s3/bucket:Bucket": ("bucket", "tags forceDestroy"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": ("bucket", "rule"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "bucket",
        "blockPublicAcls ignorePublicAcls blockPublicPolicy restrictPublicBuckets",
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "bucket",
        "rules",
    ),
    "aws:s3/bucketVersioning:BucketVersioning": ("bucket", "versioningConfiguration"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ("bucket", "rules"),
    "aws:s3/bucketLogging:BucketLogging": (
        "bucket",
        "targetBucket targetPrefix targetObjectKeyFormat",
    ),
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": ("bucket", "corsRules"),
    "aws:s3/bucketPolicy:BucketPolicy": ("bucket", "policy"),
    "aws:s3/bucketObjectv2:BucketObjectv2": (
        "bucket key",
        "source content contentType cacheControl tags",
    ),
    "aws:s3/bucketNotification:BucketNotification": ("bucket", "queues eventbridge"),
    "aws:sqs/queue:Queue": (
        "name",
        (
            "visibilityTimeoutSeconds messageRetentionSeconds receiveWaitTimeSeconds "
            "sqsManagedSseEnabled redrivePolicy tags"
        ),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": ("queueUrl", "policy"),
    "aws:sqs/redrivePolicy:RedrivePolicy": ("queueUrl", "redrivePolicy"),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": ("queueUrl", "redriveAllowPolicy"),
    "aws:dynamodb/table:Table": ("name hashKey rangeKey", "attributes billingMode tags"),
    "aws:iam/role:Role": ("name", "assumeRolePolicy tags"),
    "aws:iam/rolePolicy:RolePolicy": ("name role", "policy"),
    "aws:kms/key:Key": ("", "policy description enableKeyRotation tags"),
    "aws:kms/alias:Alias": ("name", "targetKeyId"),
    "aws:lambda/function:Function": (
        "name",
        (
            "code runtime architectures description role handler memorySize timeout environment "
            "loggingConfig tracingConfig reservedConcurrentExecutions tags"
        ),
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": (
        "eventSourceArn",
        (
            "functionName batchSize enabled functionResponseTypes scalingConfig "
            "provisionedPollerConfig tags"
        ),
    ),
    "aws:lambda/functionUrl:FunctionUrl": ("functionName", "authorizationType cors"),
    "aws:lambda/permission:Permission": (
        "function action principal functionUrlAuthType invokedViaFunctionUrl statementId",
        "",
    ),
    "aws:cloudwatch/logGroup:LogGroup": ("name", "retentionInDays tags"),
    "aws:cloudwatch/dashboard:Dashboard": ("dashboardName", "dashboardBody"),
    "aws:cloudwatch/eventRule:EventRule": ("name", "description eventPattern tags"),
    "aws:cloudwatch/eventTarget:EventTarget": ("rule", "arn"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (
        "name",
        (
            "alarmDescription comparisonOperator threshold evaluationPeriods datapointsToAlarm "
            "treatMissingData alarmActions okActions metricQueries tags"
        ),
    ),
    "aws:sns/topic:Topic": ("name", "tags"),
    "aws:sns/topicPolicy:TopicPolicy": ("arn", "policy"),
    "aws:sns/topicSubscription:TopicSubscription": ("topic protocol endpoint", ""),
    "aws:budgets/budget:Budget": (
        "name",
        "limitAmount limitUnit budgetType timeUnit costFilters notifications tags",
    ),
    "aws:cloudfront/originAccessControl:OriginAccessControl": (
        "",
        "name originAccessControlOriginType signingBehavior signingProtocol",
    ),
    "aws:cloudfront/function:Function": ("name", "publish runtime code tags"),
    "aws:cloudfront/cachePolicy:CachePolicy": (
        "",
        "name parametersInCacheKeyAndForwardedToOrigin minTtl defaultTtl maxTtl",
    ),
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": (
        "",
        "name cookiesConfig headersConfig queryStringsConfig",
    ),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": (
        "",
        "name securityHeadersConfig customHeadersConfig corsConfig",
    ),
    "aws:cloudfront/distribution:Distribution": (
        "",
        (
            "restrictions origins aliases customErrorResponses orderedCacheBehaviors comment "
            "enabled isIpv6Enabled httpVersion priceClass defaultCacheBehavior "
            "viewerCertificate webAclId tags"
        ),
    ),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": (
        "name resourceArn logType region",
        "tags",
    ),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": (
        "name outputFormat region",
        "deliveryDestinationConfiguration tags",
    ),
    "aws:cloudwatch/logDelivery:LogDelivery": (
        "deliverySourceName deliveryDestinationArn region",
        "tags",
    ),
    "aws:route53/record:Record": ("name zoneId", "type aliases"),
    "aws:wafv2/webAcl:WebAcl": (
        "name scope region",
        "description defaultAction rules visibilityConfig tags",
    ),
}

BESIDE_THE_PROGRAM = {
    "aws:s3/bucket:Bucket": "bucketPrefix objectLockEnabled",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "expectedBucketOwner"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": "expectedBucketOwner",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "expectedBucketOwner",
    "aws:s3/bucketLogging:BucketLogging": "expectedBucketOwner",
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": "expectedBucketOwner",
    "aws:sqs/queue:Queue": "namePrefix fifoQueue",
    "aws:dynamodb/table:Table": (
        "localSecondaryIndexes restoreDateTime restoreToLatestTime restoreSourceName "
        "restoreSourceTableArn"
    ),
    "aws:iam/role:Role": "namePrefix path",
    "aws:iam/rolePolicy:RolePolicy": "namePrefix",
    "aws:kms/key:Key": "customKeyStoreId xksKeyId multiRegion customerMasterKeySpec keyUsage",
    "aws:kms/alias:Alias": "namePrefix",
    "aws:lambda/function:Function": "tenancyConfig packageType",
    "aws:lambda/eventSourceMapping:EventSourceMapping": (
        "queues selfManagedEventSource startingPosition startingPositionTimestamp topics "
        "amazonManagedKafkaEventSourceConfig selfManagedKafkaEventSourceConfig"
    ),
    "aws:lambda/functionUrl:FunctionUrl": "qualifier",
    "aws:lambda/permission:Permission": (
        "eventSourceToken principalOrgId qualifier sourceAccount sourceArn statementIdPrefix"
    ),
    "aws:cloudwatch/logGroup:LogGroup": "logGroupClass namePrefix",
    "aws:cloudwatch/eventRule:EventRule": "namePrefix eventBusName",
    "aws:cloudwatch/eventTarget:EventTarget": "targetId eventBusName",
    "aws:sns/topic:Topic": "namePrefix fifoTopic",
    "aws:budgets/budget:Budget": "accountId namePrefix",
    "aws:cloudfront/distribution:Distribution": "staging",
    "aws:wafv2/webAcl:WebAcl": "namePrefix",
}

QUEUE = "aws:sqs/queue:Queue"
TABLE = "aws:dynamodb/table:Table"
BUCKET = "aws:s3/bucket:Bucket"
FUNCTION = "aws:lambda/function:Function"
URL = "aws:lambda/functionUrl:FunctionUrl"
RECORD = "aws:route53/record:Record"
DESTINATION = "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination"


PULUMI = {"Output": pulumi.Output, "T": TypeVar("T")}
"""Names that ``pulumi.Input`` uses and pulumi_aws does not import."""


def property_of(inputs, name):
    """The property for an input that is spelt as Pulumi does; None if there is none."""
    spelt = re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
    return vars(inputs).get(spelt)


def class_within(hint):
    """The class of an input's own inputs: the first one in its type."""
    if isinstance(hint, type) and hint.__name__.endswith("Args"):
        return hint
    return next((found for part in get_args(hint) if (found := class_within(part))), None)


def is_input(type_, path):
    """Return True if a resource has an input, as ``rules.id``."""
    first, *rest = path.split(".")
    found = property_of(inputs_class(type_), first)
    for name in rest:
        within = class_within(get_type_hints(found.fget, localns=PULUMI)["return"])
        found = property_of(within, name)
    return found is not None


def paths(rule):
    return {*rule.forces.split(), *rule.kept.split(), *rule.defaults, *rule.when}


def replaces(type_, name, old="old", new="new"):
    return forced_by(type_, {name: old, "tags": {}}, {name: new, "tags": {}}) == [name]


def test_every_type_that_is_created_here_has_a_rule_and_no_other():
    assert RULES.keys() == KINDS.keys() == PROGRAM.keys()


@pytest.mark.parametrize("type_", RULES)
def test_every_input_of_a_rule_is_an_input_of_pulumi_aws(type_):
    rule = RULES[type_]
    named = {rule.autoname.input} if rule.autoname else set()
    assert [path for path in paths(rule) | named if not is_input(type_, path)] == []
    assert not is_input(type_, "colour")


@pytest.mark.parametrize("type_", PROGRAM)
def test_every_input_that_the_program_sets_replaces_or_updates(type_):
    replacing, updating = (names.split() for names in PROGRAM[type_])
    assert [name for name in (*replacing, *updating) if not is_input(type_, name)] == []
    assert [name for name in replacing if not replaces(type_, name)] == []
    assert [name for name in updating if forced_by(type_, {name: 1}, {name: 2})] == []


@pytest.mark.parametrize("type_", BESIDE_THE_PROGRAM)
def test_so_does_what_the_program_does_not_set(type_):
    names = BESIDE_THE_PROGRAM[type_].split()
    assert [name for name in names if not replaces(type_, name)] == []


def test_every_rule_is_tested():
    for type_, rule in RULES.items():
        tested = f"{PROGRAM[type_][0]} {BESIDE_THE_PROGRAM.get(type_, '')}".split()
        whole = {path for path in paths(rule) if "." not in path} - {"durableConfig"}
        assert whole == set(tested) - {"region"}


def test_a_rule_names_a_file_and_a_commit_of_the_upstream_provider():
    wrong = [
        rule.origin
        for rule in RULES.values()
        if not re.fullmatch(r"\w+/\w+\.go@[0-9a-f]{8}", rule.origin)
    ]
    assert wrong == []


def test_several_inputs_are_listed_in_order():
    old = {"rangeKey": "a", "name": "a", "hashKey": "a"}
    assert forced_by(TABLE, old, dict.fromkeys(old, "b")) == ["hashKey", "name", "rangeKey"]
    assert forced_by(TABLE, old, old) == []


def test_another_region_replaces_a_resource():
    """internal/provider/sdkv2/region.go: forceNewIfRegionChanges."""
    assert replaces(BUCKET, "region", "eu-west-1", "us-east-1")


@pytest.mark.parametrize(
    ("type_", "name", "default"),
    [
        (QUEUE, "fifoQueue", False),
        ("aws:sns/topic:Topic", "fifoTopic", False),
        ("aws:iam/role:Role", "path", "/"),
        ("aws:kms/key:Key", "customerMasterKeySpec", "SYMMETRIC_DEFAULT"),
        ("aws:kms/key:Key", "keyUsage", "ENCRYPT_DECRYPT"),
        (FUNCTION, "packageType", "Zip"),
        ("aws:cloudfront/distribution:Distribution", "staging", False),
    ],
)
def test_an_absent_input_is_at_its_default(type_, name, default):
    assert forced_by(type_, {}, {name: default}) == []
    assert forced_by(type_, {name: default}, {}) == []
    assert forced_by(type_, {}, {name: "other"}) == [name]
    assert forced_by(type_, {name: "other"}, {}) == [name]


def test_an_input_that_aws_chooses_stays_as_it_is_when_the_program_drops_it():
    assert forced_by(TABLE, {"hashKey": "id"}, {}) == []
    assert forced_by(TABLE, {}, {"hashKey": "id"}) == ["hashKey"]
    assert forced_by(TABLE, {"rangeKey": "id"}, {}) == ["rangeKey"]


@pytest.mark.parametrize("unit", ["readUnitsPerSecond", "writeUnitsPerSecond"])
def test_a_table_is_replaced_when_its_warm_throughput_shrinks(unit):
    """internal/service/dynamodb/table.go: ForceNewIfChange of warm_throughput."""

    def forced(old, new):
        return forced_by(TABLE, {"warmThroughput": {unit: old}}, {"warmThroughput": {unit: new}})

    assert forced(2000, 1000) == [f"warmThroughput.{unit}"]
    assert forced(1000, 2000) == forced(1000, 1000) == forced(1000, 0) == []
    assert forced(None, 1000) == forced(1000, None) == []


def test_a_nested_input_replaces_by_itself():
    source, other = {"s3BucketSource": {"bucket": "a"}}, {"s3BucketSource": {"bucket": "b"}}
    assert forced_by(TABLE, {"importTable": source}, {"importTable": other}) == [
        "importTable.s3BucketSource"
    ]
    csv = source | {"inputFormat": "CSV"}
    assert forced_by(TABLE, {"importTable": source}, {"importTable": csv}) == []
    lock = {"objectLockEnabled": "Enabled"}
    assert forced_by(BUCKET, {}, {"objectLockConfiguration": lock}) == [
        "objectLockConfiguration.objectLockEnabled"
    ]


def test_a_function_is_replaced_when_it_becomes_durable_or_ceases_to_be():
    """internal/service/lambda/function.go: ForceNewIfChange of durable_config."""
    short, long = {"executionTimeout": 60}, {"executionTimeout": 90}
    assert forced_by(FUNCTION, {}, {"durableConfig": short}) == ["durableConfig"]
    assert forced_by(FUNCTION, {"durableConfig": short}, {}) == ["durableConfig"]
    assert forced_by(FUNCTION, {"durableConfig": short}, {"durableConfig": long}) == []


def test_a_function_url_may_name_its_function_or_give_its_arn():
    """internal/service/lambda/function_url.go: DiffSuppressFunc of function_name."""
    arn = "arn:aws:lambda:eu-west-1:000000000000:function:resize"
    assert not replaces(URL, "functionName", "resize", arn)
    assert not replaces(URL, "functionName", arn, "resize")
    assert not replaces(URL, "functionName", arn, arn)
    assert replaces(URL, "functionName", "sign", arn)
    assert replaces(URL, "functionName", arn, "sign")
    assert replaces(URL, "functionName", arn, arn.replace("eu-west-1", "us-east-1"))


def test_a_records_name_ignores_case_and_the_final_dot():
    """internal/service/route53/record.go: StateFunc of name."""
    assert not replaces(RECORD, "name", "Photos.example.org.", "photos.example.org")
    assert replaces(RECORD, "name", "photos.example.org", "example.org")


def test_a_log_destination_is_replaced_by_one_of_another_service():
    """internal/service/logs/delivery_destination.go: requiresReplaceIfARNServiceChanges."""

    def forced(old, new):
        path, key = "deliveryDestinationConfiguration", "destinationResourceArn"
        return forced_by(DESTINATION, {path: {key: old}}, {path: {key: new}})

    bucket, unknown = "arn:aws:s3:::logs", "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    replaced = ["deliveryDestinationConfiguration.destinationResourceArn"]
    assert forced(bucket, "arn:aws:logs:eu-west-1:0:log-group:a") == replaced
    assert forced(bucket, unknown) == replaced
    assert forced(bucket, "arn:aws:s3:::others") == []


def test_a_type_that_is_not_in_the_table_is_an_error():
    for call in (
        lambda: forced_by("aws:ec2/vpc:Vpc", {}, {}),
        lambda: name_input("aws:ec2/vpc:Vpc"),
    ):
        with pytest.raises(Failure, match="aws:ec2/vpc:Vpc has no rule on replacement"):
            call()


def test_pulumi_names_what_has_a_name():
    """pulumi-aws, provider/autonaming.go and provider/resource_overrides.go."""
    inputs = {type_: name_input(type_) for type_ in RULES}
    nameless = {type_.split(":")[2] for type_, name in inputs.items() if name is None}
    assert inputs[BUCKET] == "bucket"
    assert inputs["aws:s3/bucketObjectv2:BucketObjectv2"] == "key"
    assert inputs["aws:lambda/permission:Permission"] == "statementId"
    assert set(inputs.values()) == {"bucket", "key", "name", "statementId", None}
    assert {"BucketPolicy", "Dashboard", "Distribution", "FunctionUrl", "Key", "Record"} < nameless


@pytest.mark.parametrize("type_", [type_ for type_ in RULES if name_input(type_) is None])
def test_what_pulumi_does_not_name_has_no_name_or_needs_it_from_the_program(type_):
    named = is_input(type_, "name")
    assert named == (type_ == RECORD)
    with pytest.raises(Failure, match=r"has no name"):
        autoname(type_, "photos", "0123abc")


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        (QUEUE, "Photos-0123abc"),
        (BUCKET, "photos-0123abc"),
        ("aws:kms/alias:Alias", "alias/Photos-0123abc"),
        ("aws:s3/bucketObjectv2:BucketObjectv2", "Photos"),
        ("aws:lambda/permission:Permission", "Photos-0123abc"),
    ],
)
def test_a_name_is_the_logical_name_and_seven_digits(type_, name):
    assert autoname(type_, "Photos", "0123abc") == name


def test_an_alias_that_starts_with_alias_is_left_as_it_is():
    assert autoname("aws:kms/alias:Alias", "alias/photos", "0123abc") == "alias/photos-0123abc"


@pytest.mark.parametrize(
    ("type_", "longest"),
    [
        (BUCKET, 63),
        (QUEUE, 80),
        (FUNCTION, 64),
        ("aws:iam/role:Role", 64),
        ("aws:sns/topic:Topic", 80),
        ("aws:lambda/permission:Permission", 100),
        ("aws:kms/alias:Alias", 238),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", 255),
        (TABLE, 255),
    ],
)
def test_a_name_that_is_too_long_is_refused_not_shortened(type_, longest):
    """pulumi/pulumi, sdk/go/common/resource/resource_id.go: NewUniqueName."""
    logical = "x" * (longest - len("-0123abc"))
    assert autoname(type_, logical, "0123abc").endswith(f"{logical}-0123abc")
    with pytest.raises(Failure, match=f"longer than {longest} bytes"):
        autoname(type_, f"{logical}x", "0123abc")
    with pytest.raises(Failure, match=f"longer than {longest} bytes"):
        autoname(type_, f"{logical[1:]}é", "0123abc")
