"""`pulumi up` changes nothing in a live stack, except what a review of the file let through."""

import dataclasses
import json

import pytest

from tests.infra.engine import evaluated
from tests.infra.state import FILE, STACKS, brief, describe, state

REVIEWED = json.loads(FILE.read_text())


def test_the_stacks_that_are_held():
    assert set(REVIEWED) == set(STACKS)


@pytest.mark.parametrize("name", STACKS)
def test_every_resource_is_what_was_reviewed(name):
    assert state(*STACKS[name]) == REVIEWED[name]


def test_what_is_held_of_a_resource():
    program = evaluated("dev")
    source = program.one("Bucket", "-source")
    policy = program.one("BucketPolicy", "-source")
    held = describe(program, policy, "dev")
    assert held["by"] == {"bucket": ["Bucket ~-source"], "policy": ["Bucket ~-source"]}
    assert held["after"] == ["BucketNotification ~-uploads", "BucketPublicAccessBlock ~-source"]
    for change in (
        {"protect": True},
        {"retain_on_delete": True},
        {"aliases": ("urn:pulumi:s::p::former::a",)},
        {"ignore_changes": ("tags",)},
        {"inputs": {}},
        {"dependencies": frozenset({source.urn})},
        {"depends": {}},
    ):
        assert describe(program, dataclasses.replace(policy, **change), "dev") != held, change


def test_a_long_input_is_told_by_its_digest():
    short, long = "x" * 58, "x" * 59
    assert brief(short) == short
    assert brief(long) == "sha256 0a5cb5a02a715769"
    assert brief(long + "y") != brief(long + "z")
