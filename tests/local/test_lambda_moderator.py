"""A moderator that is a Lambda function: the example of rules, and some that fail."""

import json
import time

import pytest

from function.contract.keys import held_key, manifest_key
from local.http import request
from ops.__main__ import main
from pipeline.bundle import Target
from tests.local.calling import function_role, zipped
from tests.support.moderated import assert_bare
from tests.support.moderators import code_of
from tests.support.waiting import wait_until

NAME = "rules"
ARN = f"arn:aws:lambda:us-east-1:000000000000:function:{NAME}"

BAD = """
import json, time

def handle(event, context):
    name = event["key"].rsplit("/", 1)[1].split(".")[0]
    print(json.dumps({"asked": event["key"]}))
    if name == "raises":
        raise ValueError("no idea")
    if name == "slow":
        time.sleep(30)
    if name == "alien":
        return {"decision": "approve", "key": "uploads/l/victim.jpg", "version_id": "x"}
    if name == "nosy":
        return {"decision": "reject", "reason": json.dumps(tried(event))}
    return {"text": "fine", "list": ["fine"], "hold": {"decision": "hold"}}[name]

def tried(event):
    import boto3, botocore.exceptions, urllib.request
    from urllib.parse import urlsplit
    bucket, _, key = urlsplit(event["look"]).path[1:].partition("/")
    found = {"look": urllib.request.urlopen(event["look"]).status}
    for what, service, operation, arguments in (
        ("look by role", "s3", "get_object", {"Bucket": bucket, "Key": key}),
        ("upload", "s3", "get_object", {"Bucket": event["bucket"], "Key": event["key"]}),
        ("list", "s3", "list_objects_v2", {"Bucket": bucket}),
        ("queues", "sqs", "list_queues", {}),
    ):
        try:
            getattr(boto3.client(service), operation)(**arguments)
            found[what] = "allowed"
        except botocore.exceptions.ClientError as error:
            found[what] = error.response["Error"]["Code"]
    return found
"""


@pytest.fixture(scope="module")
def stack(deployed, tmp_path_factory):
    """A stack that holds all uploads and asks the function, whose failures come again at once."""
    settings = {"publish": "held", "moderator": ARN, "timeout": 20, "batchSize": 1}
    with deployed(tmp_path_factory.mktemp("lambda"), settings) as aws:
        for name in (NAME, "another"):
            aws.client("lambda").create_function(
                FunctionName=name,
                Runtime="python3.13",
                Architectures=[Target.host().machine],
                Handler="rules.handle",
                Role=function_role(aws.server, f"{name}-role"),
                Timeout=4,
                Environment={"Variables": {"OPEN_HOURS": "0-24"}},
                Code={"ZipFile": zipped(code_of("rules"), "rules.py")},
            )
        yield aws


@pytest.fixture
def bad(stack, request):
    """The function does not do its work, and SQS delivers again soon after its failure."""
    pause = 6 if "slow" in request.node.name else 2
    lambda_, sqs, url = stack.client("lambda"), stack.client("sqs"), stack.outputs["queueUrl"]
    before = stack.queue_attributes()["VisibilityTimeout"]
    lambda_.update_function_code(FunctionName=NAME, ZipFile=zipped(BAD, "rules.py"))
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(pause)})
    yield stack
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": before})
    repair(stack)


def repair(stack) -> None:
    code = zipped(code_of("rules"), "rules.py")
    stack.client("lambda").update_function_code(FunctionName=NAME, ZipFile=code)


def put(stack, path, name: str) -> str:
    """Upload a file; return its version."""
    key = f"uploads/{name}"
    assert request("PUT", stack.source_url(key), path.read_bytes())[0] == 200
    head = stack.client("s3").head_object(Bucket=stack.outputs["sourceBucket"], Key=key)
    return head["VersionId"]


def status_of(stack, name: str) -> str:
    status, body = request("GET", stack.destination_url(manifest_key(name)))
    return json.loads(body)["status"] if status == 200 else "none"


def wait_for(stack, name: str, status: str) -> dict:
    wait_until(lambda: status_of(stack, name) == status, 60, lambda: stack.logged("failed"))
    return stack.manifest(f"uploads/{name}")


def failures(stack) -> list[str]:
    """Return the lines of attempts at which the moderator failed; they name no upload."""
    return [line for line in stack.logged('"failed"') if "ModeratorFailed" in line]


def set_hours(stack, hours: str) -> None:
    variables = {"Variables": {"OPEN_HOURS": hours}}
    stack.client("lambda").update_function_configuration(FunctionName=NAME, Environment=variables)


def test_what_keeps_the_rules_is_published(stack, photo):
    put(stack, photo("good.jpg"), "l/good.jpg")
    manifest = wait_for(stack, "l/good.jpg", "ready")
    assert [request("GET", made["url"])[0] for made in manifest["renditions"]] == [200] * 5
    (line,) = stack.decisions("l/good.jpg", 1)
    assert (line["verdict"], line["by"], line["reason"]) == ("approve", ARN, "within the rules")


def test_what_breaks_them_is_rejected(stack, photo):
    put(stack, photo("tiny.jpg", (120, 90)), "l/tiny.jpg")
    manifest = wait_for(stack, "l/tiny.jpg", "rejected")
    assert manifest["error"]["code"] == "moderated"
    assert_bare(manifest)
    (line,) = stack.decisions("l/tiny.jpg", 1)
    assert (line["verdict"], line["reason"]) == ("reject", "only 90 pixels")
    listed = stack.client("s3").list_objects_v2(
        Bucket=stack.outputs["destinationBucket"], Prefix="l/tiny.jpg/"
    )
    assert [item["Key"] for item in listed["Contents"]] == ["l/tiny.jpg/manifest.json"]


