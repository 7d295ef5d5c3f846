"""The source bucket's access log."""

from tests.infra.engine import ACCOUNT, evaluated


def test_only_a_stack_that_asks_for_it_has_one(program):
    assert program.all("BucketLogging") == []


def test_s3_alone_writes_it_and_only_for_this_bucket(everything):
    policy = everything.one("BucketPolicy", "-source-log")
    log, source = (
        everything.one("Bucket", part).outputs["arn"] for part in ("-source-log", "-source")
    )
    statements = policy.statements()
    assert set(statements) == {"DenyPlainHttp", "DenyOldTls", "ServerAccessLogs"}
    assert statements["ServerAccessLogs"] == {
        "Sid": "ServerAccessLogs",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{log}/*",
        "Condition": {
            "ArnLike": {"aws:SourceArn": source},
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
        },
    }
    assert policy.urn in everything.one("BucketLogging").dependencies


def test_a_day_s_requests_are_in_that_day_s_folder(everything):
    logging = everything.one("BucketLogging").inputs
    assert logging["bucket"] == everything.one("Bucket", "-source").outputs["bucket"]
    assert logging["targetBucket"] == everything.one("Bucket", "-source-log").outputs["bucket"]
    assert logging["targetPrefix"] == ""
    assert logging["targetObjectKeyFormat"] == {
        "partitionedPrefix": {"partitionDateSource": "EventTime"}
    }


def test_it_is_private_and_expires_with_the_other_logs():
    program = evaluated("dev", accessLog=True, logRetentionDays=14)
    rules = program.one("BucketLifecycleConfiguration", "-source-log").inputs["rules"]
    assert rules[-1]["expiration"] == {"days": 14}
    block = program.one("BucketPublicAccessBlock", "-source-log").inputs
    assert {block[name] for name in block if name != "bucket"} == {True}


def test_s3_s_own_keys_encrypt_it_because_s3_delivers_to_no_other(everything):
    found = everything.one("BucketServerSideEncryptionConfiguration", "-source-log")
    (rule,) = found.inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
