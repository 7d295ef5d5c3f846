"""A stack of v0.1.0 keeps every resource under another name, in a renamed stack, and back again."""

from pathlib import Path

import pytest

from local.program import ROOT
from tests.engine.support import Changes, Failed, Stack, changes

SETTINGS = {
    "uploads": "presigned",
    "delivery": "cdn",
    "encryption": "kms",
    "site": True,
    "duplicates": "near",
    "alarmEmail": "a@example.com",
    "monthlyBudgetUsd": 10,
    "eventbridge": True,
    **dict.fromkeys(("monitoring", "maxConcurrency", "tracing")),  # those of v0.1.0
}
"""With them, v0.1.0 makes each type of resource that it knows, except a domain's records."""

NAMED = {
    "aws:cloudwatch/dashboard:Dashboard",
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
    "aws:cloudwatch/logDeliverySource:LogDeliverySource",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:kms/alias:Alias",
}
"""Types to which v0.1.0 gave names without random digits, and this release gives others."""

HALFWAY = """
import pulumi
import runpy

def end(args: pulumi.ResourceTransformationArgs) -> None:
    if args.type_ == "aws:sqs/queue:Queue":
        raise pulumi.RunError("halfway")

pulumi.runtime.register_stack_transformation(end)
runpy.run_path("program.py", run_name="__main__")
"""
"""A program that ends before its first queue: the update has then made the component's step."""


@pytest.fixture
def broken(tmp_path) -> Path:
    """This release, with a program that ends halfway."""
    tree = tmp_path / "broken"
    tree.mkdir()
    for path in ROOT.iterdir():
        (tree / path.name).symlink_to(path)
    (tree / "program.py").symlink_to(ROOT / "__main__.py")
    (tree / "__main__.py").unlink()
    (tree / "__main__.py").write_text(HALFWAY)
    return tree


def physical(live: Stack) -> dict[str, set[str]]:
    """Return the physical ids of all resources by type."""
    found: dict[str, set[str]] = {}
    for resource in live.run("export").resources:
        if resource.get("id"):
            found.setdefault(resource["type"], set()).add(resource["id"])
    return found


def assert_all_are_there(before: dict[str, set[str]], live: Stack) -> None:
    now = physical(live)
    assert {
        t: ids - now.get(t, set()) for t, ids in before.items() if ids - now.get(t, set())
    } == {}


def former(live: Stack) -> list[str]:
    """Return the names of the resources that start with the default name."""
    names = [r["urn"].rpartition("::")[2] for r in live.run("export").resources]
    return [name for name in names if name.startswith("image-pipeline-shop-")]


def assert_updates_alone(done: Changes) -> None:
    assert (done.create, done.delete, done.replace) == ([], [], {})


def test_there_and_back_under_other_names(stack, first, broken):
    live: Stack = stack("shop", tree=first)
    live.configure(**SETTINGS)
    outputs = live.run("up").outputs
    before = physical(live)
    assert before.keys() >= NAMED

    live.move(ROOT)
    live.configure(**SETTINGS)
    done = live.run("up")
    assert_all_are_there(before, live)
    assert {k: v for k, v in outputs.items() if done.outputs.get(k) != v} == {}
    assert not changes(live.run("up"))
    upgraded = physical(live)

    live.configure(**SETTINGS, name="photos")
    live.move(broken)
    with pytest.raises(Failed, match="halfway"):
        live.run("up")
    assert 0 < len(former(live)) < len([r for ids in upgraded.values() for r in ids])
    live.move(ROOT)
    assert_updates_alone(changes(live.run("up")))
    assert_all_are_there(upgraded, live)
    assert former(live) == []
    assert not changes(live.run("up"))

    live.close()
    live.cli_run("stack", "rename", "store")
    live.name = "store"
    live.configure(**SETTINGS, name="photos")
    assert_updates_alone(changes(live.run("up")))
    assert_all_are_there(upgraded, live)

    live.close()
    live.cli_run("stack", "rename", "shop")
    live.name = "shop"
    live.configure(**SETTINGS, formerNames=["photos"])
    assert_updates_alone(changes(live.run("up")))
    assert_all_are_there(upgraded, live)

    live.move(first)
    live.configure(**SETTINGS)
    done = live.run("up")
    assert_all_are_there(before, live)
    assert {k: v for k, v in outputs.items() if done.outputs.get(k) != v} == {}
    assert not changes(live.run("up"))
