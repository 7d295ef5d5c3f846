"""Commands at the seam of AWS: what they leave behind if they fail at any point."""

from contextlib import nullcontext

import pytest

from function.contract.messages import s3_event
from ops import backfill_queue, commands, console, redrive, teardown
from ops.stack import Stack
from terminal import Failure
from tests.support.aws_client import aws_client
from tests.support.ops import BACKFILL_OUTPUTS, STACK

BODY = s3_event("photos", "uploads/a.jpg", length=1, etag="e", sequencer="00", reprocess=True)


@pytest.fixture
def letters(monkeypatch):
    """Three dead letters of a backfill, and what is done to each by its receipt handle."""
    done = {"1": "", "2": "", "3": ""}
    waiting = [
        {
            "MessageId": receipt,
            "ReceiptHandle": receipt,
            "Body": BODY,
            "Attributes": {"SentTimestamp": "0", "ApproximateReceiveCount": "5"},
        }
        for receipt in done
    ]
    received = iter([waiting, []])

    def note(what):
        return lambda ReceiptHandle, **_: done.update({ReceiptHandle: what}) or {}  # noqa: N803

    sqs = aws_client(
        "sqs",
        receive_message=lambda **_: {"Messages": next(received)},
        send_message={"MessageId": "new", "MD5OfMessageBody": ""},
        delete_message=note("deleted"),
        change_message_visibility=note("given back"),
    )
    logs = aws_client("logs", filter_log_events={"events": []})
    stack = Stack(outputs=BACKFILL_OUTPUTS, client={"sqs": sqs, "logs": logs}.__getitem__)
    monkeypatch.setattr(commands, "connected", lambda *_where: nullcontext(stack))
    monkeypatch.setattr(backfill_queue, "find", lambda _stack: None)
    return done


@pytest.mark.parametrize(
    ("module", "name"),
    [(console, "print_letters"), (commands, "processed"), (commands, "progress")],
    ids=["while they are printed", "while the mapping is enabled", "before the first one"],
)
def test_an_interrupted_redrive_gives_its_dead_letters_back(letters, monkeypatch, module, name):
    def interrupt(*_given):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, name, interrupt)
    with pytest.raises(KeyboardInterrupt):
        commands.redrive()
    assert letters == {"1": "given back", "2": "given back", "3": "given back"}


def test_a_redrive_that_fails_half_way_gives_back_what_it_did_not_move(letters, monkeypatch):
    moved = []

    def advance(*_steps, **_name):
        moved.append(1)
        if len(moved) == 2:
            raise Failure("The output cannot be written.")

    monkeypatch.setattr(commands, "progress", lambda *_given: nullcontext(advance))
    with pytest.raises(Failure):
        commands.redrive()
    assert letters == {"1": "deleted", "2": "deleted", "3": "given back"}


def test_a_redrive_takes_no_more_than_sqs_shows_and_says_that_there_may_be_more(
    letters, monkeypatch, capsys
):
    """SQS answers as if the queue were empty once it hides so many messages."""
    monkeypatch.setattr(redrive, "MOST_READ", 2)
    commands.redrive(limit=3)
    assert letters == {"1": "deleted", "2": "deleted", "3": "given back"}
    out, told = capsys.readouterr()
    assert out.endswith("2 dead letters, 2 moved back\n")
    assert "A command reads 2 dead letters, so there may be more; once these are moved, " in told


def test_a_redrive_by_key_does_not_say_that_no_letter_has_it_while_some_are_not_seen(
    letters, monkeypatch
):
    monkeypatch.setattr(redrive, "MOST_READ", 2)
    with pytest.raises(Failure, match=r"There are 2 dead letters or more, .* --limit 1`"):
        commands.redrive(key="*.png")
    assert letters == dict.fromkeys(letters, "given back")


def test_a_dry_run_gives_all_back(letters, capsys):
    commands.redrive(dry_run=True)
    assert letters == dict.fromkeys(letters, "given back")
    assert capsys.readouterr().out.endswith("3 dead letters, 0 moved back\n")


def test_a_redrive_deletes_what_it_has_sent(letters, capsys):
    commands.redrive()
    assert letters == dict.fromkeys(letters, "deleted")
    assert capsys.readouterr().out.endswith("3 dead letters, 3 moved back\n")


@pytest.mark.parametrize("at", ["stop", "empty", "check_stopped"])
def test_an_interrupted_teardown_does_not_say_that_nothing_is_lost(monkeypatch, at):
    def interrupt(*_given):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "connected", lambda *_where: nullcontext(STACK))
    monkeypatch.setattr(teardown, "own_buckets", lambda _stack: ["photos"])
    monkeypatch.setattr(teardown, "count", lambda *_given: 3)
    for name in ("stop", "empty", "check_stopped"):
        monkeypatch.setattr(teardown, name, interrupt if name == at else lambda *_given: 3)
    with pytest.raises(Failure, match="uploads may be denied and a part deleted"):
        commands.empty(yes=True)
