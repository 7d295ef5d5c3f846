"""The version that a moderator means, and whether a decision was carried out."""

import io
import json
import time
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from function.contract import Verdict
from function.contract.keys import decision_key, manifest_key, version_digest
from function.moderation_record import Decision, DecisionRecord
from ops import moderate
from ops.moderate import Upload
from ops.stack import Stack
from terminal import Failure, Misuse
from tests.support.aws_client import Refusal, aws_client
from tests.support.ops import OUTPUTS

KEY, NAME, VERSION = "uploads/u1/beach.jpg", "u1/beach.jpg", "v1"
OF = Upload(key=KEY, version_id=VERSION)
ARN = "arn:aws:iam::123456789012:user/ann"
PAST = 0.0
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def stack(objects=None, sent=None, version=None) -> Stack:
    """A stack whose destination holds these objects, as JSON.

    ``version`` is S3's answer to whether the source has a version; none if it must not be asked.
    """
    objects = {} if objects is None else objects

    def get(Bucket, Key):  # noqa: N803 (boto3's names)
        assert Bucket == OUTPUTS["destinationBucket"]
        found = objects.get(Key)
        found = found.pop(0) if isinstance(found, list) else found
        return {"Body": io.BytesIO(json.dumps(found).encode())} if found else Refusal("NoSuchKey")

    def send(**message):
        assert sent is not None, "a message was sent"
        sent.append(message)
        return {"MessageId": "m1"}

    def head(**asked):
        assert asked == {"Bucket": "photos", "Key": KEY, "VersionId": VERSION}
        assert version is not None, "the source was asked"
        return version

    clients = {
        "s3": aws_client("s3", get_object=get, head_object=head),
        "sqs": aws_client("sqs", send_message=send),
        "sts": aws_client("sts", get_caller_identity={"Arn": ARN}),
    }
    return Stack(outputs=OUTPUTS, client=clients.__getitem__)


def manifest(status="held", version_id=VERSION, error=None, key=KEY) -> dict:
    source = {"key": key, "version_id": version_id}
    identity = version_digest(version_id)
    return {"status": status, "id": identity, "source": source, "error": error}


MODERATED = {"code": "moderated", "message": ""}


def decided(*verdicts: Verdict) -> dict:
    decisions = [Decision(verdict, "m", f"2026-01-0{n}") for n, verdict in enumerate(verdicts, 1)]
    *earlier, last = decisions
    return json.loads(DecisionRecord(KEY, VERSION, last, tuple(earlier)).to_json())


def made(verdict: Verdict, at: str = "2026-01-09") -> Decision:
    """A moderator's decision, later than the recorded ones."""
    return Decision(verdict, "m", at)


def with_record(*verdicts: Verdict, **more) -> dict:
    return {decision_key(NAME, VERSION): decided(*verdicts), **more}


@pytest.mark.parametrize("named", [KEY, f"{KEY}#{version_digest(VERSION)}"])
def test_a_key_and_the_handle_of_its_version_are_the_same_upload(named):
    assert moderate.find(stack({manifest_key(NAME): manifest()}), named) == OF


def test_a_key_with_a_number_sign_is_no_handle():
    key = "uploads/a#b.jpg"
    objects = {manifest_key("a#b.jpg"): manifest(key=key)}
    assert moderate.find(stack(objects), key).key == key


HANDLE = f"{KEY}#{version_digest(VERSION)}"
LONG = "n" * (1025 - len(decision_key("", VERSION)))
AMBIGUOUS = {
    manifest_key(NAME): manifest(),
    manifest_key(HANDLE.removeprefix("uploads/")): manifest(key=HANDLE, version_id="v2"),
}
"""A stranger has uploaded a harmless picture under the handle of another one that waits."""


def test_an_upload_that_is_called_like_another_ones_handle_has_a_handle_of_its_own():
    other = f"{HANDLE}#{version_digest('v2')}"
    assert moderate.find(stack(AMBIGUOUS), other) == Upload(key=HANDLE, version_id="v2")