def test_at_night_it_waits_for_people(stack, photo, monkeypatch):
    set_hours(stack, "0-0")
    try:
        put(stack, photo("late.jpg", (700, 500)), "l/late.jpg")
        wait_for(stack, "l/late.jpg", "held")
        stack.wait_until_drained()
    finally:
        set_hours(stack, "0-24")
    assert stack.decisions("l/late.jpg") == []
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(stack.server.folder))
    assert main(["moderate", "approve", "uploads/l/late.jpg", "--stack", "local"]) == 0
    assert status_of(stack, "l/late.jpg") == "ready"


def test_the_function_may_ask_its_moderator_and_no_other_function(stack):
    payload = {"Payload": json.dumps({"looks_like_rejected": None, "format": "none"})}
    sizes = {"width": 1, "height": 1}
    asked = {"Payload": json.dumps(json.loads(payload["Payload"]) | sizes)}
    assert stack.as_function("lambda", "invoke", FunctionName=NAME, **asked) == "allowed"
    for other in ("another", stack.outputs["functionName"]):
        refused = stack.as_function("lambda", "invoke", FunctionName=other, **asked)
        assert refused == "AccessDeniedException"
    for service, operation, arguments in (
        ("lambda", "get_function", {"FunctionName": NAME}),
        ("lambda", "update_function_configuration", {"FunctionName": NAME, "Timeout": 9}),
        ("sns", "list_topics", {}),
    ):
        refused = stack.as_function(service, operation, **arguments)
        assert refused.startswith(("AccessDenied", "AuthorizationError")), (operation, refused)


@pytest.mark.parametrize(
    "names", [("raises", "text", "list", "hold"), ("slow",)], ids=["at once", "slow"]
)
def test_a_moderator_that_fails_publishes_nothing_and_is_asked_again(bad, photo, names):
    """Five failures later the event is a dead letter, which a redrive sends again."""
    sqs, dead = bad.client("sqs"), bad.outputs["deadLetterQueueUrl"]
    uploads, before = [f"l/{name}.jpg" for name in names], len(failures(bad))
    for number, upload in enumerate(uploads):
        put(bad, photo(f"{number}.jpg", (640 + number, 480)), upload)
    letters = {}

    def are_dead() -> bool:
        for letter in sqs.receive_message(QueueUrl=dead).get("Messages", []):
            body = letter["Body"]
            letters.update({upload: body for upload in uploads if upload in body})
        return len(letters) == len(uploads)

    wait_until(are_dead, 90, lambda: bad.logged("failed"))
    for upload in uploads:
        manifest = bad.manifest(f"uploads/{upload}")
        assert manifest["status"] == "held"
        assert_bare(manifest)
        assert bad.decisions(upload) == []
    wait_until(lambda: len(failures(bad)) == before + 5 * len(uploads))
    repair(bad)
    for body in letters.values():
        sqs.send_message(QueueUrl=bad.outputs["queueUrl"], MessageBody=body)
    for upload in uploads:
        wait_for(bad, upload, "ready")


def test_an_answer_is_about_the_upload_that_was_asked_about(bad, photo):
    set_hours(bad, "0-24")
    put(bad, photo("alien.jpg", (640, 480)), "l/alien.jpg")
    wait_for(bad, "l/alien.jpg", "ready")
    assert status_of(bad, "l/victim.jpg") == "none"
    assert {line["key"] for line in map(json.loads, bad.logged('"message": "moderated"'))} <= {
        f"uploads/l/{name}.jpg"
        for name in ("good", "tiny", "late", "raises", "slow", "text", "list", "hold", "alien")
    }


def test_a_moderator_sees_the_look_and_may_do_nothing_else(bad, photo):
    put(bad, photo("nosy.jpg", (640, 480)), "l/nosy.jpg")
    wait_for(bad, "l/nosy.jpg", "rejected")
    (line,) = bad.decisions("l/nosy.jpg", 1)
    found = json.loads(line["reason"])
    assert found.pop("look") == 200
    assert len(found) == 4
    assert all("Denied" in code for code in found.values()), found


def test_an_upload_that_was_replaced_while_it_was_asked_about_shows_the_newer_one(stack, photo):
    """The answer about the first comes when the key holds the second, which has its own."""
    versions = [put(stack, photo(f"{n}.jpg", (640 + n, 480)), "l/twice.jpg") for n in range(2)]
    manifest = wait_for(stack, "l/twice.jpg", "ready")
    stack.wait_until_drained()
    manifest = stack.manifest("uploads/l/twice.jpg")
    assert manifest["source"]["version_id"] == versions[1]
    assert {line["version_id"] for line in stack.decisions("l/twice.jpg")} <= set(versions)
    s3, bucket = stack.client("s3"), stack.outputs["destinationBucket"]
    kept = s3.list_objects_v2(Bucket=bucket, Prefix="_index/moderation/held/l/twice.jpg/")
    assert kept.get("Contents", []) == []
    assert held_key("l/twice.jpg", versions[1]).startswith("_index/moderation/held/l/twice.jpg/")


def test_an_upload_that_is_deleted_while_it_was_asked_about_is_gone(stack, photo):
    put(stack, photo("gone.jpg", (640, 480)), "l/gone.jpg")
    stack.client("s3").delete_object(Bucket=stack.outputs["sourceBucket"], Key="uploads/l/gone.jpg")
    time.sleep(1)
    stack.wait_until_drained()
    wait_until(lambda: status_of(stack, "l/gone.jpg") == "none", 60, str)
    s3, bucket = stack.client("s3"), stack.outputs["destinationBucket"]
    for prefix in ("l/gone.jpg/", "_index/moderation/held/l/gone.jpg/"):
        listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
        assert listed.get("Contents", []) == []
