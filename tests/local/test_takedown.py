"""Decisions by message behind a CDN, a topic as moderator, and the look at what waits."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from function.contract import Verdict
from function.contract.keys import manifest_key
from function.contract.messages import MEASURE_HELD, moderation_event
from local.http import request
from ops.__main__ import main
from tests.support.moderated import assert_bare
from tests.support.waiting import wait_until

TOPIC = "arn:aws:sns:us-east-1:000000000000:looks"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:moderators"
SETTINGS = {"publish": "held", "moderator": TOPIC, "delivery": "cdn", "monitoring": "full"}


@pytest.fixture(scope="module")
def stack(deployed, tmp_path_factory):
    """A stack whose moderator is a topic with a queue behind it, and whose readers ask a CDN."""
    with deployed(tmp_path_factory.mktemp("takedown"), SETTINGS) as aws:
        sns, sqs = aws.client("sns"), aws.client("sqs")
        for name in ("looks", "others"):
            sns.create_topic(Name=name)
        send = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": QUEUE,
            "Condition": {"ArnEquals": {"aws:SourceArn": TOPIC}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [send]})
        sqs.create_queue(QueueName="moderators", Attributes={"Policy": policy})
        sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=QUEUE)
        yield aws


def put(stack, path, name: str) -> str:
    """Upload a file, wait until it is held, and return its version."""
    key = f"uploads/{name}"
    assert request("PUT", stack.source_url(key), path.read_bytes())[0] == 200
    head = stack.client("s3").head_object(Bucket=stack.outputs["sourceBucket"], Key=key)
    wait_until(lambda: shown(stack, name) == ("held", head["VersionId"]), 60, stack_log(stack))
    return head["VersionId"]


def stack_log(stack):
    return lambda: stack.logged('"failed"')


def shown(stack, name: str) -> tuple[str, str]:
    s3, key = stack.client("s3"), manifest_key(name)
    try:
        answer = s3.get_object(Bucket=stack.outputs["destinationBucket"], Key=key)
    except s3.exceptions.NoSuchKey:
        return "none", ""
    manifest = json.loads(answer["Body"].read())
    return manifest["status"], manifest["source"]["version_id"]


def send(stack, name, version, verdict, *, at=None, body=None) -> None:
    """Decide as a reader of the topic does: by a message in the queue of uploads."""
    bucket, time = stack.outputs["sourceBucket"], at or datetime.now(UTC)
    event = moderation_event(
        bucket, f"uploads/{name}", version, verdict, by="team", at=time.isoformat()
    )
    url = stack.outputs["queueUrl"]
    stack.client("sqs").send_message(QueueUrl=url, MessageBody=body or event)


def forgotten(stack) -> list[list[str]]:
    """Return the paths of all invalidations, each with how it was referred to."""
    cloudfront, identity = stack.client("cloudfront"), stack.outputs["distributionId"]
    listed = cloudfront.list_invalidations(DistributionId=identity)["InvalidationList"]
    batches = [
        cloudfront.get_invalidation(DistributionId=identity, Id=item["Id"])["Invalidation"]
        for item in listed.get("Items", [])
    ]
    return [batch["InvalidationBatch"]["Paths"]["Items"] for batch in batches]


def verdicts(stack, name: str) -> list[str]:
    return [line["verdict"] for line in stack.decisions(name)]


def test_a_topic_is_told_and_its_reader_decides(stack, photo):
    version = put(stack, photo("a.jpg"), "t/a.jpg")
    sqs, found = stack.client("sqs"), []
    url = sqs.get_queue_url(QueueName="moderators")["QueueUrl"]

    def received() -> bool:
        for message in sqs.receive_message(QueueUrl=url).get("Messages", []):
            found.append(json.loads(json.loads(message["Body"])["Message"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bool(found)

    wait_until(received, 60, stack_log(stack))
    (told,) = found
    assert (told["key"], told["version_id"]) == ("uploads/t/a.jpg", version)
    assert request("GET", told["look"])[0] == 200
    send(stack, told["key"].removeprefix("uploads/"), told["version_id"], Verdict.APPROVE)
    wait_until(lambda: shown(stack, "t/a.jpg")[0] == "ready", 60, stack_log(stack))


def test_the_function_may_publish_to_that_topic_and_invalidate_that_cdn_alone(stack):
    as_function, other = stack.as_function, TOPIC.replace("looks", "others")
    assert as_function("sns", "publish", TopicArn=TOPIC, Message="{}") == "allowed"
    for arguments in ({"TopicArn": other, "Message": "{}"}, {"TopicArn": TOPIC + "x"}):
        refused = as_function("sns", "publish", **{"Message": "{}", **arguments})
        assert refused.startswith(("AccessDenied", "AuthorizationError")), refused
    batch = {"Paths": {"Quantity": 1, "Items": ["/x/*"]}, "CallerReference": "probe"}
    arguments = {"InvalidationBatch": batch}
    identity = stack.outputs["distributionId"]
    made = as_function("cloudfront", "create_invalidation", DistributionId=identity, **arguments)
    assert made == "allowed"
    for operation, more in (
        ("create_invalidation", {"DistributionId": "EANOTHER", **arguments}),
        ("get_distribution", {"Id": identity}),
        ("list_invalidations", {"DistributionId": identity}),
    ):
        assert as_function("cloudfront", operation, **more) == "AccessDenied", operation


def test_what_a_message_takes_down_is_forgotten_by_the_cdn(stack, photo):
    before = len(forgotten(stack))
    version = put(stack, photo("b.jpg", (900, 700)), "t/b +.jpg")
    send(stack, "t/b +.jpg", version, Verdict.APPROVE)
    wait_until(lambda: shown(stack, "t/b +.jpg")[0] == "ready", 60, stack_log(stack))
    manifest = stack.manifest("uploads/t/b +.jpg")
    assert {request("GET", made["url"])[0] for made in manifest["renditions"]} == {200}
    assert len(forgotten(stack)) == before
    send(stack, "t/b +.jpg", version, Verdict.REJECT)
    wait_until(lambda: len(forgotten(stack)) > before, 60, stack_log(stack))
    assert ["/t/b%20%2B.jpg/*", "/t/b%20+.jpg/*"] in forgotten(stack)
    assert shown(stack, "t/b +.jpg")[0] == "rejected"
    assert 200 not in {request("GET", made["url"])[0] for made in manifest["renditions"]}


def test_what_was_never_public_needs_no_invalidation(stack, photo):
    version = put(stack, photo("c.jpg", (800, 700)), "t/c.jpg")
    stack.wait_until_drained()
    before = len(forgotten(stack))
    send(stack, "t/c.jpg", version, Verdict.REJECT)
    wait_until(lambda: shown(stack, "t/c.jpg")[0] == "rejected", 60, stack_log(stack))
    stack.wait_until_drained()
    assert len(forgotten(stack)) == before


def test_an_answer_that_comes_twice_is_one_decision(stack, photo):
    version, at = put(stack, photo("d.jpg", (640, 480)), "t/d.jpg"), datetime.now(UTC)
    for _ in range(2):
        send(stack, "t/d.jpg", version, Verdict.APPROVE, at=at)
    wait_until(lambda: shown(stack, "t/d.jpg")[0] == "ready", 60, stack_log(stack))
    stack.wait_until_drained()
    assert verdicts(stack, "t/d.jpg") == ["approve"]
    send(stack, "t/d.jpg", version, Verdict.REJECT, at=at - timedelta(seconds=1))
    stack.wait_until_drained()
    assert (shown(stack, "t/d.jpg")[0], verdicts(stack, "t/d.jpg")) == ("ready", ["approve"])


def test_an_answer_about_another_version_or_another_key_shows_nothing(stack, photo):
    """The version that was asked about was replaced; or it is somebody else's; or it is none."""
    older = put(stack, photo("e.jpg", (640, 480)), "t/e.jpg")
    newer = put(stack, photo("f.jpg", (480, 640)), "t/e.jpg")
    alien = put(stack, photo("g.jpg", (500, 500)), "t/g.jpg")
    for version in (older, alien, "no-such-version"):
        send(stack, "t/e.jpg", version, Verdict.APPROVE)
    stack.wait_until_drained()
    assert shown(stack, "t/e.jpg") == ("held", newer)
    assert shown(stack, "t/g.jpg") == ("held", alien)
    assert_bare(stack.manifest("uploads/t/e.jpg"))
    assert stack.decisions("t/g.jpg") == []


