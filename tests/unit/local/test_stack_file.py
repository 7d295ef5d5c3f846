"""Stack files mean here what they mean to the Pulumi CLI."""

import pytest
import yaml

from local import stack_file
from local.program import read_settings


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, word) for word in ("off", "Off", "on", "yes", "No", "n")),
        *(("true", True), ("True", True), ("FALSE", False), ('"true"', "true"), ("trues", "trues")),
        ("7", 7),
    ],
)
def test_a_value_is_what_pulumi_reads(tmp_path, text, value):
    """Each was tried with ``pulumi config --json`` of version 3.274.1."""
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(f"config:\n  x: {text}\n")
    assert stack_file.load(path) == {"config": {"x": value}}
    path.write_text(yaml.safe_dump(stack_file.load(path)))  # as a clone's file is written
    assert stack_file.load(path) == {"config": {"x": value}}


def test_a_file_is_read_again_and_what_was_read_belongs_to_its_reader(tmp_path):
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("config: {x: [1]}")
    stack_file.load(path)["config"]["x"].append(2)
    assert stack_file.load(path) == {"config": {"x": [1]}}
    path.write_text("config: {x: 3}")
    assert stack_file.load(path) == {"config": {"x": 3}}


def test_an_empty_file_is_no_settings(tmp_path):
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text("")
    assert stack_file.load(path) == {}


def test_a_setting_may_be_off_without_quotes(tmp_path, monkeypatch):
    project = "name: image-pipeline\nconfig: {}\n"
    (tmp_path / "Pulumi.yaml").write_text(project)
    config = "config:\n  image-pipeline:monitoring: off\n  image-pipeline:duplicates: off\n"
    (tmp_path / "Pulumi.dev.yaml").write_text(config)
    monkeypatch.setattr("local.program.ROOT", tmp_path)
    found = read_settings("dev")
    assert (found.monitoring, found.duplicates) == ("off", "off")
