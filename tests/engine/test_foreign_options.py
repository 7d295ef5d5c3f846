"""A program of somebody else's gives the component its resources' outputs and its own options."""

import pytest

from tests.engine.foreign import Foreign
from tests.engine.support import Failed, Stack, changes

PROJECT = "name: photo-app\nruntime: python\n"

PROGRAM = """
import json

import pulumi
import pulumi_aws as aws
import pulumi_image_pipeline as images

ANYONE = {{"Effect": "Allow", "Principal": {{"AWS": "*"}}, "Action": "kms:*", "Resource": "*"}}

def tag(args):
    if "tags" in args.props:
        tags = {{**(args.props["tags"] or {{}}), "Team": "photos"}}
        return pulumi.ResourceTransformResult({{**args.props, "tags": tags}}, args.opts)

key = aws.kms.Key("k", policy=json.dumps({{"Version": "2012-10-17", "Statement": [ANYONE]}}))
topic = aws.sns.Topic("t")
endpoint = pulumi.Config("aws").require_object("endpoints")[0]["s3"]
west = aws.Provider(
    "west",
    region="us-west-2",
    access_key="test",
    secret_key="test",
    endpoints=[{{service: endpoint for service in ("s3", "s3control", "sqs", "lambda_")}}],
)
keyed = images.ImagePipeline(
    "keyed",
    encryption="kms",
    uploads="presigned",
    delivery="cdn",
    kms_key_arn=key.arn,
    alarm_topic_arn=topic.arn,
)
options = pulumi.ResourceOptions(
    transforms=[tag], protect={protect}, providers=[west], aliases={aliases}
)
images.ImagePipeline("{name}", opts=options)
"""
"""The second pipeline has all options, the first one no plain value for what it adopts."""


@pytest.fixture
def live(cli, server, sdks, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "Pulumi.yaml").write_text(PROJECT)
    where = {"cli": cli, "folder": tmp_path / "app", "tree": tree, "sdks": sdks}
    write(tree, "faces", protect=True)
    with Foreign(server=server, name="dev", **where) as made:
        yield made


def write(tree, name: str, *, protect: bool, former: str = "") -> None:
    aliases = f"[pulumi.Alias(name={former!r})]" if former else "None"
    text = PROGRAM.format(name=name, protect=protect, aliases=aliases)
    (tree / "__main__.py").write_text(text)


def parts(live: Stack, name: str) -> list[dict]:
    """Return the resources of a pipeline that AWS has."""
    found = live.run("export").resources
    return [r for r in found if r.get("id") and r["urn"].rpartition("::")[2].startswith(name)]


WRONG = """
import pulumi
import pulumi_image_pipeline as images

images.ImagePipeline("photos", alarm_email=pulumi.Output.secret("nobody"))
"""


def test_what_only_an_output_brings_up_is_one_sentence_without_the_secret(live):
    (live.tree / "__main__.py").write_text(WRONG)
    with pytest.raises(Failed) as refused:
        live.run("preview")
    printed = refused.value.args[0]
    sentence = "'photos' has a problem: alarmEmail must be an e-mail address; got a secret."
    assert sentence in printed
    assert "nobody" not in printed
    assert "SettingsError" not in printed


def test_outputs_and_options_reach_every_child(live):
    counts = live.run("preview").counts
    assert live.run("up").counts == counts
    assert not changes(live.run("up"))

    (own,) = (r for r in live.run("export").resources if r["type"] == "aws:kms/key:Key")
    encrypted = [
        found
        for part in ("source", "destination")
        for found in parts(live, f"keyed-{part}")
        if "ServerSideEncryption" in found["type"]
    ]
    assert len(encrypted) == 2
    for bucket in encrypted:
        (rule,) = bucket["inputs"]["rules"]
        assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"] == own["outputs"]["arn"]
        assert own["urn"] in bucket["dependencies"]
    assert not [r for r in parts(live, "keyed") if r.get("protect")]

    faces = parts(live, "faces")
    assert len(faces) > 30
    assert all(r.get("protect") for r in faces)
    assert {r["provider"].split("::")[3] for r in faces} == {"west"}
    tagged = [r["inputs"]["tags"] for r in faces if "tags" in r["inputs"]]
    assert len(tagged) > 10
    assert {tags["Team"] for tags in tagged} == {"photos"}

    write(live.tree, "portraits", protect=False, former="faces")
    done = changes(live.run("up"))
    assert (done.create, done.delete, done.replace) == ([], [], {})
    renamed = parts(live, "portraits")
    assert {r["id"] for r in renamed} == {r["id"] for r in faces}
    assert not any(r.get("protect") for r in renamed)
