"""The function for S3 Batch Operations, and the role of its jobs: there if asked for, else not."""

import json

import pytest

from function.environment import Environment
from tests.infra.engine import evaluated


@pytest.fixture(scope="module")
def batch():
    return evaluated("dev", batchOperationsConcurrency=7, monitoring="full")


def test_a_stack_has_none_of_it_unless_asked(program):
    assert not program.all("BatchOperations")
    assert not {"batchFunctionArn", "batchRoleArn"} & set(program.outputs)


def test_the_function_is_the_resizers_code_with_another_entry_and_a_ceiling(batch):
    function = batch.one("Function", "-batch").inputs
    resizer = batch.one("Function", "-resizer").inputs
    own = {"handler", "description", "reservedConcurrentExecutions", "role", "loggingConfig"}
    assert {key for key in function if function[key] != resizer.get(key)} == own | {"environment"}
    assert function["handler"] == "function.batch_operations.handle"
    assert function["reservedConcurrentExecutions"] == 7
    assert "reservedConcurrentExecutions" not in resizer


def test_its_variables_are_the_resizers_without_metrics(batch):
    variables = batch.one("Function", "-batch").inputs["environment"]["variables"]
    resizers = batch.one("Function", "-resizer").inputs["environment"]["variables"]
    assert variables == resizers | {"PUBLISH_METRICS": "false"}
    given = {**variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"}
    assert Environment.read(given).publish_metrics is False


def test_no_queue_feeds_it_and_its_role_may_use_none(batch):
    mappings = batch.all("EventSourceMapping")
    assert {mapping.name.rpartition("-")[2] for mapping in mappings} == {"resizer", "backfill"}
    assert {mapping.inputs["functionName"] for mapping in mappings} == {
        batch.one("Function", "-resizer").outputs["arn"]
    }
    own = batch.one("RolePolicy", "-batch").statements()
    resizers = batch.one("RolePolicy", "-resizer").statements()
    assert set(resizers) - set(own) == {"UseQueues"}
    assert {sid: own[sid] for sid in own if sid != "WriteLog"} == {
        sid: resizers[sid] for sid in own if sid != "WriteLog"
    }
    assert "-batch-1234567" in json.dumps(own["WriteLog"])


def test_it_comes_after_its_permissions_and_its_log(batch):
    function = batch.one("Function", "-batch")
    for earlier in ("RolePolicy", "LogGroup"):
        batch.assert_after(function, batch.one(earlier, "-batch"))


def test_the_jobs_role_is_for_batch_operations_alone(batch):
    trust = json.loads(batch.one("Role", "-batch-job").inputs["assumeRolePolicy"])["Statement"]
    service = {"Service": "batchoperations.s3.amazonaws.com"}
    assert trust == [{"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}]


def test_the_jobs_role_may_invoke_one_function_and_keep_its_lists_and_reports(batch):
    statements = batch.one("RolePolicy", "-batch-job").statements()
    function = batch.outputs["batchFunctionArn"]
    source = f"arn:aws:s3:::{batch.outputs['sourceBucket']}"
    assert {sid: (s["Action"], s["Resource"]) for sid, s in statements.items()} == {
        "InvokeFunction": (["lambda:InvokeFunction"], function),
        "ReadManifest": (
            ["s3:GetObject", "s3:GetObjectVersion"],
            f"{source}/batch-operations/*",
        ),
        "WriteManifestAndReport": (["s3:PutObject"], f"{source}/batch-operations/*"),
        "GenerateManifest": (["s3:PutInventoryConfiguration"], source),
    }


def test_the_outputs_are_what_ops_reads(batch):
    assert batch.outputs["batchFunctionArn"].endswith("-batch-1234567")
    assert batch.outputs["batchRoleArn"].endswith("-batch-job-1234567")
