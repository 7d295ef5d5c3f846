"""Every path by which an upload that waits could be seen, tried for real and denied.

docs/moderation.md has them as a table. Each is tried twice: as the stack is, and without its guard,
where it must succeed. So no attempt passes because it asks for what is not there.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.exceptions import ClientError

from function.contract import Verdict
from function.contract.keys import decision_key, held_key, look_key
from function.contract.messages import moderation_event
from local.http import request
from local.uploader import post_form
from ops import waiting
from ops.__main__ import main
from ops.stack import Stack
from tests.local.calling import caller
from tests.local.defaults import PROD
from tests.local.test_announcements import subscribe
from tests.support.moderated import assert_bare
from tests.support.waiting import wait_until

QUEUE = "arn:aws:sqs:us-east-1:000000000000:looks"
LARGE = {"name": "large", "width": 640, "height": 640, "formats": ["jpeg", "webp"], "lazy": True}
HERO = {"name": "hero", "width": 320, "height": 320, "formats": ["jpeg"], "lazyFormats": ["avif"]}
SETTINGS = PROD | {
    "image-pipeline:publish": "held",
    "image-pipeline:moderator": QUEUE,
    "image-pipeline:duplicates": "near",
    "image-pipeline:eventbridge": True,
    "image-pipeline:viewConcurrency": "3",
    "image-pipeline:memory": "512",
    "image-pipeline:renditions": [LARGE, HERO],
}
DENIED = (400, 401, 403, 404, 405)
SUCCESS = (200, 204, 206)


@dataclass(frozen=True, kw_only=True)
class Upload:
    """An upload, and all that somebody may know of it who has the same file."""

    name: str
    key: str
    version: str
    body: bytes
    form: dict[str, Any]

    @property
    def facts(self) -> dict[str, str]:
        """The parts of the attempts' URLs."""
        look = look_key(self.name, self.version)
        return {
            "name": self.name,
            "key": self.key,
            "version": self.version,
            "look": look,
            "look_encoded": look.replace("_index", "%5Findex"),
            "look_slashes": look.replace("/", "%2F"),
            "look_capitals": look.replace("_index", "_INDEX"),
            "record": held_key(self.name, self.version),
            "decision": decision_key(self.name, self.version),
            "v": hashlib.sha256(self.body).hexdigest()[:8],
        }


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One request without credentials, and the guard without which it would succeed.

    ``door`` is a bucket's own endpoint, its path on S3's, or the CDN. Where there is no guard,
    nothing has this name in any case: it is another spelling of one that has.
    """

    door: str
    target: str
    guard: str = ""
    method: str = "GET"
    headers: dict[str, str] | None = None


def _spellings(door: str, guard: str) -> dict[str, Attempt]:
    """Ways to spell the key of a look."""
    targets = {
        "look": ("{look}", guard),
        "record": ("{record}", guard),
        "decision": ("{decision}", guard),
        "look, encoded": ("{look_encoded}", guard),
        "look, slashes encoded": ("{look_slashes}", guard),
        "look, with a query": ("{look}?v={v}", guard),
        "look, two slashes": ("/{look}", ""),
        "look, dots": ("{name}/../{look}", ""),
        "look, encoded dots": ("{name}/%2e%2e/{look}", ""),
        "look, capitals": ("{look_capitals}", ""),
        "look, as a rendition": ("{look}/large.jpg", ""),
        "look, a null byte": ("{look}%00/manifest.json", ""),
    }
    return {
        f"{door}: {name}": Attempt(door=door, target=target, guard=guard)
        for name, (target, guard) in targets.items()
    }


def _s3(name: str, target: str, guard: str, method: str = "GET", **headers: str) -> dict:
    doors = [f"{guard} {style}" for style in ("host", "path")]
    made = [
        Attempt(door=d, target=target, guard=guard, method=method, headers=headers) for d in doors
    ]
    return {f"{attempt.door}: {name}": attempt for attempt in made}


ATTEMPTS = {
    **_spellings("destination host", "destination"),
    **_spellings("destination path", "destination"),
    **_spellings("cdn", "cdn"),
    **_s3("the look's length", "{look}", "destination", "HEAD"),
    **_s3("a piece of the look", "{look}", "destination", Range="bytes=0-9"),
    **_s3("the look's version", "{look}?versionId=null", "destination"),
    **_s3("the look's tags", "{look}?tagging", "destination"),
    **_s3("the look's ACL", "{look}?acl", "destination"),
    **_s3("list", "?list-type=2", "destination"),
    **_s3("list, version 1", "", "destination"),
    **_s3("list the looks", "?list-type=2&prefix=_index/moderation/held/", "destination"),
    **_s3("list folders", "?list-type=2&delimiter=/", "destination"),
    **_s3("list versions", "?versions", "destination"),
    **_s3("list inventories", "?inventory", "destination"),
    **_s3("the upload", "{key}", "source"),
    **_s3("the upload's length", "{key}", "source", "HEAD"),
    **_s3("the upload's version", "{key}?versionId={version}", "source"),
    **_s3("the version's length", "{key}?versionId={version}", "source", "HEAD"),
    **_s3("a piece of the upload", "{key}", "source", Range="bytes=0-9"),
    **_s3("the upload's tags", "{key}?tagging", "source"),
    **_s3("list uploads", "?list-type=2&prefix={key}", "source"),
    **_s3("list versions", "?versions&prefix={key}", "source"),
    **_s3("list inventories", "?inventory", "source"),
    **_s3("a report of S3 Batch Operations", "batch-operations/report.csv", "source"),
    **{
        f"{door}: {file}": Attempt(door=door, target=f"{{name}}/{file}", guard=guard)
        for door, guard in (("cdn", "approval"), ("destination host", ""))
        for file in ("hero.jpg", "hero.jpg?v={v}", "large.jpg", "large.webp?v={v}")
    },
    "cdn: by the edge's choice": Attempt(
        door="cdn", target="{name}/large", guard="approval", headers={"Accept": "image/webp"}
    ),
    "cdn: a lazy format": Attempt(
        door="cdn", target="{name}/hero.avif", guard="approval", headers={"Accept": "image/avif"}
    ),
    "cdn: a rendition's length": Attempt(
        door="cdn", target="{name}/large.jpg", guard="approval", method="HEAD"
    ),
    "cdn: the upload": Attempt(door="cdn", target="{key}"),
    "cdn: list": Attempt(door="cdn", target="?list-type=2"),
}


class Stage:
    """The deployed stack, and how its guards are taken away."""

    def __init__(self, server) -> None:
        self.server, self.outputs = server, server.outputs
        self.s3 = server.client("s3")
        self._number = 0
        self._s3_endpoint = ""
        server.client("sqs").create_queue(QueueName="looks")

    def upload(self, body: bytes, name: str = "held.jpg") -> Upload:
        """Upload by the signer's form, and wait until the upload waits."""
        wanted = json.dumps({"name": name, "type": "image/jpeg"}).encode()
        json_type = {"Content-Type": "application/json"}
        status, answer = request("POST", self.outputs["uploadEndpoint"], wanted, json_type)
        assert status == 200, answer
        form = json.loads(answer)
        assert post_form(form, name, body)[0] < 300
        key = form["key"]
        found = self.s3.head_object(Bucket=self.outputs["sourceBucket"], Key=key)
        made = Upload(
            name=key.removeprefix("uploads/"),
            key=key,
            version=found["VersionId"],
            body=body,
            form=form,
        )
        self.wait_for(made, "held")
        return made

    def manifest(self, upload: Upload) -> dict | None:
        status, body = request("GET", f"{self.outputs['deliveryUrl']}/{upload.name}/manifest.json")
        return json.loads(body) if status == 200 else None

    def wait_for(self, upload: Upload, status: str) -> dict:
        def found() -> dict | None:
            manifest = self.manifest(upload)
            return manifest if manifest and manifest["status"] == status else None

        return wait_until(found, 60)

    def approve(self, upload: Upload) -> dict:
        body = moderation_event(
            self.outputs["sourceBucket"], upload.key, upload.version, Verdict.APPROVE,
            by="test", at="2026-11-28T00:00:00Z",
        )  # fmt: skip
        sqs = self.server.client("sqs")
        sqs.send_message(QueueUrl=self.outputs["queueUrl"], MessageBody=body)
        return self.wait_for(upload, "ready")

    def url(self, attempt: Attempt, upload: Upload) -> str:
        door, _, style = attempt.door.partition(" ")
        target = attempt.target.format(**upload.facts)
        if door == "cdn":
            return f"{self.outputs['deliveryUrl']}/{target}"
        bucket = self.outputs[f"{door}Bucket"]
        if style == "path":
            return f"{self.server.endpoint}/{bucket}/{target}"
        source = upload.form["url"].rstrip("/")
        assert self.outputs["sourceBucket"] in source
        return f"{source.replace(self.outputs['sourceBucket'], bucket)}/{target}"

    def try_(self, attempt: Attempt, upload: Upload) -> tuple[int, bytes]:
        return request(attempt.method, self.url(attempt, upload), headers=attempt.headers)

    @contextlib.contextmanager
    def without_guards(self) -> Iterator[None]:
        """Let anyone do anything with both buckets, and every path through the edge."""
        for output in ("sourceBucket", "destinationBucket"):
            bucket = self.outputs[output]
            arn = f"arn:aws:s3:::{bucket}"
            wide = {"Effect": "Allow", "Principal": "*", "Action": "s3:*"}
            policy = {
                "Version": "2012-10-17",
                "Statement": [wide | {"Resource": [arn, f"{arn}/*"]}],
            }
            self.s3.delete_public_access_block(Bucket=bucket)
            self.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        cloudfront = self.server.client("cloudfront")
        for item in cloudfront.list_functions()["FunctionList"]["Items"]:
            name = item["Name"]
            code = b"function handler(event) { return event.response || event.request; }"
            runtime = {"Comment": "", "Runtime": "cloudfront-js-2.0"}

            def etag(name: str = name) -> str:
                return cloudfront.describe_function(Name=name, Stage="DEVELOPMENT")["ETag"]

            cloudfront.update_function(
                Name=name, IfMatch=etag(), FunctionConfig=runtime, FunctionCode=code
            )
            cloudfront.publish_function(Name=name, IfMatch=etag())
        yield


