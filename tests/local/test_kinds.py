"""Each resource type of the program: put, read, put anew, deleted, by what AWS then says."""

import json
import uuid
from dataclasses import dataclass, replace
from typing import Any

import pulumi
import pytest
from botocore.exceptions import ClientError

from local.deploy import Deployer
from local.program import evaluate
from local.resources import KINDS, Context, Created, delete, put, read
from local.resources.kind import ACCOUNT_ID
from tests.local.defaults import PROD

BUCKET = "aws:s3/bucket:Bucket"
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
KEY = "aws:kms/key:Key"
TAGS = {"Stack": "other", "Owner": "us"}
"""One changed, one new, and the program's others removed."""

EVERYTHING = PROD | {
    "encryption": "kms",
    "site": "true",
    "domain": "photos.example.com",
    "certificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/1",
    "duplicates": "near",
    "alarmEmail": "a@example.com",
    "monthlyBudgetUsd": 10,
    "eventbridge": "true",
    "wafRequestsPerMinute": 1000,
    "batchOperationsConcurrency": 5,
    "renditions": [
        {"name": "large", "width": 1080, "height": 1080, "lazy": True},
        {"name": "thumb", "width": 150, "height": 150},
    ],
    "rejectedUploadDays": 7,
    "storageClasses": {"STANDARD_IA": 30, "GLACIER_IR": 90},
    "accessLog": "true",
}


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


POLICY = document(
    Effect="Deny",
    Principal="*",
    Action="*",
    Resource="*",
    Condition={"Bool": {"aws:SecureTransport": "false"}},
)
EVERYONE = document(Effect="Allow", Principal={"AWS": "*"}, Action="kms:*", Resource="*")
INLINE = document(Effect="Allow", Action="s3:ListAllMyBuckets", Resource="*")
TRUST = document(
    Effect="Allow", Principal={"Service": "edgelambda.amazonaws.com"}, Action="sts:AssumeRole"
)
RULE = {
    "applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"},
    "blockedEncryptionTypes": ["NONE"],
    "bucketKeyEnabled": False,
}
NOTIFICATION = {
    "comparisonOperator": "GREATER_THAN",
    "notificationType": "FORECASTED",
    "threshold": 50,
    "thresholdType": "PERCENTAGE",
    "subscriberEmailAddresses": ["b@example.com"],
}
REDRIVE = json.dumps(
    {
        "deadLetterTargetArn": (
            f"arn:aws:sqs:us-east-1:{ACCOUNT_ID}:image-pipeline-prod-dead-letters-kind"
        ),
        "maxReceiveCount": 7,
    }
)

METRIC = {
    "cloudwatchMetricsEnabled": False,
    "metricName": "other",
    "sampledRequestsEnabled": False,
}

