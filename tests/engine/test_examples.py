"""The examples of the component, in each language: run, type-checked, or held to the schema.

``examples/component/README.md`` says which; ``ENGINE=all`` runs all that can be run here.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from PIL import Image

from image_pipeline.provider import Provider
from local.http import request
from local.program import ROOT
from local.uploader import upload
from tests.engine import cli as clis
from tests.engine.foreign import Foreign, YamlProgram
from tests.engine.support import ALL, Failed, changes
from tests.engine.test_stacks import empty, left

EXAMPLES: Final = ROOT / "examples" / "component"
SECONDS: Final = 600

slow = pytest.mark.skipif(not ALL, reason="ENGINE=all tries it")


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    return json.loads(Provider().schema)


@pytest.fixture(scope="session")
def sdks(schema, tmp_path_factory) -> Path:
    """A folder with the SDKs as `pulumi package add` generates them; Python's is in ``site``."""
    folder = tmp_path_factory.mktemp("sdks")
    source = folder / "schema.json"
    source.write_text(json.dumps(schema))
    subprocess.run([clis.find_sdk_generator(), source, folder], check=True, timeout=SECONDS)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-build-isolation", "--target", folder / "site"]
    subprocess.run([*pip, *offline, folder / "python"], check=True, timeout=SECONDS)
    return folder


@pytest.fixture
def photo(tmp_path) -> Path:
    path = tmp_path / "photo.jpg"
    Image.radial_gradient("L").resize((900, 600)).convert("RGB").save(path)
    return path


def assert_photo_in_renditions_out(outputs: dict[str, str], photo: Path, *names: str) -> None:
    endpoint, delivery = outputs["uploadEndpoint"], outputs["deliveryUrl"]
    result = upload(photo, "uploads/p.jpg", endpoint, delivery)
    assert (result.status, result.error) == ("ready", None)
    assert {found.key for found in result.renditions} == {f"p.jpg/{name}" for name in names}
    for found in result.renditions:
        assert request("GET", found.url)[0] == 200


def test_a_python_program(cli, server, sdks, photo, tmp_path):
    """Five lines of a program that is not ours: photo in, renditions out, nothing left."""
    tree = EXAMPLES / "python"
    with Foreign(
        server=server, cli=cli, folder=tmp_path / "app", name="dev", tree=tree, sdks=sdks
    ) as live:
        preview = live.run("preview")
        made = live.run("up")
        assert made.counts == preview.counts == {"create": made.counts["create"]}
        assert_photo_in_renditions_out(
            made.outputs,
            photo,
            *(f"{n}.{e}" for n in ("large", "medium", "small", "thumb") for e in ("jpg", "webp")),
        )
        assert not changes(live.run("up"))
        with pytest.raises(Failed, match="BucketNotEmpty"):
            live.run("destroy")
        s3 = server.client("s3")
        for bucket in left(server, "photos-", "s3"):
            empty(s3, bucket)
        live.run("destroy")
        assert left(server, "photos-") == []