@pytest.fixture(scope="module")
def stage(served, tmp_path_factory):
    with served(tmp_path_factory.mktemp("paths"), SETTINGS) as server:
        yield Stage(server)


@pytest.fixture(scope="module")
def held(stage, photo) -> Upload:
    """An upload that waits, and a report that names it, as S3 Batch Operations would write it."""
    stage.s3.put_object(
        Bucket=stage.outputs["sourceBucket"], Key="batch-operations/report.csv", Body=b"held.jpg"
    )
    return stage.upload(photo("held.jpg", (1111, 777)).read_bytes())


@pytest.mark.parametrize("name", ATTEMPTS)
def test_what_waits_is_denied(stage, held, name):
    status, body = stage.try_(ATTEMPTS[name], held)
    assert status in DENIED, body[:300]
    told = body.decode(errors="replace")
    assert hashlib.md5(held.body, usedforsecurity=False).hexdigest() not in told


def test_the_manifest_tells_nothing(stage, held):
    assert_bare(stage.manifest(held))


def test_the_form_of_the_uploader_reads_nothing_back(stage, held):
    """Neither as the query of a GET, nor as a form that names another key or copies one."""
    fields = held.form["fields"]
    names = [name for name in fields if name.lower().startswith(("x-amz-", "policy"))]
    query = "&".join(f"{name}={fields[name]}" for name in names)
    for key in (held.key, look_key(held.name, held.version)):
        for door in ("source", "destination"):
            url = f"{stage.server.endpoint}/{stage.outputs[f'{door}Bucket']}/{key}?{query}"
            assert request("GET", url)[0] in DENIED
    copied = {**held.form, "fields": {**fields, "x-amz-copy-source": f"/{held.key}"}}
    assert post_form(copied, "x.jpg", b"")[0] in DENIED
    elsewhere = {**held.form, "fields": {**fields, "key": "uploads/mine.jpg"}}
    assert post_form(elsewhere, "x.jpg", b"x")[0] in DENIED


