"""A program that is not ours, with buckets that the account had: photo in, renditions out.

And afterwards the buckets are as they were.
"""

import json
from typing import Any

import pytest

from local.http import request
from tests.engine.foreign import Foreign
from tests.engine.support import Failed, changes
from tests.engine.test_stacks import empty, left
from tests.support.waiting import wait_until

PROGRAM = """
import pulumi
import pulumi_image_pipeline as images

shop = images.ImagePipeline("shop", uploads="private", {arguments})

for name in {outputs!r}:
    pulumi.export(name, pulumi.Output.from_input(getattr(shop, name)))
"""
OUTPUTS = [
    *("source_bucket", "destination_bucket", "queue_url", "dead_letter_queue_url"),
    *("function_name", "log_group", "delivery_url", "destination_policy", "adopted_buckets"),
]

LIFECYCLE = {
    "Rules": [
        {
            "ID": "theirs",
            "Status": "Enabled",
            "Filter": {"Prefix": "invoices/"},
            "Expiration": {"Days": 3650},
        }
    ]
}
CORS = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://shop.example"]}]}
TAGS = {"TagSet": [{"Key": "Owner", "Value": "shop"}]}
OPEN = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
)


class Owned:
    """Buckets that the account has, each with all that S3 configures of one."""

    def __init__(self, server, *names: str) -> None:
        self.server, self.s3 = server, server.client("s3")
        self.queues: dict[str, str] = {}
        sqs = server.client("sqs")
        for name in names:
            self.s3.create_bucket(Bucket=name)
            url = sqs.create_queue(QueueName=f"{name}-invoices")["QueueUrl"]
            attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
            self.queues[name] = attributes["Attributes"]["QueueArn"]
            sqs.set_queue_attributes(
                QueueUrl=url, Attributes={"Policy": _document(_sends(self.queues[name], name))}
            )
            self.s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=OPEN)
            self.s3.put_bucket_policy(Bucket=name, Policy=_document(_theirs(name)))
            self.s3.put_bucket_tagging(Bucket=name, Tagging=TAGS)
            self.s3.put_bucket_cors(Bucket=name, CORSConfiguration=CORS)
            self.s3.put_bucket_lifecycle_configuration(
                Bucket=name, LifecycleConfiguration=LIFECYCLE
            )
            self.s3.put_bucket_versioning(
                Bucket=name, VersioningConfiguration={"Status": "Enabled"}
            )
            self.announce(name)

    def remove(self) -> None:
        """Leave nothing to the tests after this one."""
        for name in self.queues:
            empty(self.s3, name)
            self.s3.delete_bucket(Bucket=name)
            sqs = self.server.client("sqs")
            sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=f"{name}-invoices")["QueueUrl"])

    def announce(self, name: str, **more: Any) -> None:
        """Have a bucket tell of invoices, as it did before."""
        rules = [{"Name": "prefix", "Value": "invoices/"}]
        theirs = {
            "Id": "invoices",
            "QueueArn": self.queues[name],
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": rules}},
        }
        self.s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"QueueConfigurations": [theirs]} | more
        )

    def look(self, name: str) -> dict[str, Any]:
        """Return all that is configured of a bucket."""
        s3, found = self.s3, {}
        for what in (
            *("policy", "notification_configuration", "lifecycle_configuration", "tagging"),
            *("cors", "versioning", "encryption", "ownership_controls", "logging", "acl"),
        ):
            try:
                answer = getattr(s3, f"get_bucket_{what}")(Bucket=name)
            except s3.exceptions.ClientError as error:
                answer = {"absent": error.response["Error"]["Code"]}
            answer.pop("ResponseMetadata", None)
            found[what] = answer
        found["block"] = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        return found


def _document(*statements: dict[str, Any]) -> str:
    # Spaces and the order of keys as nobody's program writes them, to be found again.
    return json.dumps({"Statement": list(statements), "Version": "2012-10-17"}, indent=3)


def _sends(queue: str, bucket: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}},
    }


def _theirs(bucket: str) -> dict[str, Any]:
    return {
        "Sid": "Theirs",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/secret/*",
    }


@pytest.fixture
def program(cli, server, sdks, tmp_path):
    """Make a stack of a program with five lines."""

    def make(**arguments: str) -> Foreign:
        tree = tmp_path / "tree"
        tree.mkdir()
        (tree / "Pulumi.yaml").write_text("name: shop-app\nruntime: python\n")
        given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        (tree / "__main__.py").write_text(PROGRAM.format(arguments=given, outputs=OUTPUTS))
        return Foreign(
            server=server, cli=cli, folder=tmp_path / "app", name="dev", tree=tree, sdks=sdks
        )

    return make


def test_five_lines_and_two_buckets_that_the_account_has(server, program, photo):
    owned = Owned(server, "shop-inbox", "shop-images")
    with program(source_bucket="shop-inbox", destination_bucket="arn:aws:s3:::shop-images") as live:
        unannounced = "sourceBucket names a bucket that does not send its events to EventBridge"
        with pytest.raises(Failed, match=unannounced):
            live.run("preview")
        owned.announce("shop-inbox", EventBridgeConfiguration={})
        before = {name: owned.look(name) for name in ("shop-inbox", "shop-images")}
        preview = live.run("preview")
        made = live.run("up")
        assert made.counts == preview.counts == {"create": made.counts["create"]}
        assert {name: owned.look(name) for name in before} == before

        # The owner lets readers read, as the output says.
        (readers,) = json.loads(made.outputs["destination_policy"])["Statement"]
        policy = _document(_theirs("shop-images"), readers)
        owned.s3.put_bucket_policy(Bucket="shop-images", Policy=policy)
        before["shop-images"] = owned.look("shop-images")

        owned.s3.upload_file(str(photo), "shop-inbox", "uploads/u1/a b+c%20.jpg")
        where = f"{made.outputs['delivery_url']}/u1/a%20b%2Bc%2520.jpg"
        wait_until(lambda: request("GET", f"{where}/manifest.json")[0] == 200, 60)
        manifest = json.loads(request("GET", f"{where}/manifest.json")[1])
        assert (manifest["status"], len(manifest["renditions"])) == ("ready", 5)
        for rendition in manifest["renditions"]:
            assert request("GET", rendition["url"])[0] == 200
        assert not changes(live.run("up"))

        owned.s3.delete_object(Bucket="shop-inbox", Key="uploads/u1/a b+c%20.jpg")
        wait_until(lambda: request("GET", f"{where}/manifest.json")[0] != 200, 60)
        assert "Contents" not in owned.s3.list_objects_v2(Bucket="shop-images", Prefix="u1/")

        assert not changes(live.run("refresh"))
        live.run("destroy")
        assert {name: owned.look(name) for name in before} == before
        assert left(server, "shop-", "sqs", "lambda", "iam", "logs", "cloudwatch") == [
            url for url in server.client("sqs").list_queues()["QueueUrls"] if "invoices" in url
        ]
        assert server.client("events").list_rules()["Rules"] == []
    owned.remove()
