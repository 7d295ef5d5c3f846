import json
import shutil

import pytest
import yaml

from bench.tune import evidence
from terminal import Misuse

SETTINGS = """# The stack that we look at.
config:
  aws:region: us-east-1  # close to us
  image-pipeline:logRetentionDays: 7
"""
RESULT = {
    "summary": [{"memory_mb": 512}],
    "strategy": "cost",
    "chosen": {"memory_mb": 512},
    "bundle": "x",
}


@pytest.fixture
def stack(tmp_path):
    (tmp_path / "function").mkdir()
    (tmp_path / "function" / "handler.py").write_text("x = 1\n")
    (tmp_path / "function" / "requirements.txt").write_text("pillow==13.0.0 --hash=...\n")
    (tmp_path / "pipeline" / "bundle").mkdir(parents=True)
    (tmp_path / "pipeline" / "bundle" / "native.py").write_text("FLAGS = '-O3'\n")
    (tmp_path / "Pulumi.yaml").write_text("name: image-pipeline\n")
    path = tmp_path / "Pulumi.dev.yaml"
    path.write_text(SETTINGS)
    return path


def test_only_the_memory_line_is_added(stack):
    evidence.apply(stack, RESULT)
    kept = [line for line in stack.read_text().splitlines(keepends=True) if "memory" not in line]
    assert "".join(kept) == SETTINGS
    assert yaml.safe_load(stack.read_text())["config"]["image-pipeline:memory"] == 512


def test_a_second_time_replaces_the_first(stack):
    evidence.apply(stack, RESULT)
    evidence.apply(stack, {**RESULT, "chosen": {"memory_mb": 1024}})
    assert stack.read_text().count("image-pipeline:memory") == 1
    assert yaml.safe_load(stack.read_text())["config"]["image-pipeline:memory"] == 1024


def test_a_renamed_project_s_own_key_is_written(stack):
    (stack.parent / "Pulumi.yaml").write_text("name: photos\n")
    stack.write_text(SETTINGS.replace("image-pipeline", "photos"))
    assert "photos:memory 512" in evidence.apply(stack, RESULT)
    assert yaml.safe_load(stack.read_text())["config"] == {
        "aws:region": "us-east-1",
        "photos:logRetentionDays": 7,
        "photos:memory": 512,
    }
    assert "was measured on what would be deployed" in evidence.examine(stack)


def test_evidence_is_still_found_after_the_pulumi_cli_quoted_the_number(stack):
    evidence.apply(stack, RESULT)
    stack.write_text(stack.read_text().replace("memory: 512 ", 'memory: "512" '))
    assert "was measured on what would be deployed" in evidence.examine(stack)


def test_a_file_without_config_is_refused():
    with pytest.raises(Misuse, match="config"):
        evidence.with_memory("encryptionsalt: v1\n", "image-pipeline:memory", 512, "0")


def test_an_unknown_stack_is_refused(stack):
    with pytest.raises(Misuse, match="choose one of dev"):
        evidence.settings_file("prd", stack.parent)


def test_nothing_is_said_of_a_stack_without_evidence(stack):
    assert evidence.examine(stack) is None


def test_fresh_evidence_holds(stack):
    evidence.apply(stack, RESULT)
    assert "was measured on what would be deployed" in evidence.examine(stack)
    assert json.loads((stack.parent / "bench/evidence/dev.json").read_text())["chosen"] == {
        "memory_mb": 512
    }


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("handler.py", "x = 2\n", "the bundle's sources changed"),
        ("requirements.txt", "pillow==13.1.0\n", "the bundle's sources and Pillow changed"),
    ],
)
def test_a_change_of_what_ships_makes_it_stale(stack, name, text, said):
    evidence.apply(stack, RESULT)
    (stack.parent / "function" / name).write_text(text)
    assert f"stale: {said} since" in evidence.examine(stack)


def test_another_setting_of_the_allocator_makes_it_stale(stack, monkeypatch):
    evidence.apply(stack, RESULT)
    monkeypatch.setattr(evidence, "GLIBC_TUNABLES", "glibc.malloc.trim_threshold=1")
    assert "stale: the allocator's settings changed since" in evidence.examine(stack)


def test_other_renditions_make_it_stale_and_other_settings_do_not(stack):
    evidence.apply(stack, RESULT)
    text = stack.read_text()
    stack.write_text(text + "  image-pipeline:timeout: 60\n")
    assert "was measured on what would be deployed" in evidence.examine(stack)
    stack.write_text(text + "  image-pipeline:renditions: [{name: a, width: 80, height: 80}]\n")
    assert "stale: the stack's settings changed since" in evidence.examine(stack)


def test_this_repository_has_all_that_is_looked_at():
    assert set(evidence.shipped(evidence.settings_file("dev"))) == {
        *("the bundle's sources", "Pillow", "the allocator's settings", "the stack's settings"),
    }


def test_another_way_to_compile_makes_it_stale(stack):
    evidence.apply(stack, RESULT)
    (stack.parent / "pipeline/bundle/native.py").write_text("FLAGS = '-O2'\n")
    assert "stale: the bundle's sources changed since" in evidence.examine(stack)


def test_compiled_files_are_not_what_ships(stack):
    before = evidence.shipped(stack)
    (stack.parent / "function" / "__pycache__").mkdir()
    (stack.parent / "function" / "__pycache__" / "handler.pyc").write_bytes(b"x")
    (stack.parent / "function" / "_native.abi3.so").write_bytes(b"x")
    assert evidence.shipped(stack) == before


def test_edited_or_lost_evidence_is_noticed(stack):
    evidence.apply(stack, RESULT)
    path = stack.parent / "bench/evidence/dev.json"
    path.write_text(path.read_text().replace("512", "256"))
    assert "gone or was edited" in evidence.examine(stack)
    shutil.rmtree(path.parent)
    assert "gone or was edited" in evidence.examine(stack)