def test_an_answer_about_what_is_gone_brings_nothing_back(stack, photo):
    version = put(stack, photo("h.jpg", (640, 480)), "t/h.jpg")
    s3, bucket = stack.client("s3"), stack.outputs["sourceBucket"]
    s3.delete_object(Bucket=bucket, Key="uploads/t/h.jpg")
    wait_until(lambda: shown(stack, "t/h.jpg")[0] == "none", 60, stack_log(stack))
    send(stack, "t/h.jpg", version, Verdict.APPROVE)
    stack.wait_until_drained()
    assert shown(stack, "t/h.jpg")[0] == "none"


@pytest.mark.parametrize("change", [("Decision:approve", "Decision:fine"), ("versionId", "id")])
def test_garbage_becomes_a_dead_letter_and_decides_nothing(stack, photo, change):
    name = f"t/{change[1]}.jpg".replace(":", "-")
    version = put(stack, photo("i.jpg", (640, 480)), name)
    body = moderation_event(
        stack.outputs["sourceBucket"],
        f"uploads/{name}",
        version,
        Verdict.APPROVE,
        by="team",
        at=datetime.now(UTC).isoformat(),
    ).replace(*change)
    sqs, url = stack.client("sqs"), stack.outputs["queueUrl"]
    before = stack.queue_attributes()["VisibilityTimeout"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "1"})
    try:
        send(stack, name, version, Verdict.APPROVE, body=body)
        wait_until(lambda: stack.messages("deadLetterQueueUrl"), 90, stack_log(stack))
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": before})
    sqs.purge_queue(QueueUrl=stack.outputs["deadLetterQueueUrl"])
    assert shown(stack, name)[0] == "held"