CHANGES: dict[str, dict[str, Any]] = {
    "BucketOwnershipControls": {"rule": {"objectOwnership": "ObjectWriter"}},
    "BucketPublicAccessBlock": {"blockPublicPolicy": False, "restrictPublicBuckets": False},
    "BucketServerSideEncryptionConfiguration": {"rules": [RULE]},
    "BucketLifecycleConfiguration": {
        "rules": [
            {"id": "a", "status": "Enabled", "filter": {"prefix": "a"}, "expiration": {"days": 9}}
        ]
    },
    "BucketCorsConfiguration": {
        "corsRules": [{"allowedMethods": ["GET"], "allowedOrigins": ["https://a.example"]}]
    },
    "BucketLogging": {
        "targetPrefix": "changed/",
        "targetObjectKeyFormat": {"partitionedPrefix": {"partitionDateSource": "DeliveryTime"}},
    },
    "BucketPolicy": {"policy": POLICY},
    "BucketObjectv2": {
        "source": None,
        "content": "changed",
        "contentType": "text/plain",
        "cacheControl": "max-age=1",
    },
    "BucketNotification": {"queues": None, "eventbridge": True},
    "Queue": {
        "visibilityTimeoutSeconds": None,
        "messageRetentionSeconds": 60,
        "receiveWaitTimeSeconds": None,
        "sqsManagedSseEnabled": False,
    },
    "QueuePolicy": {"policy": POLICY},
    "RedrivePolicy": {"redrivePolicy": REDRIVE},
    "RedriveAllowPolicy": {"redriveAllowPolicy": '{"redrivePermission":"denyAll"}'},
    "Table": {"billingMode": "PROVISIONED", "readCapacity": 2, "writeCapacity": 1},
    "Role": {
        "assumeRolePolicy": TRUST,
        "permissionsBoundary": "arn:aws:iam::aws:policy/SecurityAudit",
    },
    "RolePolicy": {"policy": INLINE},
    "Key": {"description": None, "policy": EVERYONE},
    "aws:lambda/function:Function": {
        "description": None,
        "memorySize": 256,
        "timeout": 9,
        "handler": "signer.other",
        "environment": {"variables": {"ONLY": "this"}},
        "loggingConfig": {"logFormat": "JSON", "logGroup": "/other"},
        "tracingConfig": None,
        "reservedConcurrentExecutions": None,
        "code": pulumi.AssetArchive({"signer.py": pulumi.FileAsset(__file__)}),
    },
    "EventSourceMapping": {"batchSize": 1, "scalingConfig": {"maximumConcurrency": 2}},
    "FunctionUrl": {"cors": {"allowOrigins": ["https://a.example"]}},
    "LogGroup": {"retentionInDays": 1},
    "EventRule": {"description": None, "eventPattern": '{"source":["aws.ec2"]}'},
    "EventTarget": {"arn": f"arn:aws:sqs:us-east-1:{ACCOUNT_ID}:other"},
    "Dashboard": {"dashboardBody": '{"widgets":[]}'},
    "MetricAlarm": {
        "alarmDescription": "changed",
        "threshold": 7,
        "evaluationPeriods": 5,
        "datapointsToAlarm": None,
        "treatMissingData": "breaching",
        "alarmActions": None,
        "okActions": None,
        "metricQueries": [{"id": "a", "expression": "1", "returnData": True}],
    },
    "TopicPolicy": {"policy": POLICY},
    "Budget": {
        "limitAmount": "20",
        "notifications": [NOTIFICATION],
        "costFilters": [{"name": "TagKeyValue", "values": ["user:Stack$other"]}],
    },
    "OriginAccessControl": {"signingBehavior": "never"},
    "aws:cloudfront/function:Function": {"code": "function handler(e) { return e.request; }"},
    "CachePolicy": {
        "minTtl": 1,
        "defaultTtl": 2,
        "maxTtl": 3,
        "parametersInCacheKeyAndForwardedToOrigin": {
            "enableAcceptEncodingGzip": False,
            "enableAcceptEncodingBrotli": False,
            "cookiesConfig": {"cookieBehavior": "all"},
            "headersConfig": {"headerBehavior": "none"},
            "queryStringsConfig": {"queryStringBehavior": "all"},
        },
    },
    "OriginRequestPolicy": {"headersConfig": {"headerBehavior": "allViewer"}},
    "ResponseHeadersPolicy": {
        "corsConfig": None,
        "securityHeadersConfig": {"contentTypeOptions": {"override": False}},
        "customHeadersConfig": {"items": [{"header": "x-a", "value": "b", "override": False}]},
    },
    "Distribution": {
        "comment": "changed",
        "priceClass": "PriceClass_100",
        "aliases": None,
        "orderedCacheBehaviors": None,
        "customErrorResponses": None,
        "viewerCertificate": {"cloudfrontDefaultCertificate": True},
    },
    "LogDeliveryDestination": {"outputFormat": "plain"},
    "WebAcl": {
        "rules": [
            {
                "name": "other",
                "priority": 1,
                "action": {"count": {}},
                "statement": {"rateBasedStatement": {"limit": 10, "aggregateKeyType": "IP"}},
                "visibilityConfig": METRIC,
            }
        ],
        "visibilityConfig": METRIC,
    },
    "Record": {
        "aliases": [{"name": "other.example", "zoneId": "Z1", "evaluateTargetHealth": True}]
    },
}
"""By the end of a type's name: inputs that the program may come to give, None to remove one."""

