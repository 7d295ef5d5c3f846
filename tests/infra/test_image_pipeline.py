"""The whole: outputs, tags, parents, protection, and the options of its caller."""

import json
from urllib.parse import urlsplit

import pulumi
import pytest
from pulumi_aws import ProviderEndpointArgsDict

from local.program import read_config
from pipeline.image_pipeline import ImagePipeline
from pipeline.settings import Settings
from tests.infra import engine
from tests.infra.engine import STATED, evaluated, record, run, takes_tags
from tests.infra.variants import KMS, OUTPUTS, STACKS


def test_committed_stacks_are_the_documented_ones():
    assert set(STATED) == {"dev", "local", "prod"}
    assert set(STATED) <= set(STACKS)


def test_outputs_are_the_contract(program):
    settings = program.settings
    more = {
        "siteUrl": settings.site,
        "dashboardUrl": settings.monitoring == "full",
        "distributionId": settings.delivery == "cdn",
        "quotaTable": settings.has_quotas,
    }
    assert set(program.outputs) == OUTPUTS | {name for name, is_there in more.items() if is_there}
    assert all(isinstance(value, str) and value for value in program.outputs.values())


def test_everything_taggable_carries_the_stacks_tags(program):
    taggable = [r for r in program.resources if r.type.startswith("aws:") and takes_tags(r.type)]
    assert len(taggable) >= 7
    for resource in taggable:
        stack = resource.urn.split(":")[2]
        program.assert_tagged(resource, Project="image-pipeline", Stack=stack, ManagedBy="pulumi")


def test_every_resource_belongs_to_the_pipeline(program):
    (pipeline,) = program.all("ImagePipeline")
    stack = program.by_urn(pipeline.parent)
    assert stack.type == "pulumi:pulumi:Stack"
    for resource in program.resources:
        if resource not in (pipeline, stack):
            program.assert_within(resource, pipeline)


def test_source_and_destination_differ(program):
    assert program.outputs["sourceBucket"] != program.outputs["destinationBucket"]


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
    programs = (
        run("dev", monitoring="full", duplicates="near", tracing=True),
        run("dev", monitoring="full", **KMS, site=True),
    )
    for program in programs:
        assert urlsplit(program.outputs["dashboardUrl"]).hostname == console
        for resource in program.resources:
            written = json.dumps(resource.inputs)
            assert "arn:aws:" not in written, resource.urn
            assert partition == "aws-us-gov" or ".amazonaws.com/" not in written, resource.urn


def test_buckets_and_key_are_protected_when_asked_for(dev, prod, everything):
    for program, types in ((everything, {"Bucket", "Key"}), (prod, {"Bucket"}), (dev, set())):
        found = {r.type.split(":")[-1] for r in program.resources if r.protect}
        assert found == types
    everything.assert_protected(everything.one("Bucket", "-source"))


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


SERVICES = {"cloudwatch": {"cloudwatch", "logs"}, "s3": {"s3", "s3control"}}
"""Modules of pulumi-aws that call more services than the one that they are named after; tags of
buckets are S3 Control's (``TagResource``, S3 API reference)."""


def test_the_local_stack_sends_no_service_to_real_aws(everything):
    types = {r.type for r in everything.resources}
    modules = {type_.split(":")[1].split("/")[0] for type_ in types if type_.startswith("aws:")}
    used = {"sts"}.union(*(SERVICES.get(module, {module}) for module in modules))
    (endpoints,) = read_config("local")["aws:endpoints"]
    assert set(endpoints) == used
    assert {urlsplit(url).hostname for url in endpoints.values()} == {"127.0.0.1"}
    known = {name.rstrip("_") for name in ProviderEndpointArgsDict.__annotations__}
    assert used <= known


def test_endpoints_of_the_local_stack_are_the_embedded_aws():
    outputs = evaluated("local").outputs
    assert outputs["uploadEndpoint"] == f"http://127.0.0.1:4566/{outputs['sourceBucket']}"
    assert outputs["deliveryUrl"] == f"http://127.0.0.1:4566/{outputs['destinationBucket']}"


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
    optional = {"siteUrl", "dashboardUrl", "batchFunctionArn", "batchRoleArn"}
    optional |= {"distributionId", "quotaTable", "adoptedBuckets", "destinationPolicy"}
    optional |= {"viewFunctionName", "uploadPrefixes", "formatFunctionName", "formatQueueUrl"}
    assert camel == OUTPUTS | optional
