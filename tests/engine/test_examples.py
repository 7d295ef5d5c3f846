"""The examples of the component, in each language: run, type-checked, or held to the schema.

``examples/component/README.md`` says which; ``ENGINE=all`` runs all that can be run here.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TypeVar

import pytest
import yaml

from local.http import request
from local.program import ROOT
from local.uploader import upload
from tests.engine import cli as clis
from tests.engine.foreign import Foreign, YamlProgram
from tests.engine.support import ALL, Failed, changes
from tests.engine.test_stacks import empty, left

EXAMPLES: Final = ROOT / "examples" / "component"
SECONDS: Final = 600

Test = TypeVar("Test", bound=Callable[..., None])

slow = pytest.mark.skipif(not ALL, reason="ENGINE=all tries it")

TRIED: Final[dict[str, str]] = {}
"""Folder of an example -> what its test does."""


def example(folder: str, status: str) -> Callable[[Test], Test]:
    """Mark the test of an example."""
    TRIED[folder] = status
    return lambda test: test


def assert_photo_in_renditions_out(outputs: dict[str, str], photo: Path, names: list[str]) -> None:
    endpoint, delivery = outputs["uploadEndpoint"], outputs["deliveryUrl"]
    result = upload(photo, "uploads/p.jpg", endpoint, delivery)
    assert (result.status, result.error) == ("ready", None)
    assert {found.key for found in result.renditions} == {f"p.jpg/{name}" for name in names}
    for found in result.renditions:
        assert request("GET", found.url)[0] == 200


FOUR_SIZES: Final = ["large.avif", "large.jpg", "medium.jpg", "small.jpg", "thumb.jpg"]
CARD_AND_FULL: Final = ["card.avif", "card.jpg", "full.jpg", "full.webp"]


def remove(live: Foreign, server) -> None:
    """Empty the buckets, destroy the stack, and see that nothing is left."""
    for bucket in left(server, "photos-", "s3"):
        empty(server.client("s3"), bucket)
    live.run("destroy")
    assert left(server, "photos-") == []


@example("python", "run")
def test_a_python_program(cli, server, sdks, photo, tmp_path):
    """Five lines of a program that is not ours: photo in, renditions out, nothing left."""
    tree = EXAMPLES / "python"
    with Foreign(
        server=server, cli=cli, folder=tmp_path / "app", name="dev", tree=tree, sdks=sdks
    ) as live:
        preview = live.run("preview")
        made = live.run("up")
        assert made.counts == preview.counts == {"create": made.counts["create"]}
        assert_photo_in_renditions_out(made.outputs, photo, FOUR_SIZES)
        assert not changes(live.run("up"))
        with pytest.raises(Failed, match="BucketNotEmpty"):
            live.run("destroy")
        remove(live, server)


@pytest.fixture
def yaml_program(cli, server, sdks, tmp_path) -> Iterator[Callable[[Path], YamlProgram]]:
    """Make stacks of a YAML program, which end with the test."""
    clis.find_yaml_host()
    with ExitStack() as made:

        def make(tree: Path) -> YamlProgram:
            where = {"cli": cli, "folder": tmp_path / "app", "tree": tree, "sdks": sdks}
            live = YamlProgram(server=server, name="dev", attached=False, **where)
            made.enter_context(live)
            live.pulumi("stack", "init", "dev")
            live.pulumi("config", "set", "--secret", "alarmEmail", "a@example.com")
            return live

        yield make


@slow
@example("yaml", "run")
def test_a_yaml_program(yaml_program, server, photo):
    live = yaml_program(EXAMPLES / "yaml")
    live.pulumi("up", "--yes", "--skip-preview")
    assert_photo_in_renditions_out(live.outputs(), photo, CARD_AND_FULL)
    live.pulumi("preview", "--expect-no-changes")
    (mail,) = (found for found in live.resources() if "Subscription" in found["type"])
    assert "ciphertext" in mail["inputs"]["endpoint"]

    program = live.project / "Pulumi.yaml"
    program.write_text(program.read_text().replace("memory: 2048", "memory: 64"))
    with pytest.raises(subprocess.CalledProcessError) as refused:
        live.pulumi("preview")
    sentence = "memory must be 128 to 10240 MB; got 64."
    assert f"resource 'photos' has a problem: {sentence}\n" in refused.value.stdout
    assert "Traceback" not in refused.value.stdout

    for bucket in left(server, "photos-", "s3"):
        empty(server.client("s3"), bucket)
    live.pulumi("destroy", "--yes", "--skip-preview")
    assert left(server, "photos-") == []


@slow
@example("../template", "run")
def test_a_project_made_of_the_template(cli, yaml_program, photo, tmp_path):
    made = tmp_path / "shop"
    made.mkdir()
    clis.find_yaml_host()
    new = [cli / "bin" / "pulumi", "new", EXAMPLES / "../template", "--name", "shop", "--yes"]
    home = {"PULUMI_HOME": str(tmp_path / "home"), "PULUMI_SKIP_UPDATE_CHECK": "true"}
    subprocess.run([*new, "--generate-only"], cwd=made, env=os.environ | home, check=True)
    assert yaml.safe_load((made / "Pulumi.yaml").read_text())["name"] == "shop"
    live = yaml_program(made)
    live.pulumi("up", "--yes", "--skip-preview")
    assert_photo_in_renditions_out(live.outputs(), photo, CARD_AND_FULL)


@slow
@example("typescript", "type-checked")
def test_a_typescript_program(sdks, tmp_path):
    folder = ROOT / ".cache" / "examples" / "typescript"
    shutil.copytree(EXAMPLES / "typescript", folder, dirs_exist_ok=True)
    npm = ["npm", "install", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(npm, cwd=folder, check=True, timeout=SECONDS)
    app = folder / "app"
    shutil.rmtree(app, ignore_errors=True)
    shutil.copytree(sdks / "nodejs", app / "sdk")
    config = {
        "compilerOptions": json.loads(_TYPESCRIPT),
        "files": ["index.ts"],
    }
    (app / "tsconfig.json").write_text(json.dumps(config))
    program = (EXAMPLES / "typescript" / "index.ts").read_text()

    def check(text: str) -> subprocess.CompletedProcess[str]:
        (app / "index.ts").write_text(text)
        tsc = [folder / "node_modules" / ".bin" / "tsc", "-p", app]
        return subprocess.run(tsc, check=False, capture_output=True, text=True, timeout=SECONDS)

    done = check(program)
    assert (done.returncode, done.stdout) == (0, "")
    assert "'memry' does not exist" in check(program.replace("memory:", "memry:")).stdout


_TYPESCRIPT = """{
    "strict": true, "noEmit": true, "target": "ES2022", "module": "nodenext",
    "moduleResolution": "nodenext", "skipLibCheck": true, "types": ["node"],
    "paths": {"@pulumi/image-pipeline": ["./sdk/index.ts"]}
}"""
"""Those of the generated SDK."""


@slow
@example("go", "type-checked")
def test_a_go_program(sdks, tmp_path):
    app = tmp_path / "app"
    shutil.copytree(EXAMPLES / "go", app)
    module = "github.com/pulumi/pulumi-image-pipeline/sdk/go"

    def go(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["go", *words], cwd=app, check=False, capture_output=True, text=True, timeout=SECONDS
        )

    for words in (
        ("mod", "edit", f"-replace={module}={sdks / 'go'}", f"-require={module}@v0.0.0"),
        ("mod", "tidy"),
        ("vet", "./..."),
    ):
        done = go(*words)
        assert done.returncode == 0, done.stderr
    program = app / "main.go"
    program.write_text(program.read_text().replace("Memory:", "Memry:"))
    assert "unknown field Memry" in go("vet", "./...").stderr


NAMES: Final = {
    "csharp": (
        "Program.cs",
        r"new ImagePipelineArgs\s*{(.*?)}\);",
        r"^\s+(\w+) = ",
        r"\bphotos\.(\w+)",
    ),
    "java": (
        "src/main/java/app/App.java",
        r"ImagePipelineArgs\.builder\(\)(.*?)\.build\(\)",
        r"^\s+\.(\w+)\(",
        r"\bphotos\.(\w+)\(\)",
    ),
}
"""Language -> its file, the arguments in it, the name of each, and the name of each output."""


@example("csharp", "schema only")
@example("java", "schema only")
@pytest.mark.parametrize("language", NAMES)
def test_a_program_that_cannot_be_compiled_here_uses_names_of_the_schema(language, schema):
    file, arguments, name, output = NAMES[language]
    text = (EXAMPLES / language / file).read_text()
    component = schema["resources"]["image-pipeline:index:ImagePipeline"]

    def names(pattern: str, where: str) -> set[str]:
        found = re.findall(pattern, where, re.MULTILINE)
        return {one[0].lower() + one[1:] for one in found}

    given = re.search(arguments, text, re.DOTALL)
    assert given
    assert names(name, given[1]) == {"memory", "alarmEmail"} <= set(component["inputProperties"])
    assert names(output, text) == {"uploadEndpoint", "deliveryUrl"} <= set(component["properties"])


def test_the_table_says_what_is_tried():
    rows = re.findall(
        r"^\| `(\S+)` \| ([\w -]+) \|", (EXAMPLES / "README.md").read_text(), re.MULTILINE
    )
    assert dict(rows) == TRIED
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    assert folders == TRIED.keys() - {"../template"}