UNCHANGING = {"BucketVersioning", "Permission", "TopicSubscription"}
"""Types that the real provider only ever replaces, or that have but one value."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    type: str
    name: str
    inputs: dict[str, Any]
    created: Created


@dataclass(frozen=True, kw_only=True)
class Walk:
    """AWS's description of one resource after each step, with its id taken out."""

    type: str
    changes: set[str]
    seen: set[str]
    first: Any
    again: Any
    changed: Any
    gone: Any
    fresh: Any
    gone_again: Any


class Recorder(Deployer):
    """Puts each resource of the program under a name of ours, and keeps it, in order."""

    def __init__(self, context: Context) -> None:
        super().__init__(context, lambda _name: None)
        self.recorded: list[Resource] = []

    def new_resource(self, args):
        if not args.custom:
            return args.name, args.inputs
        name = f"{args.name}-kind"
        created = put(self._context, args.typ, name, args.inputs)
        self.recorded.append(
            Resource(type=args.typ, name=name, inputs=args.inputs, created=created)
        )
        return created.id, args.inputs | created.outputs


def bridge(context: Context) -> list[Resource]:
    """Put the two types that only a stack with a source bucket of the account's has."""
    place, name = "aws:cloudwatch/event", "bridge-kind"
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT_ID}:uploads"
    rule = {"description": "Uploads", "eventPattern": '{"source":["aws.s3"]}', "tags": {"a": "b"}}
    return [
        Resource(type=type_, name=name, inputs=inputs, created=put(context, type_, name, inputs))
        for type_, inputs in (
            (f"{place}Rule:EventRule", rule),
            (f"{place}Target:EventTarget", {"rule": name, "arn": queue}),
        )
    ]


def change_of(resource: Resource, key_id: str) -> dict[str, Any]:
    if "targetKeyId" in resource.inputs:
        return {"targetKeyId": key_id}
    found = CHANGES.get(resource.type) or CHANGES.get(resource.type.rpartition(":")[2], {})
    return found | ({"tags": TAGS} if "tags" in resource.inputs else {})


def walk(context: Context, resource: Resource, key_id: str) -> Walk:
    """Take a resource through its life, to its end; ``key_id`` is of a key besides."""
    type_, name, inputs = resource.type, resource.name, resource.inputs
    change = change_of(resource, key_id)
    changed = inputs | change

    def look(created: Created) -> Any:
        text = json.dumps(read(context, type_, created.id, created.outputs))
        return json.loads(text.replace(created.id, "ID"))

    def remove(created: Created) -> Any:
        delete(context, type_, created.id, changed, created.outputs)
        delete(context, type_, created.id, changed, created.outputs)
        return look(created)

    first = look(resource.created)
    same = put(context, type_, name, inputs)
    assert same == resource.created
    again = look(same)
    seen, now, sofar = set(), again, inputs
    for step in [change] if "readCapacity" in change else [{k: change[k]} for k in change]:
        sofar = sofar | step
        assert put(context, type_, name, sofar) == same
        before, now = now, look(same)
        seen |= step.keys() if before != now else set()
    gone = remove(same)
    anew = put(context, type_, name, changed)
    fresh = look(anew)
    return Walk(
        type=type_,
        changes=set(change),
        seen=seen,
        first=first,
        again=again,
        changed=now,
        gone=gone,
        fresh=fresh,
        gone_again=remove(anew),
    )


