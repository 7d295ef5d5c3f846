"""The client that docs/typescript.md prints, in Node.js against a stack with presigned uploads."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.local.defaults import DEFAULTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "typescript.md").read_text()
PROGRAM, CLIENT, SHOW = re.findall(r"```typescript\n(.*?)```", PAGE, re.DOTALL)
MAIN = """
import { readFile } from "node:fs/promises";
const [path, name, type, where] = process.argv.slice(2);
const file = new File([await readFile(path)], name, { type });
const manifest = await upload(file, JSON.parse(where));
const picture = manifest.status === "ready" ? show(manifest) : null;
console.log(JSON.stringify({ manifest, picture }));
"""


def test_the_program_is_the_example():
    example = ROOT / "examples" / "component" / "typescript" / "index.ts"
    assert example.read_text() == PROGRAM


@pytest.fixture(scope="module")
def server(served, tmp_path_factory):
    settings = DEFAULTS | {"image-pipeline:uploads": "presigned"}
    with served(tmp_path_factory.mktemp("typescript"), settings, "dev") as server:
        yield server


@pytest.fixture
def run(server, tmp_path):
    script = tmp_path / "client.mjs"
    show = f"function show(manifest) {{\n{SHOW}  return picture;\n}}\n"
    script.write_text(CLIENT + show + MAIN)
    where = {name: server.outputs[name] for name in ("uploadEndpoint", "deliveryUrl")}

    def start(path, name, kind):
        command = ["node", script, path, name, kind, json.dumps(where)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)

    return start


def test_a_photo_becomes_renditions(run, photo):
    done = run(photo("beach day.jpg"), "beach day.jpg", "image/jpeg")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["manifest"]["status"] == "ready"
    avif, jpeg = re.findall(
        r'<source srcset="([^"]+)" type="image/(?:avif|jpeg)">', found["picture"]
    )
    assert found["picture"].index('type="image/avif"') < found["picture"].index('type="image/jpeg"')
    assert f'<img src="{jpeg}" width="' in found["picture"]
    assert avif != jpeg


def test_a_damaged_photo_is_told_as_rejected(run, tmp_path):
    path = tmp_path / "cut.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0")
    done = run(path, "cut.jpg", "image/jpeg")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["manifest"]["status"] == "rejected"


def test_a_refusal_of_the_signer_is_told(run, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("no picture")
    done = run(path, "notes.txt", "text/plain")
    assert done.returncode != 0
    assert "The type must be one of" in done.stderr
