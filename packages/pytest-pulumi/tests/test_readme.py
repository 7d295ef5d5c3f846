"""The README's recipes are tests: each passes as it stands, and fails when what it tests breaks."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_pulumi
from pytest_pulumi import Program, Resource

README = (Path(__file__).parents[1] / "README.md").read_text()
RECIPES = dict(re.findall(r"^### \d+\. (.+)\n((?:(?!^##).*\n)*)", README, re.MULTILINE))
BLOCK = re.compile(r"^```\w+\n# (?P<file>[\w./-]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)

BREAKS = {
    "Naming": ('f"{team}-{pulumi', 'f"{pulumi'),
    "Tags on everything": ('events", tags=tags,', 'events", tags={"Team": "other"},'),
    "Order of two resources": ("depends_on=[block]", "depends_on=[bucket]"),
    "Least privilege": ('f"{arn}/*"', '"*"'),
    "Unknowns": ('{"topic_arn": topic.arn}', '{"topic_arn": "arn"}'),
    "StackReference": ('network.require_output("subnet")', '"subnet-2"'),
    "Secret never in plain": ('.require_secret("password")', '.require("password")'),
    "Transform": ("register_resource_transform(add", "register_invoke_transform(add"),
    "Replacement snapshot": (", opts=pulumi.ResourceOptions(aliases=[former])", ""),
    "A policy as a test": ('protect=not config.get_bool("disposable")', "protect=False"),
}
"""By recipe: a part of its program, and what breaks it."""


def run(folder, changes):
    """Run all recipes in one process, which loads pulumi-aws once; return what pytest prints."""
    for recipe, body in RECIPES.items():
        for block in BLOCK.finditer(body):
            path = folder / block["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block["text"].replace(*changes.get(recipe, ("", ""))))
    (folder / "pytest.ini").write_text("[pytest]\n")
    own = {"PYTHONPATH": os.pathsep.join(sys.path), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "pytest_pulumi_plugin", "-rA", "-W", "ignore"]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | own, capture_output=True, text=True, check=False
    )
    return done.stdout


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return run(tmp_path_factory.mktemp("sound"), {})


@pytest.fixture(scope="module")
def broken(tmp_path_factory):
    return run(tmp_path_factory.mktemp("broken"), BREAKS)


def file_of(recipe):
    return next(f for f in BLOCK.findall(RECIPES[recipe]) if f[0].startswith("test_"))[0]


def outcomes(printed, recipe):
    return re.findall(rf"^(\w+) {re.escape(file_of(recipe))}::", printed, re.MULTILINE)


def test_there_are_ten_recipes():
    assert len(RECIPES) == 10
    assert list(RECIPES) == list(BREAKS)


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_passes(sound, recipe):
    assert set(outcomes(sound, recipe)) == {"PASSED"}, sound


@pytest.mark.parametrize("recipe", BREAKS)
def test_a_recipe_fails_when_its_program_breaks(broken, recipe):
    assert BREAKS[recipe][0] in RECIPES[recipe]
    assert "FAILED" in outcomes(broken, recipe), broken


def test_the_snapshots_message_is_the_one_shown(broken):
    shown = README.split("Without the alias:")[1].split("```")[1].splitlines()[1:]
    assert len(shown) == 4
    for line in shown:
        assert line.strip() in broken


def test_the_tables_name_what_there_is():
    fields = README.split("Of a `Resource`: ")[1].split("Inputs are")[0]
    named = set(re.findall(r"`(\w+)`", fields))
    properties = {name for name, value in vars(Resource).items() if isinstance(value, property)}
    assert named == set(Resource.__dataclass_fields__) | properties
    table = README.split("| of a `Program` |")[1].split("A type is")[0]
    for name in re.findall(r"`(\w+)", table):
        assert hasattr(Program, name) or name in Program.__dataclass_fields__, name
    for name in re.findall(r"from pytest_pulumi import (\w+)", README):
        assert name in pytest_pulumi.__all__


def test_the_issues_lead_to_recipes():
    titles = re.findall(r"^### (\d+\. .+)", README, re.MULTILINE)
    anchors = {re.sub(r"[^\w-]", "", title.lower().replace(" ", "-")) for title in titles}
    assert set(re.findall(r"\]\(#([\w-]+)\)", README)) <= anchors
    assert re.findall(r"issues/(\d+)", README) == ["4472", "6666", "9212", "16042"]
