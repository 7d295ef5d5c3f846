"""The CDN's access log."""

from tests.infra.engine import ACCOUNT


def test_log_delivery_alone_writes_the_access_log_which_expires(prod):
    write = prod.one("BucketPolicy", "-cdn-log").statements()["AWSLogDeliveryWrite"]
    assert write["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert write["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT
    assert write["Resource"].endswith(f"/AWSLogs/{ACCOUNT}/*")
    rules = prod.one("BucketLifecycleConfiguration", "-cdn-log").inputs["rules"]
    assert rules[-1]["expiration"] == {"days": 90}
    assert prod.one("BucketPolicy", "-cdn-log").urn in prod.one("LogDelivery").dependencies


def test_log_delivery_finds_its_own_statement_and_appends_none(prod):
    """The statement that it looks for (CloudWatch Logs user guide, "Logs sent to Amazon S3")."""
    bucket = prod.one("Bucket", "-cdn-log").outputs["arn"]
    assert prod.one("BucketPolicy", "-cdn-log").statements()["AWSLogDeliveryWrite"] == {
        "Sid": "AWSLogDeliveryWrite",
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{bucket}/AWSLogs/{ACCOUNT}/*",
        "Condition": {
            "StringEquals": {
                "s3:x-amz-acl": "bucket-owner-full-control",
                "aws:SourceAccount": ACCOUNT,
            },
            "ArnLike": {"aws:SourceArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:delivery-source:*"},
        },
    }


def test_the_log_s_bucket_alone_is_deleted_with_what_it_holds(site):
    forced = {b.name for b in site.all("Bucket") if b.inputs.get("forceDestroy")}
    assert forced == {"image-pipeline-prod-cdn-log"}


def test_only_logs_are_deleted_with_what_they_hold(everything):
    forced = {b.name for b in everything.all("Bucket") if b.inputs.get("forceDestroy")}
    assert forced == {f"image-pipeline-prod-{part}-log" for part in ("cdn", "source")}
