"""The policy pack as the Pulumi engine runs it: its own process, asked over gRPC.

The engine's stand-in starts the pack as the Python language host does and sends the requests that a
preview and an update send. The resources are the ones that the program registers.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from policy.guardrails import RULES, Resource
from tests.infra.broken import BROKEN, Break, policy
from tests.infra.engine import Program, Registered, evaluated, run
from tests.infra.variants import KMS, ROOT

PACK = ROOT / "policy"

X_RAY = policy(
    {"Sid": "W", "Effect": "Allow", "Action": ["xray:PutTraceSegments"], "Resource": "*"}
)


@pytest.fixture(scope="module")
def analyzer() -> Iterator[Any]:
    # The pack must not find this repository's modules, nor write beside its own.
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    pack = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", "."],
        cwd=PACK,
        env=environment,
        stdout=subprocess.PIPE,
    )
    try:
        assert pack.stdout
        port = int(pack.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        pack.terminate()
        pack.wait(10)
        if pack.stdout:
            pack.stdout.close()


def struct(inputs: Any) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update({key: value for key, value in inputs.items() if value is not None})
    return message


def outputs(resource: Resource) -> dict[str, Any]:
    """Return the state of a resource: what the provider made of its inputs, and filled in.

    terraform-provider-aws returns what it computes, such as ``tagsAll``, and "", 0, false or an
    empty list for what is not set. Bucket and role return what other resources configured of them.
    """
    made = resource.outputs if isinstance(resource, Registered) else {}
    computed = COMPUTED.get(resource.type, {})
    given = {key: value for key, value in resource.inputs.items() if value is not None}
    left = {key: value for key, value in made.items() if key in given or key not in computed}
    state = {**left, **computed, **given, "id": resource.name, "region": "eu-central-1"}
    if state.get("tags"):
        state["tagsAll"] = state["tags"]
    return state


COMPUTED: dict[str, dict[str, Any]] = {
    "aws:cloudfront/distribution:Distribution": {"orderedCacheBehaviors": [], "status": "Deployed"},
    "aws:iam/role:Role": {
        "inlinePolicies": [{"name": "image-pipeline-dev-resizer", "policy": X_RAY}],
        "managedPolicyArns": [],
        "uniqueId": "AROA123",
    },
    "aws:kms/key:Key": {"keyUsage": "ENCRYPT_DECRYPT", "multiRegion": False},
    "aws:lambda/eventSourceMapping:EventSourceMapping": {"state": "Enabled", "topics": []},
    "aws:lambda/function:Function": {"sourceCodeHash": "b", "vpcConfig": None, "layers": []},
    "aws:s3/bucket:Bucket": {"policy": "", "versioning": {"enabled": True}, "corsRules": []},
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {"skipDestroy": False},
    "aws:sqs/queue:Queue": {
        **dict.fromkeys(("policy", "kmsMasterKeyId", "redrivePolicy", "redriveAllowPolicy"), ""),
        "visibilityTimeoutSeconds": 30,
    },
}


def analyze(analyzer: Any, resources: list[Resource]) -> dict[str, list[str]]:
    """Ask about each resource by its inputs, then about the stack by its state.

    That is how the engine asks (pulumi/pulumi, ``pkg/resource/deploy/step_generator.go``: Analyze
    is called with a goal's properties, AnalyzeStack "on the final outputs of each resource").
    """
    diagnostics: list[Any] = []
    for resource in resources:
        request = analyzer_pb2.AnalyzeRequest(
            urn=resource.urn,
            type=resource.type,
            name=resource.name,
            properties=struct(resource.inputs),
        )
        diagnostics += analyzer.Analyze(request).diagnostics
    stack = analyzer_pb2.AnalyzeStackRequest(
        resources=[
            analyzer_pb2.AnalyzerResource(
                urn=resource.urn,
                type=resource.type,
                name=resource.name,
                properties=struct(outputs(resource)),
                parent=resource.parent if isinstance(resource, Registered) else "",
                propertyDependencies={
                    key: analyzer_pb2.AnalyzerPropertyDependencies(urns=sorted(urns))
                    for key, urns in resource.depends.items()
                },
            )
            for resource in resources
        ]
    )
    diagnostics += analyzer.AnalyzeStack(stack).diagnostics
    found: dict[str, list[str]] = {}
    for diagnostic in diagnostics:
        assert diagnostic.enforcementLevel == analyzer_pb2.MANDATORY, diagnostic
        found.setdefault(diagnostic.policyName, []).append(diagnostic.message)
    return found


def test_the_pack_offers_every_rule(analyzer):
    info = analyzer.GetAnalyzerInfo(empty_pb2.Empty())
    assert info.name == "image-pipeline"
    names = {policy.name.removesuffix("-of-the-stack") for policy in info.policies}
    assert names == {rule.name for rule in RULES}
    levels = {policy.enforcementLevel for policy in info.policies}
    assert levels == {analyzer_pb2.MANDATORY}


@pytest.mark.parametrize("stack", ["dev", "local", "prod"])
def test_committed_stacks_pass(analyzer, stack):
    assert analyze(analyzer, evaluated(stack).resources) == {}


def test_an_encrypted_stack_passes(analyzer, kms):
    assert analyze(analyzer, kms.resources) == {}


def test_a_preview_with_unknown_values_passes(analyzer):
    assert analyze(analyzer, run("dev", preview=True, **KMS).resources) == {}


@pytest.mark.parametrize(("name", "break_", "words"), BROKEN)
def test_what_breaks_a_rule_is_reported(
    analyzer: Any, kms: Program, name: str, break_: Break, words: str
):
    found = analyze(analyzer, break_(kms.resources))
    assert {policy.removesuffix("-of-the-stack") for policy in found} == {name}
    assert any(words in message for messages in found.values() for message in messages)
