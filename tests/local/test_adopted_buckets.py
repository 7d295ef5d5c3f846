"""A stack with two buckets of its account, as its operator and its function's code see them."""

import functools
import json

import pytest

from local import server as servers
from local.deploy import deploy
from ops import doctor, teardown
from ops.__main__ import main
from ops.stack import connect
from terminal import Failure
from tests.local.defaults import DEFAULTS
from tests.local.probing import BODY, probe
from tests.support.waiting import wait_until

SOURCE, DESTINATION = "shop-photos", "shop-images"
SETTINGS = {
    "sourceBucket": SOURCE,
    "destinationBucket": DESTINATION,
    "uploads": "private",
    "memory": 512,
    "timeout": 5,  # an erasure waits for invocations that long
}
ENCRYPTION = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
BLOCK = {"BlockPublicAcls": True, "IgnorePublicAcls": True}


class Shop:
    """The account's buckets and the stack, by the credentials of their owner."""

    def __init__(self, server) -> None:
        self.server, self.s3 = server, server.client("s3")
        for bucket in (SOURCE, DESTINATION):
            self.s3.create_bucket(Bucket=bucket)
            self.s3.put_bucket_encryption(
                Bucket=bucket, ServerSideEncryptionConfiguration=ENCRYPTION
            )
            self.s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=BLOCK)
        self.version("Enabled")
        self.bridge(EventBridgeConfiguration={})

    def version(self, status: str) -> None:
        self.s3.put_bucket_versioning(Bucket=SOURCE, VersioningConfiguration={"Status": status})

    def bridge(self, **configuration) -> None:
        self.s3.put_bucket_notification_configuration(
            Bucket=SOURCE, NotificationConfiguration=configuration
        )

    def let_readers_in(self) -> None:
        policy = self.server.outputs["destinationPolicy"]
        self.s3.put_bucket_policy(Bucket=DESTINATION, Policy=policy)

    def tag(self, tags: dict[str, str]) -> None:
        found = [{"Key": key, "Value": value} for key, value in tags.items()]
        self.s3.put_bucket_tagging(Bucket=DESTINATION, Tagging={"TagSet": found})

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=SOURCE, Key=key, Body=body)

    def keys(self, prefix: str) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=DESTINATION, Prefix=prefix)
        return [item["Key"] for item in found.get("Contents", [])]

    def wait_for(self, name: str) -> None:
        wait_until(lambda: f"{name}/manifest.json" in self.keys(name), 60)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    server = servers.start(tmp_path_factory.mktemp("shop") / "state")
    try:
        shop = Shop(server)
        deploy(server, "local", settings=DEFAULTS | SETTINGS)
        yield shop
    finally:
        servers.stop(server.folder)


@pytest.fixture
def stack(shop, monkeypatch):
    monkeypatch.setenv("IMAGE_PIPELINE_LOCAL", str(shop.server.folder))
    return connect("local")


@pytest.fixture
def photo_bytes(photo):
    return photo("p.jpg", (400, 300)).read_bytes()


def findings(stack) -> dict[str, tuple[str, str, str]]:
    return {f.check: (f.level, f.detail, f.fix) for f in doctor.examine(stack)}


def test_the_doctor_says_what_the_owner_has_to_do(shop, stack):
    before = findings(stack)
    assert before["public access"] == (
        "fail",
        f"the policy of {DESTINATION} lacks what readers need",
        "add the statement of the output destinationPolicy to the bucket's policy",
    )
    shop.let_readers_in()
    found = findings(stack)
    assert {check for check, (level, *_rest) in found.items() if level != "ok"} == set()
    assert found["notification"][1] == "uploads/ is announced to the queue by EventBridge"
    assert found["queue policy"][1] == "EventBridge may send for its rule"
    assert found["canary"][1].endswith("removed")


