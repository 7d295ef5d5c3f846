"""Names: the pipeline's own, which no other pipeline of the account has, and its former ones."""

import pulumi
import pytest
from pulumi_aws import Provider

from pipeline.configuration import KNOWN
from pipeline.image_pipeline import ImagePipeline
from pipeline.settings import Settings, SettingsError
from policy.guardrails import RULES, violations
from tests.infra.engine import EVERYTHING, evaluated, record, run

SETTINGS = Settings(uploads="presigned", delivery="cdn", encryption="kms", site=True)

OWN = {
    "dashboardName": "aws:cloudwatch/dashboard:Dashboard",
    "key": "aws:s3/bucketObjectv2:BucketObjectv2",  # in the pipeline's own bucket
    "name": "aws:route53/record:Record",  # the domain, which the user chooses
}
"""Inputs that name something, and the one type that may have each."""


def two() -> None:
    for region in ("eu-central-1", "us-west-2"):
        provider = Provider(region, region=region)
        options = pulumi.ResourceOptions(providers=[provider])
        ImagePipeline(f"photos-{region}", SETTINGS, options)


@pytest.fixture(scope="module")
def both():
    return record(two)


def test_two_pipelines_in_one_program_share_nothing(both):
    ours = [r for r in both.resources if r.type.startswith(("aws:", "image-pipeline:"))]
    first = [r for r in ours if r.name.startswith("photos-eu-central-1")]
    second = [r for r in ours if r.name.startswith("photos-us-west-2")]
    assert len(first) == len(second) == len(ours) / 2
    assert len({r.urn for r in ours}) == len(ours)
    assert violations(RULES, [r for r in ours if r.custom]) == []


def test_everything_is_made_by_the_provider_of_its_region(both):
    for resource in both.resources:
        if resource.type.startswith("aws:"):
            region = resource.name.removeprefix("photos-")
            assert region.startswith(resource.provider.split("::")[3]), resource.urn


def test_no_name_is_the_pipelines_alone(both):
    """A second pipeline of the same name, in another program or region, would get the same."""
    for program in (both, evaluated("prod", **EVERYTHING)):
        for resource in program.resources:
            inputs = resource.inputs if resource.type.startswith("aws:") else {}
            given = {"name", "namePrefix", "bucket", "dashboardName", "key", "statementId"}
            for key in given & set(inputs):
                settles = key == "bucket" and resource.type != "aws:s3/bucket:Bucket"
                assert settles or OWN[key] == resource.type, resource.urn


def test_a_dashboard_is_named_after_its_function_and_region(everything):
    name = everything.one("Dashboard").inputs["dashboardName"]
    assert name == f"{everything.outputs['functionName']}-eu-central-1"


def test_a_renamed_pipeline_gives_every_resource_its_former_names():
    def renamed() -> None:
        urn = "urn:pulumi:a::b::image-pipeline:index:ImagePipeline::older"
        aliases = [pulumi.Alias(name="old"), pulumi.Alias(stack="other"), urn]
        ImagePipeline("new", SETTINGS, pulumi.ResourceOptions(aliases=aliases))

    program = record(renamed)
    ours = [r for r in program.resources if r.name.startswith("new")]
    assert len(ours) > 50
    for resource in ours:
        known = {alias.rpartition("::")[2] for alias in resource.aliases}
        part = resource.name.removeprefix("new")
        assert {f"old{part}", f"older{part}"} <= known, resource.urn
        assert f"{resource.urn.rpartition('::')[0]}::old{part}" in resource.aliases


def test_a_pipeline_that_was_never_renamed_has_no_aliases():
    program = record(lambda: ImagePipeline("new", SETTINGS))
    assert not [r for r in program.resources if any("::old" in a for a in r.aliases)]


def names(program) -> tuple[str, set[str]]:
    (pipeline,) = program.all("ImagePipeline")
    return pipeline.name, {alias.rpartition("::")[2] for alias in pipeline.aliases}


def test_a_stacks_pipeline_is_named_as_v0_1_0_named_it():
    assert names(evaluated("dev")) == ("image-pipeline-dev", set())


def test_a_stack_can_name_its_pipeline():
    default = "image-pipeline-dev"
    assert names(run("dev", name="photos")) == ("photos", {default})
    program = run("dev", name="photos", formerNames=["a", "photos", "b"])
    assert names(program) == ("photos", {default, "a", "b"})
    assert names(run("dev", formerNames=["photos"])) == (default, {"photos"})
    assert all(r.name.startswith("photos") for r in program.resources if r.type.startswith("aws:"))


@pytest.mark.parametrize("given", [[1], [""], "photos", [{"name": "photos"}]])
def test_former_names_are_names(given):
    with pytest.raises(SettingsError, match=r"^formerNames must be a list"):
        run("dev", formerNames=given)


def test_names_are_keys_of_a_stack():
    assert set(KNOWN) > {"name", "formerNames", "memory"}