LISTS = [
    ("s3", "list_buckets", {}, "Buckets"),
    ("sqs", "list_queues", {}, "QueueUrls"),
    ("dynamodb", "list_tables", {}, "TableNames"),
    ("iam", "list_roles", {}, "Roles"),
    ("kms", "list_aliases", {}, "Aliases"),
    ("lambda", "list_functions", {}, "Functions"),
    ("lambda", "list_event_source_mappings", {}, "EventSourceMappings"),
    ("logs", "describe_log_groups", {}, "logGroups"),
    ("logs", "describe_delivery_sources", {}, "deliverySources"),
    ("logs", "describe_delivery_destinations", {}, "deliveryDestinations"),
    ("logs", "describe_deliveries", {}, "deliveries"),
    ("cloudwatch", "list_dashboards", {}, "DashboardEntries"),
    ("cloudwatch", "describe_alarms", {}, "MetricAlarms"),
    ("events", "list_rules", {}, "Rules"),
    ("sns", "list_topics", {}, "Topics"),
    ("sns", "list_subscriptions", {}, "Subscriptions"),
    ("budgets", "describe_budgets", {"AccountId": "000000000000"}, "Budgets"),
    ("cloudfront", "list_distributions", {}, "DistributionList"),
    ("wafv2", "list_web_acls", {"Scope": "CLOUDFRONT"}, "WebACLs"),
    ("cloudfront", "list_functions", {}, "FunctionList"),
    ("cloudfront", "list_origin_access_controls", {}, "OriginAccessControlList"),
    ("cloudfront", "list_cache_policies", {"Type": "custom"}, "CachePolicyList"),
    ("cloudfront", "list_origin_request_policies", {"Type": "custom"}, "OriginRequestPolicyList"),
    (
        "cloudfront",
        "list_response_headers_policies",
        {"Type": "custom"},
        "ResponseHeadersPolicyList",
    ),
]


def everything(context: Context, zone: str) -> dict[str, Any]:
    """The embedded AWS's resources by service; a key that awaits its deletion counts as gone."""
    listed = {
        (service, operation): getattr(context.client(service), operation)(**parameters).get(found)
        for service, operation, parameters, found in LISTS
    }
    keys = context.client("kms").list_keys()["Keys"]
    states = [context.client("kms").describe_key(KeyId=key["KeyId"]) for key in keys]
    listed["kms", "list_keys"] = [
        state["KeyMetadata"]["KeyId"]
        for state in states
        if state["KeyMetadata"]["KeyState"] != "PendingDeletion"
    ]
    records = context.client("route53").list_resource_record_sets(HostedZoneId=zone)
    listed["route53", "list_resource_record_sets"] = records["ResourceRecordSets"]
    return listed


@pytest.fixture(scope="module")
def walks(context):
    """Deploy all that the program can make, and take it apart in the reverse order."""
    zones = context.client("route53")
    made = zones.create_hosted_zone(Name="example.com", CallerReference="kinds")
    zone = made["HostedZone"]["Id"].rpartition("/")[2]
    key = put(context, KEY, "besides", {"policy": EVERYONE})
    before = everything(context, zone)
    recorder = Recorder(context)
    settings = EVERYTHING | {
        "hostedZoneId": zone,
        "aws:endpoints": [{"s3": context.endpoint}],
    }
    evaluate("prod", recorder, settings)
    made_of_it = [*bridge(context), *recorder.recorded]
    done = [walk(context, resource, key.id) for resource in reversed(made_of_it)]
    return done, before, everything(context, zone)


@pytest.fixture(params=sorted(KINDS))
def lives(request, walks):
    return [walk for walk in walks[0] if walk.type == request.param]


def test_the_program_has_every_type(lives):
    assert lives


def test_what_is_put_can_be_read(lives):
    assert [life for life in lives if not life.first] == []


def test_what_is_put_again_is_unchanged(lives):
    assert [life.again for life in lives] == [life.first for life in lives]


def test_each_change_is_seen(lives):
    changes = set().union(*(life.changes for life in lives))
    assert changes or lives[0].type.rpartition(":")[2] in UNCHANGING
    assert set().union(*(life.seen for life in lives)) == changes


def test_what_is_updated_equals_what_is_created_anew(lives):
    assert [life.changed for life in lives] == [life.fresh for life in lives]