def test_the_doctor_notices_what_the_owner_has_undone(shop, stack):
    shop.let_readers_in()
    shop.bridge()
    shop.version("Suspended")
    shop.s3.put_public_access_block(
        Bucket=DESTINATION, PublicAccessBlockConfiguration=BLOCK | {"BlockPublicPolicy": True}
    )
    checks = doctor.CHECKS
    silent = checks["notification"](stack)
    assert (silent.level, silent.detail) == (
        "fail",
        f"{SOURCE} does not send events to EventBridge",
    )
    unversioned = checks["versioning"](stack)
    assert (unversioned.level, unversioned.fix) == ("fail", "turn versioning on there")
    blocked = checks["public access"](stack)
    assert (blocked.level, blocked.detail) == (
        "fail",
        f"{DESTINATION} blocks what its policy allows",
    )
    shop.bridge(EventBridgeConfiguration={})
    shop.version("Enabled")
    shop.s3.put_public_access_block(Bucket=DESTINATION, PublicAccessBlockConfiguration=BLOCK)

    events = shop.server.client("events")
    (rule,) = events.list_rules()["Rules"]
    events.disable_rule(Name=rule["Name"])
    assert checks["notification"](stack).detail == (
        "no rule of EventBridge announces uploads to the queue"
    )
    events.enable_rule(Name=rule["Name"])
    theirs = json.loads(rule["EventPattern"])
    theirs["detail"]["bucket"]["name"] = [DESTINATION]
    for pattern in (theirs, json.loads(rule["EventPattern"]) | {"detail-type": ["Object Created"]}):
        events.put_rule(Name=rule["Name"], EventPattern=json.dumps(pattern))
        assert checks["notification"](stack).level == "fail"
    events.put_rule(Name=rule["Name"], EventPattern=rule["EventPattern"])
    sqs, url = shop.server.client("sqs"), shop.server.outputs["queueUrl"]
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    closed = policy["Policy"].replace("events.amazonaws.com", "s3.amazonaws.com")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": closed})
    assert checks["queue policy"](stack).detail == "EventBridge may not send for its rule"
    sqs.set_queue_attributes(QueueUrl=url, Attributes=policy)
    assert checks["queue policy"](stack).level == "ok"
    key = shop.server.client("kms").create_key()["KeyMetadata"]["Arn"]
    theirs = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    shop.s3.put_bucket_encryption(
        Bucket=SOURCE,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": theirs}]
        },
    )
    assert (
        checks["encryption"](stack).detail == "the source has a key that the function may not use"
    )
    shop.s3.put_bucket_encryption(Bucket=SOURCE, ServerSideEncryptionConfiguration=ENCRYPTION)
    assert {checks[name](stack).level for name in ("notification", "encryption")} == {"ok"}


@pytest.mark.parametrize(
    "change",
    [
        lambda reader: reader["Resource"].pop(),
        lambda reader: reader.update(Principal={"Service": "cloudfront.amazonaws.com"}),
        lambda reader: reader.update(
            Action="s3:ListBucket", Resource=f"arn:aws:s3:::{DESTINATION}"
        ),
        lambda reader: reader.update(Condition={"Bool": {"aws:SecureTransport": "false"}}),
    ],
)
def test_the_doctor_finds_a_policy_that_lets_readers_read_less(shop, stack, change):
    policy = json.loads(shop.server.outputs["destinationPolicy"])
    change(policy["Statement"][0])
    shop.s3.put_bucket_policy(Bucket=DESTINATION, Policy=json.dumps(policy))
    found = doctor.CHECKS["public access"](stack)
    assert (found.level, found.detail) == (
        "fail",
        f"the policy of {DESTINATION} lacks what readers need",
    )
    shop.let_readers_in()
    assert doctor.CHECKS["public access"](stack).level == "ok"


def test_the_doctor_reads_any_policy_and_needs_the_statement_to_compare_it_with(shop, stack):
    policy = json.loads(shop.server.outputs["destinationPolicy"])
    (reader,) = policy["Statement"]
    del reader["Resource"]
    reader["NotResource"] = f"arn:aws:s3:::{DESTINATION}/private/*"
    shop.s3.put_bucket_policy(Bucket=DESTINATION, Policy=json.dumps(policy))
    assert doctor.CHECKS["public access"](stack).level == "fail"
    shop.let_readers_in()
    del stack.outputs["destinationPolicy"]
    unknown = doctor.CHECKS["public access"](stack)
    assert (unknown.level, unknown.fix) == (
        "warn",
        "export the output destinationPolicy, so that it can be compared",
    )


