import json
import os
from pathlib import Path

import botocore.exceptions
import pytest

from ops.__main__ import main
from ops.stack import ROOT, connect_to_outputs, connected, region_of
from terminal import Failure
from tests.support.ops import OUTPUTS


@pytest.fixture
def outputs(tmp_path):
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps(OUTPUTS))
    return path


def test_outputs_of_a_file_are_those_of_the_stack(outputs):
    assert connect_to_outputs(outputs).outputs == OUTPUTS


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "holds no JSON object"),
        ("{}", "has no output 'sourceBucket'"),
    ],
)
def test_a_file_that_holds_no_outputs_is_one_sentence(tmp_path, capsys, text, sentence):
    path = tmp_path / "outputs.json"
    path.write_text(text)
    assert main(["doctor", "--outputs", str(path)]) == 1
    assert sentence in capsys.readouterr().err


def test_a_command_works_on_the_stack_that_it_names(outputs):
    with connected(None, outputs) as stack:
        assert stack.outputs == OUTPUTS


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (botocore.exceptions.NoCredentialsError(), "check credentials and network: Unable to"),
        (botocore.exceptions.ClientError({}, "ListBuckets"), "check credentials and network: An"),
        (KeyboardInterrupt(), "Interrupted; nothing is lost"),
    ],
)
def test_what_ends_a_command_is_told_in_one_sentence(outputs, error, sentence):
    with pytest.raises(Failure, match=sentence), connected(None, outputs):
        raise error


@pytest.mark.parametrize(
    ("url", "region"),
    [
        (OUTPUTS["queueUrl"], "eu-west-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q", "cn-north-1"),
        ("https://sqs.eusc-de-east-1.amazonaws.eu/123456789012/q", "eusc-de-east-1"),
        ("http://127.0.0.1:4566/000000000000/q", None),
    ],
)
def test_the_region_is_the_queues(url, region):
    assert region_of({"queueUrl": url}) == region


@pytest.fixture
def pulumi(tmp_path, monkeypatch):
    """A CLI that prints a stack's outputs, and writes down where it was run."""
    cli = tmp_path / "bin" / "pulumi"
    cli.parent.mkdir()
    said = f"pwd > {tmp_path}/where\necho $* > {tmp_path}/how\necho '{json.dumps(OUTPUTS)}'\n"
    cli.write_text(f"#!/bin/sh\n{said}")
    cli.chmod(0o755)
    monkeypatch.setenv("PATH", str(cli.parent), prepend=os.pathsep)
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(tmp_path / "none"))
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return project


@pytest.mark.parametrize("is_project", [True, False])
def test_a_stack_is_one_of_the_project_in_the_current_folder(tmp_path, pulumi, is_project):
    """A program that uses the component is a separate project."""
    if is_project:
        (pulumi / "Pulumi.yaml").touch()
    with connected("dev", None) as stack:
        assert stack.outputs == OUTPUTS
    where = Path((tmp_path / "where").read_text().strip())
    assert where == (pulumi if is_project else ROOT).resolve()


@pytest.mark.parametrize(
    ("name", "text", "project"),
    [
        ("dev", "name: shop\nruntime: python\n", "shop"),
        ("me/dev", "runtime: python\nname:  'shop-1' # ours\n", "shop-1"),
        ("me/other/dev", 'name: "shop"\n', "other"),
        ("dev", "runtime:\n  name: python\n", ""),
    ],
)
def test_a_stacks_name_and_project_are_those_of_its_tags(pulumi, name, text, project):
    (pulumi / "Pulumi.yaml").write_text(text)
    with connected(name, None) as stack:
        assert (stack.name, stack.project) == ("dev", project)


def test_pulumi_asks_no_question_that_nobody_sees(tmp_path, pulumi):
    with connected("dev", None):
        how = (tmp_path / "how").read_text()
    assert how == "stack output --json --stack dev --non-interactive\n"


def test_an_output_that_pulumi_hides_is_asked_for(tmp_path, capsys):
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps(OUTPUTS | {"sourceBucket": "[secret]", "theirs": "[secret]"}))
    assert main(["doctor", "--outputs", str(path)]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "has the output 'sourceBucket' as a secret; write all outputs" in said
    path.write_text(json.dumps(OUTPUTS | {"theirs": "[secret]"}))
    assert connect_to_outputs(path).source == OUTPUTS["sourceBucket"]
