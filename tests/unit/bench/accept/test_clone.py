import re
import stat
from dataclasses import replace

import pytest
import yaml

from bench.accept import clone as clones
from pipeline.settings import Settings, SettingsError
from terminal import Misuse


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setattr(clones, "ROOT", tmp_path)
    return tmp_path


def write(root, **config):
    content = {
        "secretsprovider": "awskms://alias/x",
        "encryptionsalt": "v1:abc",
        "encryptedkey": "abc",
        "config": {"aws:region": "eu-west-1", **config},
    }
    (root / "Pulumi.dev.yaml").write_text(yaml.safe_dump(content))


def test_a_clone_has_the_settings_and_no_protection(root):
    write(root, **{"image-pipeline:memory": 512, "image-pipeline:protect": True})
    clone = clones.copy("dev")
    assert re.fullmatch(r"dev-accept-[0-9a-f]{6}", clone.name)
    assert clone.content == {
        "secretsprovider": "awskms://alias/x",
        "config": {
            "aws:region": "eu-west-1",
            "image-pipeline:memory": 512,
            "image-pipeline:protect": False,
        },
    }
    assert (clone.left_out, clone.is_embedded) == ((), False)
    assert clones.copy("dev").name != clone.name


def test_it_lacks_what_reaches_beyond_the_stack(root):
    shared = {f"image-pipeline:{key}": "x" for key in clones.SHARED}
    write(root, **shared)
    clone = clones.copy("dev")
    assert clone.left_out == tuple(sorted(shared))
    assert clone.config == {"aws:region": "eu-west-1", "image-pipeline:protect": False}
    assert set(clones.SHARED) == {
        *("domain", "certificateArn", "hostedZoneId", "alarmEmail", "monthlyBudgetUsd"),
        *("name", "formerNames", "alarmTopicArn", "sourceBucket", "destinationBucket"),
        "moderator",
    }


@pytest.mark.parametrize(
    ("given", "kept"), [("private", "presigned"), ("presigned", "presigned"), ("public", "public")]
)
def test_a_clone_has_a_way_in(root, given, kept):
    write(root, **{"image-pipeline:uploads": given, "image-pipeline:sourceBucket": "shop"})
    clone = clones.copy("dev")
    assert clone.config["image-pipeline:uploads"] == kept
    assert clone.left_out == ("image-pipeline:sourceBucket",)


def test_a_clone_asks_no_moderator(root):
    moderator = {"image-pipeline:moderator": "arn:aws:sns:eu-central-1:123456789012:looks"}
    write(root, **{"image-pipeline:publish": "held"}, **moderator)
    clone = clones.copy("dev")
    assert clone.config["image-pipeline:publish"] == "at-once"
    assert clone.left_out == ("image-pipeline:moderator",)


def test_a_key_without_a_namespace_is_the_projects_as_pulumi_reads_it(root):
    write(root, domain="photos.example.com", protect=True, memory=512)
    clone = clones.copy("dev")
    assert clone.left_out == ("image-pipeline:domain",)
    assert clone.config == {
        "aws:region": "eu-west-1",
        "image-pipeline:memory": 512,
        "image-pipeline:protect": False,
    }


@pytest.mark.parametrize(
    ("given", "kept"), [(300, clones.HIGHEST), ("300", clones.HIGHEST), (0, 0), ("0", "0")]
)
def test_aws_waf_does_not_block_the_one_address_that_all_uploads_come_from(root, given, kept):
    write(root, **{"image-pipeline:wafRequestsPerMinute": given})
    assert clones.copy("dev").config["image-pipeline:wafRequestsPerMinute"] == kept
    settings = Settings(delivery="cdn", waf_requests_per_minute=clones.HIGHEST)
    with pytest.raises(SettingsError):
        replace(settings, waf_requests_per_minute=clones.HIGHEST + 1)


def test_an_encrypted_setting_that_is_left_out_is_no_obstacle(root):
    write(root, **{"image-pipeline:alarmEmail": {"secure": "v1:abc"}})
    assert clones.copy("dev").left_out == ("image-pipeline:alarmEmail",)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("image-pipeline:background", {"secure": "v1:abc"}),
        ("aws:secretKey", {"secure": "v1:abc"}),
        ("image-pipeline:allowedOrigins", ["*", {"secure": "v1:abc"}]),
    ],
)
def test_an_encrypted_setting_is_refused(root, key, value):
    write(root, **{key: value})
    with pytest.raises(Misuse, match=rf"^{key} in Pulumi.dev.yaml is encrypted .*\.$"):
        clones.copy("dev")


@pytest.mark.parametrize(
    "key", ["aws:assumeRole", "aws:assumeRoles", "aws:assumeRoleWithWebIdentity"]
)
def test_a_role_to_assume_is_refused(root, key):
    write(root, **{key: {"roleArn": "arn:aws:iam::123456789012:role/deployer"}})
    with pytest.raises(Misuse, match=rf"^{key} in Pulumi.dev.yaml is not read here"):
        clones.copy("dev")


def test_a_stack_that_is_absent_is_refused(root):
    write(root)
    with pytest.raises(Misuse, match="no stack 'nightly'; choose one of dev"):
        clones.copy("nightly")


def test_it_is_written_beside_its_stack_and_found_again(root):
    write(root, **{"aws:endpoints": [{"s3": "http://127.0.0.1:1"}]})
    clone = clones.copy("dev")
    clone.write()
    assert yaml.safe_load((root / f"Pulumi.{clone.name}.yaml").read_text()) == clone.content
    found = clones.find(clone.name)
    assert (found.name, found.content, found.is_embedded) == (clone.name, clone.content, True)


def test_without_its_file_it_has_the_settings_of_its_stack(root):
    write(root)
    clone = clones.find("dev-accept-00ff00")
    assert clone.config == {"aws:region": "eu-west-1"}


@pytest.mark.parametrize("name", ["dev", "prod", "dev-accept-", "dev-accept-xyz123", "accept"])
def test_nothing_but_a_clone_is_found(root, name):
    write(root)
    with pytest.raises(Misuse, match=f"^{name} is no clone"):
        clones.find(name)


def test_the_file_is_its_owners_alone(root):
    clones.Clone(name="dev-accept-0a0b0c", content={"config": {}}).write()
    (path,) = root.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