def test_the_functions_code_may_do_its_part_in_them_and_nothing_else(shop):
    act = functools.cache(lambda name: probe(shop.server, name))(
        shop.server.outputs["functionName"]
    )
    shop.put("invoices/1.pdf", b"secret")
    shop.put("uploads/probe.jpg", b"x")
    upload = {"Bucket": SOURCE, "Key": "uploads/probe.jpg"}
    made = {"Bucket": DESTINATION, "Key": "probe.jpg/thumb.jpg"}
    assert act("s3", "get_object", **upload) == "allowed"
    assert act("s3", "put_object", **made, Body=BODY) == "allowed"
    assert act("s3", "delete_object", **made) == "allowed"
    theirs = {"Bucket": SOURCE, "Key": "invoices/1.pdf"}
    other = {"Bucket": DESTINATION, "Key": "catalogue/index.html"}
    denied = [
        ("get_object", theirs),
        ("put_object", upload | {"Body": BODY}),
        ("delete_object", upload),
        ("put_object", other | {"Body": BODY}),
        ("get_object", other),
        ("delete_object", other),
        ("put_bucket_policy", {"Bucket": DESTINATION, "Policy": "{}"}),
        ("delete_bucket_policy", {"Bucket": SOURCE}),
        (
            "put_bucket_notification_configuration",
            {"Bucket": SOURCE, "NotificationConfiguration": {}},
        ),
        (
            "put_bucket_versioning",
            {"Bucket": SOURCE, "VersioningConfiguration": {"Status": "Suspended"}},
        ),
        ("delete_bucket_lifecycle", {"Bucket": SOURCE}),
        ("delete_bucket", {"Bucket": DESTINATION}),
    ]
    for operation, arguments in denied:
        assert act("s3", operation, **arguments) == "AccessDenied", operation
    for operation, arguments in (
        ("list_rules", {}),
        ("put_events", {"Entries": [{"Source": "a", "DetailType": "b", "Detail": "{}"}]}),
    ):
        assert "AccessDenied" in act("events", operation, **arguments), operation


def test_an_object_outside_uploads_is_none_of_the_pipelines(shop, photo_bytes):
    shop.put("invoices/scan.jpg", photo_bytes)
    shop.put("uploads/scan.jpg", photo_bytes)
    shop.wait_for("scan.jpg")
    assert [key for key in shop.keys("") if "invoices" in key] == []


def test_a_backfill_renders_again(shop, stack, photo_bytes, capsys):
    shop.put("uploads/old/a.jpg", photo_bytes)
    shop.wait_for("old/a.jpg")
    shop.s3.delete_object(Bucket=DESTINATION, Key="old/a.jpg/manifest.json")
    assert main(["backfill", "--stack", "local", "--prefix", "uploads/old/"]) == 0
    shop.wait_for("old/a.jpg")
    capsys.readouterr()


def test_an_erasure_leaves_what_is_beside_the_uploads(shop, stack, idle, photo_bytes, capsys):
    shop.put("uploads/u1/a.jpg", photo_bytes)
    shop.wait_for("u1/a.jpg")
    shop.s3.put_object(Bucket=DESTINATION, Key="u1/index.html", Body=b"theirs")
    assert main(["erase", "--stack", "local", "uploads/u1/", "--yes"]) == 0
    versions = shop.s3.list_object_versions(Bucket=SOURCE, Prefix="uploads/u1/")
    assert not versions.get("Versions")
    assert not versions.get("DeleteMarkers")
    assert shop.keys("u1/") == ["u1/index.html"]
    capsys.readouterr()


def test_nothing_of_them_is_emptied(shop, stack, capsys):
    before = [shop.s3.list_object_versions(Bucket=b)["Versions"] for b in (SOURCE, DESTINATION)]
    with pytest.raises(Failure, match=f"{SOURCE} and {DESTINATION} are not the stack's own"):
        teardown.own_buckets(stack)
    assert main(["empty", "--stack", "local", "--yes"]) == 1
    assert "so none is emptied" in capsys.readouterr().err
    after = [shop.s3.list_object_versions(Bucket=b)["Versions"] for b in (SOURCE, DESTINATION)]
    assert after == before
    with pytest.raises(shop.s3.exceptions.ClientError, match="NoSuchBucketPolicy"):
        shop.s3.get_bucket_policy(Bucket=SOURCE)


def test_they_are_known_without_the_output(shop, stack):
    """A program that makes the component may not export it: the tags tell."""
    del stack.outputs["adoptedBuckets"]
    with pytest.raises(Failure, match="are not the stack's own"):
        teardown.own_buckets(stack)
    url = shop.server.outputs["queueUrl"]
    own = shop.server.client("sqs").list_queue_tags(QueueUrl=url)["Tags"]
    for tags in ({"Project": "shop", "Stack": "dev"}, own | {"Stack": "other"}):
        shop.tag(tags)
        with pytest.raises(Failure, match="are not the stack's own"):
            teardown.own_buckets(stack)
    shop.tag(own)
    assert teardown.own_buckets(stack) == [DESTINATION]
    shop.s3.delete_bucket_tagging(Bucket=DESTINATION)
    assert json.loads(shop.server.outputs["destinationPolicy"])["Statement"]