def test_nobody_copies_it_to_a_bucket_of_theirs(stage, held):
    stage.s3.create_bucket(Bucket="thief")
    thief = caller(
        stage.server,
        "s3",
        ("s3:PutObject", "arn:aws:s3:::thief/*"),
        ("s3:GetObject", "arn:aws:s3:::thief/*"),
    )
    look = look_key(held.name, held.version)
    for bucket, key in (("source", held.key), ("destination", look)):
        source = {"Bucket": stage.outputs[f"{bucket}Bucket"], "Key": key}
        with pytest.raises(ClientError, match="AccessDenied"):
            thief.copy_object(Bucket="thief", Key="stolen", CopySource=source)
    owner = stage.server.client("s3")
    owner.copy_object(Bucket="thief", Key="stolen", CopySource=source)  # so there was something


def test_neither_bucket_is_a_website(stage):
    for output in ("sourceBucket", "destinationBucket"):
        with pytest.raises(ClientError, match="NoSuchWebsiteConfiguration"):
            stage.s3.get_bucket_website(Bucket=stage.outputs[output])


def test_nothing_writes_an_inventory_of_either_bucket(stage):
    for output in ("sourceBucket", "destinationBucket"):
        found = stage.s3.list_bucket_inventory_configurations(Bucket=stage.outputs[output])
        assert found.get("InventoryConfigurationList", []) == []