UNVERSIONED = [
    manifest() | {"source": {"key": KEY, "version_id": none}} for none in (None, "", "null")
]
ANOTHER = manifest(key=f"new/{NAME}")
"""Where the stack has two prefixes, the manifest of a name is that of one key."""


@pytest.mark.parametrize(
    ("objects", "named", "error", "told"),
    [
        ({}, "others/a.jpg", Misuse, "Keys start with uploads/; got 'others/a.jpg'"),
        ({}, KEY, Failure, "has no manifest"),
        ({manifest_key(NAME): manifest("deleted")}, KEY, Failure, "it was deleted"),
        ({manifest_key(NAME): manifest()}, f"{KEY}#{'0' * 32}", Failure, "was replaced since"),
        ({}, "uploads/\udcff.jpg", Misuse, r"Keys are UTF-8; got 'uploads/\\udcff.jpg'"),
        (AMBIGUOUS, HANDLE, Failure, f"names a version of {KEY}, too. Decide"),
        (
            {manifest_key(LONG): manifest(key=f"uploads/{LONG}")},
            f"uploads/{LONG}",
            Failure,
            "delete it from the bucket",
        ),
        ({manifest_key(NAME): ANOTHER}, KEY, Failure, f"new/{NAME} has its name now"),
        *(({manifest_key(NAME): none}, KEY, Failure, "kept versions") for none in UNVERSIONED),
    ],
)
def test_what_cannot_be_decided_about_is_told(objects, named, error, told):
    with pytest.raises(error, match=told):
        moderate.find(stack(objects), named)


def test_a_decision_says_who_when_and_why():
    sent = []
    decision = moderate.decide(stack(sent=sent), OF, Verdict.REJECT, "no photo")
    (message,) = sent
    assert message["QueueUrl"] == OUTPUTS["queueUrl"]
    (record,) = json.loads(message["MessageBody"])["Records"]
    assert record["eventName"] == "Decision:reject"
    assert record["s3"]["bucket"] == {"name": "photos"}
    assert record["s3"]["object"] == {"key": KEY, "versionId": VERSION}
    told = record["decision"] | {"verdict": Verdict.REJECT}
    assert Decision.parse(told) == decision
    at = datetime.fromisoformat(record["decision"].pop("at"))
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)
    assert record["decision"] == {"by": ARN, "reason": "no photo"}


def test_a_reason_may_have_five_hundred_characters():
    sent = []
    moderate.decide(stack(sent=sent), OF, Verdict.APPROVE, "x" * 500)
    assert len(sent) == 1
    with pytest.raises(Misuse, match="takes 500 characters; got 501"):
        moderate.decide(stack(), OF, Verdict.APPROVE, "x" * 501)
    with pytest.raises(Misuse, match="must be UTF-8"):
        moderate.decide(stack(), OF, Verdict.APPROVE, "\udcff")


APPROVED = (Verdict.HOLD, Verdict.APPROVE)
REJECTED = (Verdict.HOLD, Verdict.REJECT)


@pytest.mark.parametrize(
    ("verdicts", "shown", "status"),
    [
        (APPROVED, manifest("ready"), "ready"),
        (APPROVED, manifest("failed"), "failed"),
        (APPROVED, manifest("held"), None),
        (APPROVED, manifest("rejected", error=MODERATED), None),
        (APPROVED, manifest("rejected", error={"code": "broken_image"}), "rejected"),
        (REJECTED, manifest("rejected", error=MODERATED), "rejected"),
        (REJECTED, manifest("rejected", error={"code": "broken_image"}), None),
        (REJECTED, manifest("ready"), None),
        (REJECTED, manifest("held"), None),
        (REJECTED, None, "deleted"),
        (REJECTED, manifest("held", "v2"), "replaced"),
        (APPROVED, manifest("ready", "v2"), "replaced"),
    ],
)
def test_a_decision_is_followed_until_the_manifest_agrees(verdicts, shown, status):
    found = stack(with_record(*verdicts, **{manifest_key(NAME): shown}))
    assert moderate.follow(found, OF, made(verdicts[-1]), end=PAST, sleep=pytest.fail) == status


