"""The output and messages of `ops moderate`; tests/local/test_moderation.py decides for real."""

import json
from contextlib import contextmanager
from dataclasses import replace

import pytest

from function.moderation_record import Decision
from ops import invalidation, moderate, moderate_command, waiting
from ops.__main__ import main
from ops.moderate import Upload
from ops.stack import Stack
from ops.waiting import Held
from tests.support.ops import OUTPUTS

HELD = Held(
    handle="uploads/a.jpg#0f",
    key="uploads/a.jpg",
    version_id="v1",
    held_at="2026-01-01T00:00:00Z",
    bytes=7,
    width=4,
    height=3,
    format="png",
    looks_like_rejected={"key": "uploads/x.jpg", "version_id": "1", "distance": 2},
    look="https://look",
)


class World:
    """The command's requests, in order; how each upload ends and whether it was public."""

    def __init__(self):
        self.asked, self.waiting, self.outcomes, self.public = [], [], {}, set()
        self.distribution, self.ends = "D1", []


@pytest.fixture
def world(monkeypatch):
    world, connections = World(), []

    @contextmanager
    def connected(*target):
        connections.append(target)
        yield Stack(outputs=OUTPUTS, client=lambda _service: pytest.fail("AWS was asked"))

    def note(*what):
        world.asked.append(what)

    def find(_stack, named):
        note("find", named)
        return Upload(key=named.partition("#")[0], version_id="v1")

    def decide(_stack, upload, verdict, reason):
        note("decide", upload.key, verdict, reason)
        return Decision(verdict, "m", "2026", reason)

    def follow(_stack, upload, decision, *, end):
        verdict = decision.verdict
        note("follow", upload.key, verdict)
        world.ends.append(end)
        return world.outcomes.get(upload.key, "ready" if verdict == "approve" else "rejected")

    def start(_stack, distribution, scope):
        note("forget", distribution, scope.key)
        return f"I-{scope.key}"

    patches = {
        "find": find,
        "decide": decide,
        "follow": follow,
        "takes_down": lambda _stack, upload: upload.key in world.public,
    }
    for name, replacement in patches.items():
        monkeypatch.setattr(moderate, name, replacement)
    monkeypatch.setattr(waiting, "find", lambda _stack: world.waiting)
    monkeypatch.setattr(moderate_command, "connected", connected)
    monkeypatch.setattr(invalidation, "distribution_of", lambda _stack: world.distribution)
    monkeypatch.setattr(invalidation, "start", start)
    monkeypatch.setattr(
        invalidation,
        "wait",
        lambda _stack, distribution, identity: note("wait", distribution, identity),
    )
    return world


def run(*arguments):
    return main(["moderate", *arguments, "--stack", "x"])


def test_what_waits_is_told_under_a_name_that_can_be_copied(world, capsys):
    """Neither cut at the width of the screen, nor with a part taken for an emoji or a style."""
    handle = f"uploads/{'long' * 60}/:heart:[red] at 2.37\u202fPM.jpg#{'0' * 32}"
    world.waiting = [replace(HELD, handle=handle)]
    assert run("list") == 0
    first, facts, last = capsys.readouterr().out.splitlines()
    assert (first, last) == (handle, "1 upload waits")
    assert facts.startswith("    waits for ")
    assert facts.endswith(" d, 4 x 3 png, looks like the rejected uploads/x.jpg")


def test_nothing_that_waits_is_one_line(world, capsys):
    assert run("list") == 0
    assert capsys.readouterr().out == "0 uploads wait\n"


def test_two_wait_and_one_looks_like_no_other(world, capsys):
    world.waiting = [HELD, replace(HELD, handle="uploads/b#1", looks_like_rejected=None)]
    assert run("list") == 0
    out = capsys.readouterr().out
    assert "2 uploads wait" in out
    assert out.count("uploads/x.jpg") == 1