def test_the_function_for_first_views_makes_nothing_of_it(stage, held):
    """Asked as the CDN asks, behind its edge and its signature."""
    lambda_, name = stage.server.client("lambda"), stage.outputs["viewFunctionName"]

    def view(path: str) -> int:
        event = {"requestContext": {"http": {"method": "GET"}}, "rawPath": f"/{path}"}
        answer = lambda_.invoke(FunctionName=name, Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())["statusCode"]

    files = ("large.jpg", "large.webp", "hero.jpg", "hero.avif")
    assert {view(f"{held.name}/{file}") for file in files} == {404}
    look = look_key(held.name, held.version)
    assert {view(path) for path in (look, f"{look}/large.jpg", held.key)} == {404}


def test_no_stranger_decides(stage, held):
    """Neither by a message of theirs, nor as somebody with rights elsewhere."""
    queue = stage.outputs["queueUrl"]
    body = moderation_event(
        stage.outputs["sourceBucket"],
        held.key,
        held.version,
        Verdict.APPROVE,
        by="a moderator, honestly",
        at="2026-11-28T00:00:00Z",
    )
    form = urlencode({"Action": "SendMessage", "QueueUrl": queue, "MessageBody": body}).encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert request("POST", queue, form, kind)[0] in DENIED
    stranger = caller(stage.server, "sqs", ("sqs:SendMessage", QUEUE))
    with pytest.raises(ClientError, match="AccessDenied"):
        stranger.send_message(QueueUrl=queue, MessageBody=body)
    assert stage.manifest(held)["status"] == "held"


