"""Previews, invokes, other stacks and configuration."""

import json

import pulumi
import pytest

from pytest_pulumi import UNKNOWN, Cloud, PulumiTestError, Secret, evaluate
from toycloud import Bucket, Pair, Policy, invoke


def test_a_preview_knows_inputs_and_no_outputs():
    def make():
        pair = Pair("p", tags={"a": "x"})
        pulumi.export("arn", pair.bucket.arn)
        pulumi.export("tag", pair.bucket.tags.apply(lambda tags: tags["a"]))
        return pair

    program = evaluate(make, cloud=Cloud(outputs={"Bucket": {"arn": "arn:1"}}), preview=True)
    policy = program.one(Policy)
    assert program.preview
    assert policy.inputs["target"] is UNKNOWN
    assert policy.unknowns == {"target"}
    assert program.outputs["arn"] is UNKNOWN
    assert program.outputs["tag"] == "x"
    assert program.value(program.returned.bucket.arn) is UNKNOWN
    assert policy.property_dependencies == {"target": {program.one(Bucket).urn}}
    with pytest.raises(KeyError):
        _ = policy.id


def test_an_unknown_refuses_to_be_compared():
    for compare in (
        lambda: UNKNOWN == "x",
        lambda: UNKNOWN != "x",
        lambda: UNKNOWN in {"x", "y"},
        lambda: bool(UNKNOWN),
        lambda: "x" in UNKNOWN,
        lambda: list(UNKNOWN),
        lambda: UNKNOWN < 1,
        lambda: UNKNOWN["x"],
        lambda: str(UNKNOWN),
        lambda: f"{UNKNOWN}",
    ):
        with pytest.raises(PulumiTestError, match="comparing it proves nothing"):
            compare()
    assert repr(UNKNOWN) == "<unknown>"
    with pytest.raises(TypeError):
        json.dumps({"x": UNKNOWN})


def test_in_a_preview_apply_is_not_run_on_what_is_unknown():
    ran = []

    def make():
        Bucket("b").arn.apply(ran.append)

    evaluate(make, preview=True)
    assert ran == []


def test_the_program_can_ask_whether_it_is_previewed():
    assert evaluate(pulumi.runtime.is_dry_run, preview=True).returned is True
    assert evaluate(pulumi.runtime.is_dry_run).returned is False


def test_outputs_by_type_or_by_function():
    def arn(resource):
        return {"arn": f"arn:{resource.name}", "id": "i-1"}

    program = evaluate(lambda: Bucket("b"), cloud=Cloud(outputs=arn))
    assert (program.by_name("b").outputs["arn"], program.by_name("b").id) == ("arn:b", "i-1")
    both = {"toy:storage/bucket:Bucket": {"x": 1}, "Bucket": {"y": 2}, "Other": {"z": 3}}
    program = evaluate(lambda: Bucket("b"), cloud=Cloud(outputs=both))
    assert program.by_name("b").outputs == {"id": "b-id", "x": 1, "y": 2}


@pytest.mark.parametrize("token", ["toy:index:look", "look"])
def test_invokes_by_token_or_the_end_of_one(token):
    program = evaluate(
        lambda: invoke("toy:index:look", {"a": 1}),
        cloud=Cloud(invokes={token: lambda arguments: {"twice": arguments["a"] * 2}}),
    )
    assert program.returned == {"twice": 2}


def test_an_invoke_that_the_test_does_not_answer_is_said():
    with pytest.raises(
        PulumiTestError,
        match=r"calls toy:index:look with \{'a': 1\}.*give Cloud\(invokes=\{'toy:index:look'",
    ):
        evaluate(lambda: invoke("toy:index:look", {"a": 1}))


def test_methods_of_resources_are_answered_as_invokes():
    def make():
        bucket = Bucket("b")
        pulumi.export("x", pulumi.runtime.call("toy:storage:look", {"a": 1}, bucket))

    program = evaluate(make, cloud=Cloud(invokes={"look": lambda given: {"got": given["a"]}}))
    assert program.outputs == {"x": {"got": 1}}


def test_stack_references_and_their_secrets():
    def make():
        network = pulumi.StackReference("org/network/prod")
        Bucket("b", vpc=network.require_output("vpc"), key=network.get_output("key"))

    stacks = {"org/network/prod": {"vpc": "vpc-1", "key": Secret("hush")}}
    program = evaluate(make, cloud=Cloud(stacks=stacks))
    b = program.by_name("b")
    assert b.inputs == {"vpc": "vpc-1", "key": "hush"}
    assert b.secrets == {"key"}
    assert program.one("StackReference").read
    assert evaluate(make, cloud=Cloud(stacks=stacks), preview=True).by_name("b").inputs == b.inputs


def test_a_stack_that_the_test_does_not_know_is_said():
    with pytest.raises(PulumiTestError, match=r"reads the stack 'o/p/s'.*Cloud\(stacks=\{'o/p/s'"):
        evaluate(lambda: pulumi.StackReference("o/p/s"))


def test_resources_that_exist_are_read():
    def make():
        Policy("p", text=Bucket("b", opts=pulumi.ResourceOptions(id="b-1")).arn)

    program = evaluate(make, cloud=Cloud(outputs={"Bucket": {"arn": "arn:9"}}))
    assert program.by_name("b").read
    assert program.by_name("b").id == "b-1"
    assert program.one(Policy).inputs["text"] == "arn:9"


def test_configuration_plain_structured_and_secret():
    def make():
        config = pulumi.Config()
        other = pulumi.Config("aws")
        return {
            "text": config.require("text"),
            "number": config.require_int("number"),
            "flag": config.require_bool("flag"),
            "list": config.require_object("list"),
            "region": other.get("region"),
            "none": config.get("none"),
            "password": config.require_secret("password"),
        }

    config = {
        "text": "a",
        "number": 3,
        "flag": True,
        "list": [{"x": 1}],
        "aws:region": "eu-central-1",
        "none": None,
        "password": Secret("hunter2"),
    }
    found = evaluate(make, config=config).returned
    password = found.pop("password")
    assert found == {
        "text": "a", "number": 3, "flag": True, "list": [{"x": 1}], "region": "eu-central-1",
        "none": None,
    }  # fmt: skip
    assert isinstance(password, pulumi.Output)


def test_names_of_stack_project_and_organization():
    def make():
        return pulumi.get_stack(), pulumi.get_project(), pulumi.get_organization()

    program = evaluate(make, stack="s", project="p", organization="o")
    assert program.returned == ("s", "p", "o")
    assert program.stack.urn == "urn:pulumi:s::p::pulumi:pulumi:Stack::p-s"


def test_whether_a_resource_exists_is_refused_with_a_way_out():
    def make():
        options = pulumi.ResourceOptions()
        pulumi.export("x", pulumi.runtime.exists_resource(None, "toy:a:B", "b-1", {}, options))

    with pytest.raises(PulumiTestError, match=r"toy:a:B b-1 exists.*; replace pulumi.runtime.exi"):
        evaluate(make)
