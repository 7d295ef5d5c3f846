"""A stack with the key, the topic and the boundary of its account, tried in the embedded AWS."""

import functools
import json

import pytest
from botocore.exceptions import ClientError

from function.contract.keys import upload_name
from local import server as servers
from local.deploy import deploy
from local.resources.kind import ACCOUNT_ID
from local.uploader import upload
from tests.local.defaults import PROD
from tests.local.probing import BODY, probe

TAGS = {"Team": "photos"}


def document(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


BOUNDARY = document(
    {"Effect": "Allow", "Action": "*", "Resource": "*"},
    {"Effect": "Deny", "Action": ["s3:DeleteObject", "kms:Encrypt"], "Resource": "*"},
)
KEY_POLICY = document(
    {
        "Sid": "AccountDecides",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"},
        "Action": "kms:*",
        "Resource": "*",
    },
    {
        "Sid": "CdnMayDecrypt",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {
            "ArnLike": {"aws:SourceArn": f"arn:aws:cloudfront::{ACCOUNT_ID}:distribution/*"}
        },
    },
)


class Owned:
    """Return the resources that the account had before the stack, to compare them later."""

    def __init__(self, server) -> None:
        self._kms, self._sns = server.client("kms"), server.client("sns")
        self._iam = server.client("iam")
        self.key = self._kms.create_key(Policy=KEY_POLICY)["KeyMetadata"]["Arn"]
        self.topic = self._sns.create_topic(Name="on-call")["TopicArn"]
        ec2 = server.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        group = ec2.create_security_group(VpcId=vpc, GroupName="a", Description="a")["GroupId"]
        self.vpc = {"subnets": [subnet], "securityGroups": [group]}
        made = self._iam.create_policy(PolicyName="boundary", PolicyDocument=BOUNDARY)
        self.boundary = made["Policy"]["Arn"]

    def look(self) -> tuple:
        return (
            self._kms.get_key_policy(KeyId=self.key, PolicyName="default")["Policy"],
            self._kms.list_resource_tags(KeyId=self.key)["Tags"],
            self._sns.get_topic_attributes(TopicArn=self.topic)["Attributes"],
            self._sns.list_subscriptions_by_topic(TopicArn=self.topic)["Subscriptions"],
            self._iam.list_policy_versions(PolicyArn=self.boundary)["Versions"],
        )


@pytest.fixture(scope="module")
def adopting(tmp_path_factory):
    server = servers.start(tmp_path_factory.mktemp("adopting") / "state")
    try:
        owned = Owned(server)
        before = owned.look()
        settings = {
            "encryption": "kms",
            "kmsKeyArn": owned.key,
            "alarmTopicArn": owned.topic,
            "permissionsBoundary": owned.boundary,
            "tags": TAGS,
            "vpc": owned.vpc,
        }
        deploy(server, "prod", settings=PROD | settings)
        yield server, owned, before
    finally:
        servers.stop(server.folder)


@pytest.fixture(scope="module")
def acting(adopting):
    """Return what a function's role gets from AWS, by the function's name."""
    server, _owned, _before = adopting
    return functools.cache(lambda name: probe(server, name))


def test_an_upload_becomes_renditions_under_the_accounts_key(adopting, photo):
    server, owned, _before = adopting
    outputs = server.outputs
    endpoint, cdn = outputs["uploadEndpoint"], outputs["deliveryUrl"]
    result = upload(photo("adopted.jpg"), "", endpoint, cdn, presigned=True)
    assert (result.status, result.error) == ("ready", None)
    name = upload_name(result.key)
    for bucket, key in (
        (outputs["sourceBucket"], f"uploads/{name}"),
        (outputs["destinationBucket"], f"{name}/thumb.jpg"),
    ):
        assert server.client("s3").head_object(Bucket=bucket, Key=key)["SSEKMSKeyId"] == owned.key
    aliases = server.client("kms").list_aliases()["Aliases"]
    assert [a for a in aliases if "image-pipeline" in a["AliasName"]] == []


def test_what_the_account_has_stays_as_it_is(adopting):
    _server, owned, before = adopting
    assert owned.look() == before


def test_alarms_go_to_the_accounts_topic(adopting):
    server, owned, _before = adopting
    alarms = server.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert alarms
    assert {arn for alarm in alarms for arn in alarm["AlarmActions"]} == {owned.topic}
    topics = server.client("sns").list_topics()["Topics"]
    assert [topic["TopicArn"] for topic in topics] == [owned.topic]


def test_the_boundary_takes_from_the_function_what_its_role_allows(adopting, acting):
    server, owned, _before = adopting
    act = acting(server.outputs["functionName"])
    bucket = server.outputs["destinationBucket"]
    removal = {"Bucket": bucket, "Key": "probe.jpg/thumb.jpg"}
    assert act("s3", "put_object", **removal, Body=BODY) == "allowed"
    assert act("s3", "delete_object", **removal) == "AccessDenied"
    other = server.client("kms").create_key()["KeyMetadata"]["KeyId"]
    data_key = {"KeySpec": "AES_256"}
    assert act("kms", "generate_data_key", KeyId=owned.key, **data_key) == "allowed"
    assert act("kms", "generate_data_key", KeyId=other, **data_key) == "AccessDeniedException"
    roles = server.client("iam").list_roles()["Roles"]
    own = [r["RoleName"] for r in roles if "image-pipeline" in r["RoleName"]]
    for name in own:
        role = server.client("iam").get_role(RoleName=name)["Role"]
        assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == owned.boundary
    assert len(own) == 2


def test_the_functions_are_in_the_vpc_and_their_code_cannot_change_it(adopting, acting):
    server, owned, _before = adopting
    lambda_ = server.client("lambda")
    (subnet,), (group,) = owned.vpc.values()
    ours = [f for f in lambda_.list_functions()["Functions"] if f["FunctionName"].startswith("ima")]
    assert len(ours) == 2
    for function in ours:
        config = function["VpcConfig"]
        assert (config["SubnetIds"], config["SecurityGroupIds"]) == ([subnet], [group])
        act = acting(function["FunctionName"])
        denied = {
            "create_network_interface": {"SubnetId": subnet},
            "describe_network_interfaces": {},
            "describe_subnets": {},
            "delete_network_interface": {"NetworkInterfaceId": "eni-0a1b2c3d"},
        }
        for operation, arguments in denied.items():
            assert act("ec2", operation, **arguments) == "UnauthorizedOperation", operation


def test_a_boundary_that_does_not_exist_is_refused(adopting):
    server, _owned, _before = adopting
    absent = f"arn:aws:iam::{ACCOUNT_ID}:policy/absent"
    trust = document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    )
    with pytest.raises(ClientError, match="NoSuchEntity"):
        server.client("iam").create_role(
            RoleName="a", AssumeRolePolicyDocument=trust, PermissionsBoundary=absent
        )