def test_what_is_deleted_is_gone(lives):
    left = [found for life in lives for found in (life.gone, life.gone_again)]
    if lives[0].type.endswith(":BucketServerSideEncryptionConfiguration"):
        # S3 encrypts by its own default then (user guide, "Setting default encryption").
        default = {"SSEAlgorithm": "AES256"}
        rules = [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": False}]
        answer = {"ServerSideEncryptionConfiguration": {"Rules": rules}}
        assert all(answer in found.values() for found in left if found)
    else:
        assert left == [None] * len(left)


def test_nothing_is_left(walks):
    _done, before, after = walks
    assert after == before


@pytest.fixture
def bucket(context):
    """A versioned bucket with two versions of an object and a delete marker; and another object."""
    name = f"kinds-{uuid.uuid4().hex}"
    created = put(context, BUCKET, name, {})
    values = {"bucket": name, "versioningConfiguration": {"status": "Enabled"}}
    put(context, "aws:s3/bucketVersioning:BucketVersioning", name, values)
    s3 = context.client("s3")
    for key in ("photo", "photo", "photo-2"):
        s3.put_object(Bucket=name, Key=key, Body=b"x")
    s3.delete_object(Bucket=name, Key="photo")
    return created


def keys(context, name):
    found = context.client("s3").list_object_versions(Bucket=name)
    return sorted(v["Key"] for v in found.get("Versions", []) + found.get("DeleteMarkers", []))


@pytest.mark.parametrize("values", [{}, {"forceDestroy": False}])
def test_a_bucket_that_holds_something_is_kept(context, bucket, values):
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        delete(context, BUCKET, bucket.id, values, bucket.outputs)
    assert keys(context, bucket.id) == ["photo", "photo", "photo", "photo-2"]


def test_a_bucket_goes_with_all_versions_where_force_destroy_is_set(context, bucket):
    delete(context, BUCKET, bucket.id, {"forceDestroy": True}, bucket.outputs)
    assert read(context, BUCKET, bucket.id, bucket.outputs) is None


def test_an_object_goes_with_its_own_versions_only(context, bucket):
    outputs = {"bucket": bucket.id, "key": "photo"}
    delete(context, OBJECT, bucket.id, {}, outputs)
    assert keys(context, bucket.id) == ["photo-2"]


def test_a_key_that_was_disabled_by_hand_is_enabled(context):
    created = put(context, KEY, "disabled", {"policy": EVERYONE})
    fresh = read(context, KEY, created.id, created.outputs)
    assert fresh["rotation"] is True
    context.client("kms").disable_key(KeyId=created.id)
    context.client("kms").disable_key_rotation(KeyId=created.id)
    assert read(context, KEY, created.id, created.outputs) != fresh
    assert put(context, KEY, "disabled", {"policy": EVERYONE}) == created
    assert read(context, KEY, created.id, created.outputs) == fresh


def test_a_key_that_waits_for_its_deletion_is_not_put_again(context):
    first = put(context, KEY, "waiting", {"policy": EVERYONE})
    delete(context, KEY, first.id, {}, first.outputs)
    assert put(context, KEY, "waiting", {"policy": EVERYONE}).id != first.id


def test_a_log_group_is_not_taken_for_one_whose_name_begins_alike(context):
    group = "aws:cloudwatch/logGroup:LogGroup"
    first, _longer = (
        put(context, group, name, {"retentionInDays": 1}) for name in ("/kinds", "/kinds-2")
    )
    delete(context, group, first.id, {}, first.outputs)
    assert read(context, group, first.id, first.outputs) is None


def test_a_tag_may_be_empty(context):
    created = put(context, KEY, "tagged", {"policy": EVERYONE, "tags": {"Empty": ""}})
    found = read(context, KEY, created.id, created.outputs)
    assert found["tags"] == {"Empty": "", "Name": "tagged"}


def test_a_refusal_is_no_absence(context, bare):
    stranger = replace(context, client=lambda service: bare.client(service, "key", "secret"))
    for act in (lambda: read(stranger, KEY, "?", {}), lambda: delete(stranger, KEY, "?", {}, {})):
        with pytest.raises(ClientError, match="UnrecognizedClient"):
            act()


def test_a_topic_whose_policy_is_deleted_is_its_accounts_again(context):
    topic = put(context, "aws:sns/topic:Topic", "own", {})
    delete(context, "aws:sns/topicPolicy:TopicPolicy", topic.id, {}, topic.outputs)
    attributes = context.client("sns").get_topic_attributes(TopicArn=topic.id)["Attributes"]
    (statement,) = json.loads(attributes["Policy"])["Statement"]
    assert {"SNS:Publish", "SNS:Subscribe", "SNS:DeleteTopic"} < set(statement["Action"])
    assert len(statement["Action"]) == 9
    del statement["Action"]
    assert statement == {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Resource": topic.id,
        "Condition": {"StringEquals": {"AWS:SourceOwner": ACCOUNT_ID}},
    }