def test_another_decision_is_not_taken_for_this_one():
    shown = {manifest_key(NAME): manifest("ready")}
    found = stack(with_record(*APPROVED, **shown))
    assert moderate.follow(found, OF, made(Verdict.REJECT), end=PAST) is None
    unrecorded = stack(shown)
    assert moderate.follow(unrecorded, OF, made(Verdict.APPROVE), end=PAST) is None


@pytest.mark.parametrize(
    ("verdicts", "mine", "at", "told"),
    [
        (REJECTED, Verdict.APPROVE, "2026-01-01", "overruled"),
        (REJECTED, Verdict.APPROVE, "2026-01-02", "overruled"),
        (REJECTED, Verdict.APPROVE, "2026-01-03", None),
        (APPROVED, Verdict.REJECT, "2026-01-01", "overruled"),
        (APPROVED, Verdict.REJECT, "2026-01-02", None),
        ((Verdict.HOLD,), Verdict.APPROVE, "2025", None),
    ],
)
def test_a_decision_that_a_later_one_overrules_is_not_waited_for(verdicts, mine, at, told):
    """The same command once more would overrule the other moderator."""
    found = stack(with_record(*verdicts, **{manifest_key(NAME): manifest("held")}))
    assert moderate.follow(found, OF, made(mine, at), end=PAST) == told


@pytest.mark.parametrize("shown", [None, manifest("deleted", "v2")])
@pytest.mark.parametrize("verdicts", [(), (Verdict.HOLD,), REJECTED])
def test_a_decision_about_a_deleted_upload_is_not_waited_for(shown, verdicts):
    """The function records none about a version that is gone."""
    held = with_record(*verdicts) if verdicts else {}
    found = stack(held | {manifest_key(NAME): shown})
    assert moderate.follow(found, OF, made(Verdict.REJECT), end=PAST, sleep=pytest.fail) == (
        "deleted"
    )


@pytest.mark.parametrize(
    ("version", "status"),
    [
        (Refusal("404", 404), "gone"),
        ({}, None),
        (Refusal("403", 403), None),  # a moderator need not be allowed to look
    ],
)
@pytest.mark.parametrize("verdicts", [(), (Verdict.HOLD,)])
def test_a_version_that_another_has_replaced_is_looked_for(verdicts, version, status):
    held = with_record(*verdicts) if verdicts else {}
    found = stack(held | {manifest_key(NAME): manifest("held", "v0")}, version=version)
    assert moderate.follow(found, OF, made(Verdict.APPROVE), end=PAST) == status


def test_an_error_of_s3_about_a_version_is_not_taken_for_its_absence():
    found = stack({manifest_key(NAME): manifest("held", "v0")}, version=Refusal("400", 400))
    with pytest.raises(ClientError, match="400"):
        moderate.follow(found, OF, made(Verdict.APPROVE), end=PAST)


def test_it_is_looked_at_again_until_it_is_there():
    shown = {manifest_key(NAME): [manifest("held"), manifest("held"), manifest("ready")]}
    records = {decision_key(NAME, VERSION): [None, *[decided(*APPROVED)] * 3]}
    naps = []
    found = stack(shown | records)
    end = time.monotonic() + 600
    assert moderate.follow(found, OF, made(Verdict.APPROVE), end=end, sleep=naps.append) == "ready"
    assert naps == [0.5, 0.5]


@pytest.mark.parametrize(
    ("verdicts", "is_taken_down"),
    [
        ((Verdict.REJECT,), True),
        (REJECTED, False),
        (APPROVED, False),
        ((*APPROVED, Verdict.REJECT), True),
        ((*REJECTED, Verdict.APPROVE), False),
    ],
)
def test_only_what_readers_may_have_seen_is_taken_down(verdicts, is_taken_down):
    assert moderate.takes_down(stack(with_record(*verdicts)), OF) is is_taken_down


def test_without_a_record_nothing_is_taken_down():
    assert moderate.takes_down(stack(), OF) is False
