"""A key, a topic and a boundary that the account has are used and never changed; tags reach all."""

import pytest

from pipeline.settings_checks import SettingsError
from tests.infra.engine import evaluated, run, takes_tags
from tests.infra.variants import KMS

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:on-call"
BOUNDARY = "arn:aws:iam::123456789012:policy/teams/boundary"
VPC = {"subnets": ["subnet-0a1b2c3d", "subnet-0a1b2c3e"], "securityGroups": ["sg-0a1b2c3d"]}
TAGS = {"Team": "photos", "cost:center": "42 / a+b"}


@pytest.fixture(scope="module")
def keyed():
    return evaluated("dev", **KMS, kmsKeyArn=KEY)


def test_an_adopted_key_encrypts_and_is_not_the_stacks(keyed):
    for type_ in ("aws:kms/key:Key", "aws:kms/alias:Alias", "EncryptionKey"):
        keyed.assert_none(type_)
    for part in ("-source", "-destination"):
        (rule,) = keyed.one("BucketServerSideEncryptionConfiguration", part).inputs["rules"]
        assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"] == KEY
    variables = keyed.one("Function", "-resizer").inputs["environment"]["variables"]
    assert variables["KMS_KEY_ARN"] == KEY


def test_the_roles_may_use_that_key_and_no_other(keyed):
    for part in ("-resizer", "-signer"):
        assert keyed.one("RolePolicy", part).statements()["UseKey"]["Resource"] == KEY


def test_alarms_go_to_an_adopted_topic_which_stays_as_it_is():
    budget = {"alarmEmail": "a@example.com", "monthlyBudgetUsd": 10}
    program = evaluated("dev", monitoring="full", alarmTopicArn=TOPIC, **budget)
    for type_ in ("Topic", "TopicPolicy", "TopicSubscription"):
        program.assert_none(f"aws:sns/{type_[0].lower()}{type_[1:]}:{type_}")
    for alarm in program.all("MetricAlarm"):
        assert alarm.inputs["alarmActions"] == alarm.inputs["okActions"] == [TOPIC]
    (mail,) = program.one("Budget").inputs["notifications"]
    assert mail["subscriberEmailAddresses"] == ["a@example.com"]


@pytest.mark.parametrize("setting", ["kmsKeyArn", "alarmTopicArn"])
def test_a_key_or_topic_of_another_region_ends_the_preview(setting):
    given = {"kmsKeyArn": KEY, "alarmTopicArn": TOPIC}[setting].replace("eu-central-1", "us-east-1")
    with pytest.raises(SettingsError) as refused:
        run("dev", **KMS, **{setting: given}, preview=True)
    sentence = f"{setting} must be of the stack's region eu-central-1; it is of us-east-1."
    assert str(refused.value) == sentence


def test_every_role_is_bounded(everything):
    program = evaluated(
        "prod", permissionsBoundary=BOUNDARY, batchOperationsConcurrency=5, protect=False
    )
    roles = program.all("aws:iam/role:Role")
    assert len(roles) == 4
    assert {role.inputs["permissionsBoundary"] for role in roles} == {BOUNDARY}
    assert all("permissionsBoundary" not in r.inputs for r in everything.all("aws:iam/role:Role"))


def test_every_function_is_in_the_vpc_and_lambda_alone_may_connect_it(everything):
    program = evaluated("prod", vpc=VPC, batchOperationsConcurrency=5)
    functions = program.all("aws:lambda/function:Function")
    assert len(functions) == 3
    for function in functions:
        assert function.inputs["vpcConfig"] == {
            "subnetIds": VPC["subnets"],
            "securityGroupIds": VPC["securityGroups"],
        }
        part = function.name.removeprefix("image-pipeline-prod")
        connect = program.one("RolePolicy", part).statements()["ConnectToVpc"]
        assert connect["Condition"] == {"Null": {"lambda:SourceFunctionArn": "true"}}
        assert all(action.startswith("ec2:") for action in connect["Action"])
        assert len(connect["Action"]) == 6
    for function in everything.all("aws:lambda/function:Function"):
        assert "vpcConfig" not in function.inputs
    for policy in everything.all("aws:iam/rolePolicy:RolePolicy"):
        assert "ec2:" not in policy.inputs["policy"]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_tags_reach_everything_that_takes_tags_beside_the_stacks_own(stack):
    program = evaluated(stack, tags=TAGS, encryption="kms" if stack == "prod" else "s3")
    taggable = [r for r in program.resources if r.type.startswith("aws:") and takes_tags(r.type)]
    assert len(taggable) > 10
    for resource in taggable:
        program.assert_tagged(resource, **TAGS, Stack=stack, ManagedBy="pulumi")


def test_a_stack_without_tags_is_as_it_was():
    bucket = run("dev", tags={}).one("aws:s3/bucket:Bucket", "-source")
    assert set(bucket.inputs["tags"]) == {"Project", "Stack", "ManagedBy"}
