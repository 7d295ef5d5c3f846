"""AWS Lambda in a VPC: what its role must allow, and what marks the requests of its code."""

import json

import pytest
from botocore.exceptions import ClientError

from pipeline.bundle import Target
from tests.local.calling import function_role, zipped
from tests.local.probing import probe

VPC = {"SubnetIds": ["subnet-0a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d"]}


def let(bare, role: str, action: str, **condition) -> None:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*", **condition}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    name = role.rpartition("/")[2]
    bare.client("iam").put_role_policy(RoleName=name, PolicyName="a", PolicyDocument=document)


def create(bare, name: str, role: str, **more) -> None:
    bare.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Architectures=[Target.host().machine],
        Handler="code.handle",
        Role=role,
        Code={"ZipFile": zipped("def handle(event, context): pass")},
        **more,
    )


def test_a_function_is_connected_only_if_its_role_lets_lambda_make_interfaces(bare):
    role = function_role(bare, "connected")
    lambda_ = bare.client("lambda")
    create(bare, "connected", role)
    change = {"FunctionName": "connected", "VpcConfig": VPC}
    with pytest.raises(ClientError, match="CreateNetworkInterface on EC2"):
        create(bare, "connected-too", role, VpcConfig=VPC)
    with pytest.raises(ClientError, match="CreateNetworkInterface on EC2"):
        lambda_.update_function_configuration(**change)
    let(bare, role, "ec2:CreateNetworkInterface")
    lambda_.update_function_configuration(**change)
    create(bare, "connected-too", role, VpcConfig=VPC)
    outside = {"SubnetIds": [], "SecurityGroupIds": []}
    lambda_.update_function_configuration(FunctionName="connected", VpcConfig=outside)


@pytest.mark.parametrize(("absent", "answer"), [("true", "AccessDenied"), ("false", "allowed")])
def test_requests_of_a_functions_code_carry_its_arn(bare, absent, answer):
    name = f"marked-{absent}"
    role = function_role(bare, name)
    condition = {"Null": {"lambda:SourceFunctionArn": absent}}
    let(bare, role, "s3:ListAllMyBuckets", Condition=condition)
    create(bare, name, role)
    assert probe(bare, name)("s3", "list_buckets") == answer