def test_what_waits_is_measured_by_a_rule_and_told_by_the_doctor(stack, photo, monkeypatch, capsys):
    """The rule is for every half hour. Here an event fires it: the rest of the way is the same."""
    put(stack, photo("j.jpg", (640, 480)), "t/j.jpg")
    events = stack.client("events")
    (rule,) = [rule for rule in events.list_rules()["Rules"] if "held" in rule["Name"]]
    assert rule["ScheduleExpression"] == "rate(30 minutes)"
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Input"] == MEASURE_HELD
    events.put_rule(Name=rule["Name"], EventPattern=json.dumps({"source": ["test"]}))
    events.put_events(Entries=[{"Source": "test", "DetailType": "tick", "Detail": "{}"}])
    wait_until(lambda: stack.logged('"message": "waiting"'), 60, stack_log(stack))
    line = json.loads(stack.logged('"message": "waiting"')[-1])
    assert line["Waiting"] >= 1
    assert 0 <= line["OldestWaiting"] < 3600
    assert line["is_all"] is True
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(stack.server.folder))
    main(["doctor", "--stack", "local", "--json"])
    findings = {f["check"]: f for f in map(json.loads, capsys.readouterr().out.splitlines())}
    assert findings["held uploads"]["level"] == findings["held privacy"]["level"] == "ok"
    assert " for a moderator, the oldest for " in findings["held uploads"]["detail"]
