"""The bench and the unit tests load no pulumi-aws, which takes 3 s of each process's start."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
IMPORT = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print("pulumi_aws" in sys.modules)
"""


def of_the_program(folder: str) -> set[str]:
    """Return the modules of ``pipeline/`` that a folder's files import."""
    trees = [ast.parse(path.read_text()) for path in (ROOT / folder).rglob("*.py")]
    names = {name for tree in trees for node in ast.walk(tree) for name in imported(node)}
    return {name for name in names if is_module(name)}


def imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
        yield node.module


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    is_there = path.is_dir() or path.with_suffix(".py").is_file()
    return is_there and name.partition(".")[0] == "pipeline"


def loads_the_provider(*names: str) -> bool:
    command = [sys.executable, "-c", IMPORT, *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip() == "True"


@pytest.mark.parametrize("folder", ["bench", "tests/unit"])
def test_plain_data_of_the_program_is_all_that_is_imported(folder):
    names = of_the_program(folder)
    assert {"pipeline.settings", "pipeline.environment", "pipeline.bundle"} <= names
    assert not loads_the_provider(*sorted(names))


def test_the_mock_kit_imports_nothing_of_this_project():
    files = sorted((ROOT / "packages/pytest-pulumi/src").rglob("*.py"))
    names = {
        name.partition(".")[0]
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        for name in imported(node)
    }
    of_others = {"google", "grpc", "pulumi", "pytest", "yaml"}
    assert names - set(sys.stdlib_module_names) == {
        "pytest_pulumi",
        "pytest_pulumi_plugin",
        *of_others,
    }


def test_a_component_would_be_noticed():
    assert loads_the_provider("pipeline.queues")
