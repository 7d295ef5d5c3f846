"""Two pipelines in one program of somebody else's: each has its own photos, and one is renamed."""

from pathlib import Path

import pytest
from PIL import Image

from local.program import ROOT
from local.uploader import upload
from tests.engine.support import Stack, changes

PROGRAM = """
import pulumi
from pipeline.image_pipeline import ImagePipeline
from pipeline.settings import Settings

def tag(args: pulumi.ResourceTransformArgs):
    if "tags" not in args.props:
        return None
    tags = {{**args.props["tags"], "Team": "photos"}}
    return pulumi.ResourceTransformResult({{**args.props, "tags": tags}}, args.opts)

settings = Settings(monitoring="full", s3_endpoint={endpoint!r}, batch_size=1, timeout=15)
for name, former in {names!r}.items():
    aliases = [pulumi.Alias(name=former)] if former else None
    options = pulumi.ResourceOptions(transforms=[tag], aliases=aliases)
    pipeline = ImagePipeline(name, settings, options)
    pulumi.export(f"{{name}}Upload", pipeline.upload_endpoint)
    pulumi.export(f"{{name}}Delivery", pipeline.delivery_url)
    pulumi.export(f"{{name}}Dashboard", pipeline.dashboard_url)
"""


@pytest.fixture
def program(server, tmp_path):
    """Write a program of pipelines, by name and former name."""
    tree = tmp_path / "program"
    tree.mkdir()
    for path in ROOT.iterdir():
        if path.name != "__main__.py":
            (tree / path.name).symlink_to(path)

    def write(**names: str) -> Path:
        (tree / "__main__.py").write_text(PROGRAM.format(endpoint=server.endpoint, names=names))
        return tree

    return write


def test_two_pipelines_in_one_program(stack, server, program, tmp_path):
    live: Stack = stack("shop", tree=program(avatars="", listings=""))
    outputs = live.run("up").outputs
    photo = tmp_path / "photo.jpg"
    Image.radial_gradient("L").resize((900, 600)).convert("RGB").save(photo)
    for name in ("avatars", "listings"):
        endpoint, delivery = outputs[f"{name}Upload"], outputs[f"{name}Delivery"]
        result = upload(photo, f"uploads/{name}.jpg", endpoint, delivery)
        assert (result.status, result.error) == ("ready", None)
    assert outputs["avatarsDashboard"] != outputs["listingsDashboard"]
    inputs = [r.get("inputs", {}) for r in live.run("export").resources]
    tagged = [given["tags"] for given in inputs if "tags" in given]
    assert len(tagged) > 20
    assert {tags["Team"] for tags in tagged} == {"photos"}
    assert not changes(live.run("up"))

    before = {r["id"] for r in live.run("export").resources if r.get("id")}
    program(portraits="avatars", listings="")
    done = changes(live.run("up"))
    assert (done.create, done.delete, done.replace) == ([], [], {})
    assert {r["id"] for r in live.run("export").resources if r.get("id")} == before
    assert not changes(live.run("up"))
