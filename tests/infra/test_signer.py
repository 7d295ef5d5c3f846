"""The function that signs upload forms."""

import re

from tests.infra.variants import ROOT


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