def subscribe_to_topic(server, bucket: str) -> str:
    """Have EventBridge send the bucket's events to a topic; return the queue of a subscriber."""
    sqs, sns, events = (server.client(name) for name in ("sqs", "sns", "events"))
    topic, url = sns.create_topic(Name="news"), sqs.create_queue(QueueName="reader")["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:000000000000:reader"
    allowed = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}}
    statement = allowed | {"Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic["TopicArn"], Protocol="sqs", Endpoint=arn)
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
    events.put_rule(Name="news", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="news", Targets=[{"Id": "news", "Arn": topic["TopicArn"]}])
    return url


def test_no_event_tells_of_the_picture(stage, photo):
    """Neither to a subscriber of EventBridge, nor to one that gets the same by SNS."""
    bucket = stage.outputs["destinationBucket"]
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
    sqs, url = subscribe(stage.server, json.dumps(pattern))
    by_topic = subscribe_to_topic(stage.server, bucket)
    heard: dict[str, list[dict]] = {url: [], by_topic: []}

    def hear(queue: str) -> None:
        for message in sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1
        ).get("Messages", []):
            body = json.loads(message["Body"])
            event = json.loads(body["Message"]) if queue == by_topic else body
            heard[queue].append(event["detail"]["object"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    def keys(queue: str) -> set[str]:
        hear(queue)
        return {event["key"] for event in heard[queue] if upload.name in event["key"]}

    upload = stage.upload(photo("event.jpg", (777, 1111)).read_bytes(), "event.jpg")
    look, record = upload.facts["look"], upload.facts["record"]
    told = {look, record, upload.facts["decision"], f"{upload.name}/manifest.json"}
    for queue in heard:
        wait_until(lambda queue=queue: keys(queue) >= told, 60, lambda: heard)
        assert keys(queue) == told
    stored = stage.s3.get_object(Bucket=bucket, Key=look)["Body"].read()
    picture = stored[: stored.index(b"\xff\xd9") + 2]
    digests = {
        hashlib.md5(body, usedforsecurity=False).hexdigest() for body in (picture, upload.body)
    }
    for event in (event for events in heard.values() for event in events):
        assert event["etag"] not in digests
        # The same for every picture.
        assert event["key"] != look or event["size"] == 65_536
        assert event["key"] != record or event["size"] == 4096
    stage.approve(upload)
    for queue in heard:
        wait_until(lambda queue=queue: f"{upload.name}/hero.jpg" in keys(queue), 60, lambda: heard)


def test_no_metric_tells_of_it(stage, held):
    lines = stage.server.client("logs").filter_log_events(logGroupName=stage.outputs["logGroup"])
    told = [json.loads(line["message"]) for line in lines["events"] if "{" in line["message"][:1]]
    of_it = [line for line in told if line.get("key") == held.key]
    assert [line["message"] for line in of_it][:1] == ["held"]
    assert not [line for line in of_it if "_aws" in line]
    metrics = stage.server.client("cloudwatch").list_metrics(Namespace="ImagePipeline")["Metrics"]
    assert {d["Name"] for metric in metrics for d in metric["Dimensions"]} <= {
        "FunctionName",
        "Code",
    }


def test_the_index_tells_nobody_that_the_same_picture_waits(stage, photo):
    body = photo("twin.jpg", (901, 677)).read_bytes()
    first, second = (stage.upload(body, f"{name}.jpg") for name in ("first", "second"))
    assert_bare(stage.manifest(second))
    shown = stage.approve(second)
    assert shown["duplicate_of"] is None
    # The index works: once both may be seen, it tells.
    assert stage.approve(first)["duplicate_of"] == shown["id"]


def test_a_backfill_prints_and_publishes_nothing_of_it(stage, held, monkeypatch, capsys):
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(stage.server.folder))
    capsys.readouterr()
    assert main(["backfill", "--stack", "local"]) == 0
    printed = "".join(capsys.readouterr())
    digests = [hashlib.new(name, held.body).hexdigest() for name in ("md5", "sha256")]
    assert not [told for told in (*digests, "1111", held.name) if told in printed]
    sqs, url = stage.server.client("sqs"), stage.outputs["backfillQueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def waiting() -> int:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(count) for count in found.values())

    wait_until(lambda: not waiting(), 90)
    assert stage.manifest(held)["status"] == "held"
    assert_bare(stage.manifest(held))


RIGHTS = {
    "elsewhere": (("s3:GetObject", "arn:aws:s3:::thief/*"),),
    "to list": (("s3:ListBucket", "{bucket}"),),
    "of a reader": (("s3:ListBucket", "{bucket}"), ("s3:GetObject", "{bucket}/*/manifest.json")),
}


@pytest.mark.parametrize("rights", RIGHTS)
def test_ops_shows_nothing_to_a_role_without_the_right(stage, held, rights):
    arn = f"arn:aws:s3:::{stage.outputs['destinationBucket']}"
    allowed = [(action, of.format(bucket=arn)) for action, of in RIGHTS[rights]]
    s3 = caller(stage.server, "s3", *allowed)
    with pytest.raises(ClientError, match="AccessDenied"):
        waiting.find(Stack(outputs=stage.outputs, client=lambda _service, **_how: s3))
    moderators = [*allowed, *((right, f"{arn}{of}") for right, of in MODERATORS)]
    s3 = caller(stage.server, "s3", *moderators)
    found = waiting.find(Stack(outputs=stage.outputs, client=lambda _service, **_how: s3))
    assert held.key in {each.key for each in found}


MODERATORS = (
    ("s3:ListBucket", ""),
    ("s3:GetObject", "/*/manifest.json"),
    ("s3:GetObject", "/_index/moderation/*"),
)
"""The permissions that docs/moderation.md says a decision takes."""


@pytest.fixture(scope="module")
def shown(stage, photo) -> Upload:
    """Another upload, once it is approved."""
    upload = stage.upload(photo("shown.jpg", (1111, 777)).read_bytes())
    stage.approve(upload)
    return upload


def _guarded_by(*guards: str) -> list[str]:
    return [name for name, attempt in ATTEMPTS.items() if attempt.guard in guards]


@pytest.mark.parametrize("name", _guarded_by("approval"))
def test_it_is_there_once_it_is_approved(stage, shown, name):
    status, body = stage.try_(ATTEMPTS[name], shown)
    assert status in SUCCESS, body


@pytest.fixture(scope="module")
def unguarded(stage, held) -> Iterator[None]:
    """No guards any more: these tests come last."""
    with stage.without_guards():
        yield


@pytest.mark.usefixtures("unguarded")
@pytest.mark.parametrize("name", _guarded_by("destination", "source", "cdn"))
def test_without_its_guard_it_would_be_seen(stage, held, name):
    status, body = stage.try_(ATTEMPTS[name], held)
    assert status in SUCCESS, body
