"""The wheel, and what it installs; ``packages/component/noxfile.py`` names both."""

import json
import os
import subprocess
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[3]
WHEEL, EMPTY = Path(os.environ["WHEEL"]), Path(os.environ["EMPTY"])
FOLDERS = {
    *("bench", "bundles", "edge", "function", "local", "ops", "pipeline", "policy", "signer"),
    *("terminal", "web"),
}
FILES = {"__main__.py", "Pulumi.yaml", *(f"Pulumi.{s}.yaml" for s in ("dev", "local", "prod"))}
MOST_BYTES = 60_000_000
"""PyPI takes files of 100 MB."""


def names() -> list[str]:
    with zipfile.ZipFile(WHEEL) as archive:
        return archive.namelist()


def run(*words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [EMPTY / "bin" / words[0], *words[1:]],
        cwd=EMPTY,
        check=False,
        capture_output=True,
        text=True,
        env={key: value for key, value in os.environ.items() if not key.startswith("PYTHON")},
    )
    return done.returncode, done.stdout, done.stderr


def test_it_has_what_it_needs_and_no_more():
    assert WHEEL.stat().st_size < MOST_BYTES
    top = {name.partition("/")[0] for name in names()}
    assert top == {"image_pipeline", "image_pipeline-0.1.0.dist-info"}
    tree = {name.split("/")[2:3][0] for name in names() if name.startswith("image_pipeline/tree/")}
    assert tree == FOLDERS | FILES
    left_out = (".so", ".pyc", ".jpg", "test_", "suite/", "conftest", ".cache", ".venv")
    assert [name for name in names() if any(part in name for part in left_out)] == []


def test_every_file_of_the_project_is_in_it():
    listed = subprocess.run(
        ["git", "ls-files", *sorted(FOLDERS - {"bundles"})],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    wanted = {
        f"image_pipeline/tree/{name}" for name in listed.stdout.split() if "suite" not in name
    }
    assert wanted - set(names()) == set()


def test_it_carries_both_functions_for_both_architectures():
    bundles = [Path(name).name for name in names() if "/bundles/" in name]
    stems = {name.partition("al2023-")[0] + name.split("-")[3] for name in bundles}
    assert stems == {
        f"{package}-python3.13-{machine}"
        for package in ("function", "signer")
        for machine in ("arm64", "x86_64")
    }
    assert len(bundles) == len(stems)


def test_its_metadata_has_licence_and_urls():
    with zipfile.ZipFile(WHEEL) as archive:
        metadata = archive.read("image_pipeline-0.1.0.dist-info/METADATA").decode()
    repository = os.environ["REPOSITORY"]
    assert "License-Expression: MIT" in metadata
    assert f"Project-URL: Source, {repository}\n" in metadata
    assert metadata.count("Project-URL: ") == 3
    assert metadata.count("Classifier: ") >= 6


def test_the_provider_has_the_schema_of_the_checkout_and_finds_its_bundles():
    code = (
        "from image_pipeline.provider import Provider; from pipeline.bundle import Target, build;"
        "print(Provider().schema);"
        "print(*{build(Target.for_lambda('python3.13', a)).seconds for a in ('arm64', 'x86_64')})"
    )
    status, out, error = run("python", "-c", code)
    assert status == 0, error
    schema, seconds = out.splitlines()
    snapshot = ROOT / "tests" / "infra" / "component_schema.json"
    assert json.loads(schema) == json.loads(snapshot.read_text())
    assert seconds == "0"


def test_the_engine_could_start_the_provider():
    """It wants the engine's address, and says so."""
    status, _, error = run("pulumi-resource-image-pipeline")
    assert status == 2
    assert "the following arguments are required: engine" in error


def test_a_part_whose_extra_is_missing_says_what_to_install():
    status, _, error = run("image-pipeline", "ops", "doctor")
    assert status == 1
    assert error == (
        "error: `image-pipeline ops` needs cyclopts, which is not installed; run "
        "`pip install 'image-pipeline[ops]'`.\n"
    )


def test_a_part_that_is_none_is_misuse():
    status, _, error = run("image-pipeline", "deploy")
    assert status == 2
    assert error.startswith("error: Name one of bench, local, ops; got 'deploy'.")
    status, out, _ = run("image-pipeline", "--help")
    assert status == 0
    assert out.startswith("Usage: image-pipeline COMMAND")
