"""Docs that cannot rot: commands, settings and outputs that they name exist."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from bench.__main__ import parser as bench_parser
from function.schema import Rendition
from local.__main__ import parser
from ops.__main__ import parser as ops_parser

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def table(text: str) -> list[list[str]]:
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row] for row in rows]


def test_settings_table_is_pulumi_yaml():
    section = README.split("<!-- settings -->")[1].split("<!-- /settings -->")[0]
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    expected = [
        [f"`{key}`", yaml.dump(value["default"], default_flow_style=True).split("\n")[0]]
        for key, value in declared.items()
    ]
    assert [row[:2] for row in table(section)] == [*expected, ["`renditions`", "four sizes"]]


def test_rendition_fields_are_the_schema():
    section = README.split("each entry has these fields")[1].split("Without it")[0]
    named = [name.strip("` ") for row in table(section) for name in row[0].split(",")]
    assert named == list(Rendition.__dataclass_fields__)


def test_outputs_table_is_the_program():
    section = README.split("| output |")[1].split("An upload and its outcome")[0]
    named = {name.strip("` ") for row in table(section) for name in row[0].split(",")}
    assert named == set(re.findall(r'export\("(\w+)"', (ROOT / "__main__.py").read_text()))


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_make_targets_exist(path):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", path.read_text(), re.MULTILINE)) <= targets


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_commands_of_the_embedded_aws_exist(path):
    actions = [action for action in parser()._actions if action.dest == "command"]
    named = set(re.findall(r"python -m local ([a-z]+)", path.read_text()))
    assert named <= set(actions[0].choices)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_commands_for_operators_exist(path):
    actions = [action for action in ops_parser()._actions if action.dest == "command"]
    assert set(re.findall(r"python -m ops ([a-z]+)", path.read_text())) <= set(actions[0].choices)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_commands_of_the_bench_are_parsed_as_printed(path):
    for line in re.findall(r"python -m bench ([^`\n|)]+)", path.read_text()):
        words = line.split("#")[0].replace("DIR", ".").split()
        words = [word for word in words if word not in ("…", "·")]
        assert bench_parser().parse_args(words).run


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", path.read_text()):
        assert (path.parent / target).exists(), target


def test_pages_that_the_code_names_exist():
    folders = ("function", "pipeline", "local", "bench", "ops")
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    named = {page for path in sources for page in re.findall(r"docs/\w+\.md", path.read_text())}
    assert named
    assert [page for page in sorted(named) if not (ROOT / page).is_file()] == []


def test_stacks_named_are_committed():
    for stack in re.findall(r"--stack (\w+)", README):
        assert (ROOT / f"Pulumi.{stack}.yaml").is_file()


def test_no_file_names_a_registry_or_this_machine():
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    parts = ("file" + ":///(?!etc/)", "/ro" + "ot/", "/wo" + "rk/", "--index" + "-url")
    pattern = re.compile("|".join(parts))
    texts = [name for name in files if not name.endswith((".png", ".webp"))]
    assert [name for name in texts if pattern.search((ROOT / name).read_text())] == []
