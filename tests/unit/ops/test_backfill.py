"""The parts of ``ops`` that need no AWS: outputs, events, state files, inventories, options."""

import gzip
import json

import pytest

from function.events import EventKind, parse_message
from function.versions import ObjectVersion, is_newer
from ops import backfill, checkpoint, inventory
from ops.__main__ import main, parser
from ops.backfill import Existing
from ops.checkpoint import Checkpoint
from ops.console import human_age
from ops.errors import OpsError
from ops.stack import NEEDED, Stack, connect_to_outputs, region_of

OUTPUTS = dict.fromkeys(NEEDED, "x") | {
    "sourceBucket": "photos",
    "queueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/uploads",
}
STACK = Stack(outputs=OUTPUTS, client=lambda service: None)
BEACH = Existing(key="uploads/u1/my beach+été.jpg", version_id="v1", etag="e1", size=7)


class Queue:
    """An SQS that refuses the second message of a batch so many times."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.bodies: list[str] = []

    def send_message_batch(self, QueueUrl, Entries):  # noqa: N803 (boto3's names)
        refused = [entry for entry in Entries if entry["Id"] == "1" and self.refusals]
        self.refusals -= len(refused)
        self.bodies += [entry["MessageBody"] for entry in Entries if entry not in refused]
        return {"Failed": [{"Id": entry["Id"], "Message": "busy"} for entry in refused]}


def test_outputs_of_a_file_are_those_of_the_stack(tmp_path):
    path = tmp_path / "outputs.json"
    path.write_text(json.dumps(OUTPUTS))
    assert connect_to_outputs(path).outputs == OUTPUTS


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "holds no JSON object"),
        ("{}", "has no output 'sourceBucket'"),
    ],
)
def test_a_file_that_holds_no_outputs_is_one_sentence(tmp_path, capsys, text, sentence):
    path = tmp_path / "outputs.json"
    path.write_text(text)
    assert main(["doctor", "--outputs", str(path)]) == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "region"),
    [
        (OUTPUTS["queueUrl"], "eu-west-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q", "cn-north-1"),
        ("https://sqs.eusc-de-east-1.amazonaws.eu/123456789012/q", "eusc-de-east-1"),
        ("http://127.0.0.1:4566/000000000000/q", None),
    ],
)
def test_the_region_is_the_queues(url, region):
    assert region_of({"queueUrl": url}) == region


def test_a_backfilled_event_is_one_that_the_function_reads():
    (event,) = parse_message(backfill.event("photos", BEACH), "m1")
    assert (event.bucket, event.kind) == ("photos", EventKind.BACKFILL)
    assert event.version == ObjectVersion(
        key=BEACH.key, version_id="v1", etag="e1", sequencer="00", bytes=7
    )


def test_a_backfilled_event_is_older_than_any_of_s3():
    (event,) = parse_message(backfill.event("photos", BEACH), "m1")
    assert is_newer("0055AED6DCD90281E5", event.version.sequencer)
    assert not is_newer(event.version.sequencer, "0055AED6DCD90281E5")


def test_without_a_version_the_event_names_none():
    body = backfill.event("photos", Existing(key="uploads/a", version_id=None, etag="", size=1))
    assert parse_message(body, "m1")[0].version.version_id is None


def test_what_sqs_refuses_of_a_batch_is_sent_again():
    queue = Queue(refusals=2)
    stack = Stack(outputs=OUTPUTS, client=lambda service: queue)
    batches = list(backfill.send(stack, iter([BEACH] * 12), per_second=1e9))
    assert [len(batch) for batch in batches] == [10, 2]
    assert len(queue.bodies) == 12


def test_what_sqs_keeps_refusing_is_one_sentence():
    stack = Stack(outputs=OUTPUTS, client=lambda service: Queue(refusals=99))
    with pytest.raises(OpsError, match=r"refused a message 5 times \(busy\)"):
        list(backfill.send(stack, iter([BEACH] * 2), per_second=1e9))


def test_a_checkpoint_is_read_as_written(tmp_path):
    path = tmp_path / "new folder" / "state"
    assert checkpoint.read(path, "photos uploads/") == Checkpoint(of="photos uploads/")
    place = Checkpoint(of="photos uploads/", sent=20, key="uploads/é")
    checkpoint.write(path, place)
    assert checkpoint.read(path, "photos uploads/") == place
    assert list(path.parent.iterdir()) == [path]


def test_a_checkpoint_of_another_backfill_is_refused(tmp_path):
    checkpoint.write(tmp_path / "state", Checkpoint(of="photos uploads/u1/", sent=20, key="z"))
    with pytest.raises(OpsError, match="another backfill"):
        checkpoint.read(tmp_path / "state", "photos uploads/u2/")


@pytest.mark.parametrize("text", ["uploads/u1/beach.jpg", "[1]", '{"far": 1}'])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path, text):
    (tmp_path / "state").write_text(text)
    with pytest.raises(OpsError, match="not a backfill's state"):
        checkpoint.read(tmp_path / "state", "photos uploads/")


@pytest.fixture
def report(tmp_path):
    """An inventory of every kind of row, and what changes its manifest."""
    rows = [
        '"photos","uploads/u1/my+beach%2B%C3%A9t%C3%A9.jpg","v1","true","false","7","e1"',
        '"photos","uploads/u1/my+beach%2B%C3%A9t%C3%A9.jpg","v0","false","false","6","e0"',
        '"photos","uploads/u1/gone.jpg","v3","true","true","",""',
        '"photos","other/a.jpg","v4","true","false","1","e4"',
        '"photos","uploads/u2/b.jpg","v5","true","false","2","e5"',
    ]
    (tmp_path / "data.csv.gz").write_bytes(gzip.compress("\n".join(rows).encode()))

    def write(**changes) -> str:
        manifest = {
            "sourceBucket": "photos",
            "destinationBucket": "arn:aws:s3:::reports",
            "fileFormat": "CSV",
            "fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, ETag",
            "files": [{"key": "photos/all/data/data.csv.gz", "size": 1, "MD5checksum": "x"}],
        }
        path = tmp_path / "manifest.json"
        path.write_text(json.dumps(manifest | changes))
        return str(path)

    return write


def keys(where: str, **options) -> list[str]:
    found = inventory.find(STACK, inventory.read_manifest(STACK, where), "uploads/", **options)
    return [upload.key for upload in found]


def test_an_inventory_gives_the_newest_versions_of_uploads(report):
    found = inventory.find(STACK, inventory.read_manifest(STACK, report()), "uploads/")
    second = Existing(key="uploads/u2/b.jpg", version_id="v5", etag="e5", size=2)
    assert list(found) == [BEACH, second]


def test_an_inventory_goes_on_after_what_was_sent(report):
    assert keys(report(), skip=1) == ["uploads/u2/b.jpg"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"fileFormat": "ORC"}, "report in ORC"),
        ({"sourceBucket": "cats"}, "lists cats, not photos"),
        ({"fileSchema": "Bucket, Key"}, "lacks the column Size"),
        ({"files": 1}, "no manifest of S3 Inventory"),
    ],
)
def test_an_inventory_that_does_not_fit_is_one_sentence(report, changes, sentence):
    with pytest.raises(OpsError, match=sentence):
        keys(report(**changes))


def test_a_damaged_inventory_is_one_sentence(report, tmp_path):
    where = report()
    (tmp_path / "data.csv.gz").write_bytes(gzip.compress(b"x" * 100)[:-9])
    with pytest.raises(OpsError, match="is damaged"):
        keys(where)


def test_no_inventory_is_one_sentence(tmp_path):
    with pytest.raises(OpsError, match="cannot be read"):
        keys(str(tmp_path / "manifest.json"))


@pytest.mark.parametrize(
    "arguments",
    [
        ["doctor"],
        ["doctor", "--stack", "dev", "--outputs", "outputs.json"],
        ["backfill", "--stack", "dev", "--rate", "0"],
        ["backfill", "--stack", "dev", "--rate", "nan"],
        ["redrive", "--stack", "dev", "--limit", "0"],
        ["redrive", "--stack", "dev", "--limit", "x"],
    ],
)
def test_misuse_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "usage: python -m ops" in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["redrive"], ["backfill"], ["doctor"]])
def test_help(command, capsys):
    with pytest.raises(SystemExit) as exit_:
        parser().parse_args([*command, "--help"])
    assert exit_.value.code == 0
    assert "usage: python -m ops" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (2e5, "2 d")]
)
def test_ages_are_in_the_unit_people_use(seconds, text):
    assert human_age(int(seconds)) == text