def test_what_a_stranger_named_cannot_change_the_moderators_terminal(world, capsys):
    like = HELD.looks_like_rejected | {"key": "uploads/\x1b[1m.jpg"}
    world.waiting = [replace(HELD, handle="uploads/\x1b[2J\n.jpg#0f", looks_like_rejected=like)]
    assert run("list") == 0
    first, second, _count = capsys.readouterr().out.splitlines()
    assert first == "uploads/\\x1b[2J\\n.jpg#0f"
    assert second.endswith("looks like the rejected uploads/\\x1b[1m.jpg")


def test_as_json_there_is_all_that_is_known(world, capsys):
    world.waiting = [HELD]
    assert run("list", "--json") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == vars(HELD)


def test_all_decisions_are_sent_before_any_is_waited_for(world, capsys):
    assert run("approve", "uploads/a#0f", "uploads/b", "--reason", "fine") == 0
    assert world.asked == [
        ("find", "uploads/a#0f"),
        ("find", "uploads/b"),
        ("decide", "uploads/a", "approve", "fine"),
        ("decide", "uploads/b", "approve", "fine"),
        ("follow", "uploads/a", "approve"),
        ("follow", "uploads/b", "approve"),
    ]
    assert len(set(world.ends)) == 1, "each waits for a separate minute"
    told = "uploads/a: approved, readers can see it\nuploads/b: approved, readers can see it\n"
    assert capsys.readouterr().out == told


def test_the_cdn_forgets_what_was_public_once_it_is_gone_and_nothing_else(world, capsys):
    world.public = {"uploads/a", "uploads/late"}
    world.outcomes = {"uploads/late": None}
    assert run("reject", "uploads/a", "uploads/b", "uploads/late") == 1
    after = world.asked[world.asked.index(("follow", "uploads/late", "reject")) + 1 :]
    assert after == [("forget", "D1", "uploads/a"), ("wait", "D1", "I-uploads/a")]
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "uploads/a: rejected, nothing of it is left for readers"
    assert "uploads/late: sent, and not carried out within a minute" in out
    assert "run the same command again" in out
    assert "Browsers that have shown a rejected upload may keep its renditions." in err


@pytest.mark.parametrize(("public", "distribution"), [(set(), "D1"), ({"uploads/a"}, None)])
def test_without_a_cdn_or_where_nothing_was_public_nothing_is_forgotten(
    world, capsys, public, distribution
):
    world.public, world.distribution = public, distribution
    assert run("reject", "uploads/a", "--json") == 0
    assert [what for what, *_ in world.asked] == ["find", "decide", "follow"]
    out, err = capsys.readouterr()
    assert json.loads(out) == {"key": "uploads/a", "version_id": "v1", "status": "rejected"}
    assert "Browsers" not in err


def test_an_approval_has_the_cdn_forget_nothing(world):
    world.public = {"uploads/a"}
    assert run("approve", "uploads/a") == 0
    assert "forget" not in {what for what, *_ in world.asked}


@pytest.mark.parametrize(
    ("outcome", "told", "code"),
    [
        ("deleted", "deleted meanwhile, nothing of it is left for readers", 0),
        ("gone", "permanently deleted meanwhile; another version has its key now, which waits", 0),
        (
            "replaced",
            "decided, and replaced by a newer upload, which waits for its own decision",
            0,
        ),
        ("failed", "failed", 0),
        ("rejected", "approved, but it cannot be rendered", 0),
        ("overruled", "not carried out, because a later decision", 1),
        (None, "sent, and not carried out within a minute", 1),
    ],
)
def test_each_outcome_is_told(world, capsys, outcome, told, code):
    world.outcomes = {"uploads/a": outcome}
    assert run("approve", "uploads/a") == code
    assert capsys.readouterr().out.startswith(f"uploads/a: {told}")


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_without_a_key_it_is_misused(world, capsys, verb):
    assert run(verb) == 2
    assert "Name an upload" in capsys.readouterr().err
    assert world.asked == []
