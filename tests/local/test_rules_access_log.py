"""The source of an access log, over HTTP: whose requests are delivered, and to which bucket."""

import json

import pytest

from local.http import request
from tests.local.calling import answer, caller

BUCKET, LOG = "rules-logged", "rules-log"
ACCOUNT = "000000000000"
OBJECTS = f"arn:aws:s3:::{BUCKET}/*"


def allowed(source=f"arn:aws:s3:::{BUCKET}", account=ACCOUNT, service="logging.s3.amazonaws.com"):
    condition = {
        "ArnLike": {"aws:SourceArn": source},
        "StringEquals": {"aws:SourceAccount": account},
    }
    return {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{LOG}/*",
        "Condition": condition,
    }


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture(scope="module")
def s3(bare):
    s3 = bare.client("s3")
    for name in (BUCKET, LOG):
        s3.create_bucket(Bucket=name)
    s3.delete_public_access_block(Bucket=BUCKET)
    anyone = {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": OBJECTS}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=policy(anyone))
    return s3


@pytest.fixture
def log(s3):
    """Turn the log on, as the stack does, and return what was delivered since."""
    by_day = {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}

    def enable(target=LOG, *, statement=None, naming=by_day):
        s3.put_bucket_policy(Bucket=LOG, Policy=policy(statement or allowed()))
        enabled = {"TargetBucket": target, "TargetPrefix": "", "TargetObjectKeyFormat": naming}
        status = {"LoggingEnabled": enabled}
        return answer(s3.put_bucket_logging, Bucket=BUCKET, BucketLoggingStatus=status)

    def read():
        found = s3.list_objects_v2(Bucket=LOG).get("Contents", [])
        body = [s3.get_object(Bucket=LOG, Key=o["Key"])["Body"].read().decode() for o in found]
        return [o["Key"] for o in found], "".join(body).splitlines()

    enable.read = read
    yield enable
    s3.put_bucket_logging(Bucket=BUCKET, BucketLoggingStatus={})
    for key in read()[0]:
        s3.delete_object(Bucket=LOG, Key=key)


def test_a_record_says_who_wrote_what(bare, s3, log):
    assert log() == (200, "")
    user = caller(bare, "s3", ("s3:PutObject", OBJECTS))
    user.put_object(Bucket=BUCKET, Key="uploads/a b.jpg", Body=b"xyz")
    keys, (line,) = log.read()
    (key,) = keys
    assert key.startswith(f"{ACCOUNT}/us-east-1/{BUCKET}/20")
    assert key.rpartition("/")[2].split("-")[3:6] == ["00", "00", "00"]
    owner, bucket, _time, _zone, address, requester, _id, *rest = line.split(" ")
    assert (len(owner), bucket, address) == (64, BUCKET, "127.0.0.1")
    assert requester.startswith(f"arn:aws:iam::{ACCOUNT}:user/user-")
    assert rest[:2] == ["REST.PUT.OBJECT", "uploads/a%20b.jpg"]
    assert rest[5:7] == ["200", "-"]
    assert rest[8] == "3"
    assert "SigV4 - AuthHeader" in line


def test_each_key_of_a_batch_deletion_has_a_record(s3, log):
    log()
    objects = [{"Key": key, "VersionId": "null"} for key in ("uploads/a b.jpg", "uploads/c.jpg")]
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": objects, "Quiet": True})
    _keys, lines = log.read()
    fields = [line.split(" ") for line in lines]
    assert sorted(f[7:11] for f in fields) == [
        ["BATCH.DELETE.OBJECT", "uploads/a%20b.jpg", "-", "204"],
        ["BATCH.DELETE.OBJECT", "uploads/c.jpg", "-", "204"],
    ]


def test_whoever_signs_nothing_has_an_address_alone(bare, s3, log):
    log()
    assert request("PUT", f"{bare.endpoint}/{BUCKET}/uploads/a.jpg", b"x")[0] == 200
    assert request("GET", f"{bare.endpoint}/{BUCKET}/uploads/a.jpg")[0] == 403
    _keys, lines = log.read()
    fields = [line.split(" ") for line in lines]
    assert {f[5] for f in fields} == {"-"}
    assert sorted(f[7] for f in fields) == ["REST.GET.OBJECT", "REST.PUT.OBJECT"]
    assert sorted((f[12], f[13]) for f in fields) == [("200", "-"), ("403", "AccessDenied")]


@pytest.mark.parametrize(
    "statement",
    [
        allowed(source="arn:aws:s3:::another"),
        allowed(account="111111111111"),
        allowed(service="delivery.logs.amazonaws.com"),
        allowed() | {"Resource": f"arn:aws:s3:::{LOG}/logs/*"},
        allowed() | {"Effect": "Deny"},
    ],
)
def test_nothing_is_delivered_that_the_log_s_policy_does_not_allow(s3, log, statement):
    log(statement=statement)
    s3.put_object(Bucket=BUCKET, Key="uploads/a.jpg", Body=b"x")
    assert log.read() == ([], [])


def test_nothing_is_delivered_into_a_bucket_that_a_kms_key_encrypts(s3, log):
    log()
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    configuration = {"Rules": [rule]}
    s3.put_bucket_encryption(Bucket=LOG, ServerSideEncryptionConfiguration=configuration)
    s3.put_object(Bucket=BUCKET, Key="uploads/a.jpg", Body=b"x")
    assert log.read() == ([], [])
    s3.delete_bucket_encryption(Bucket=LOG)
    s3.put_object(Bucket=BUCKET, Key="uploads/a.jpg", Body=b"x")
    assert len(log.read()[1]) == 1


def test_a_log_needs_a_bucket_of_the_account(log):
    assert log("rules-no-such-log") == (400, "InvalidTargetBucketForLogging")


def test_a_bucket_whose_log_is_off_has_no_records(s3, log):
    log()
    s3.put_bucket_logging(Bucket=BUCKET, BucketLoggingStatus={})
    s3.put_object(Bucket=BUCKET, Key="uploads/a.jpg", Body=b"x")
    assert log.read() == ([], [])


def test_a_simple_prefix_has_no_folders(s3, log):
    log(naming={"SimplePrefix": {}})
    s3.put_object(Bucket=BUCKET, Key="uploads/a.jpg", Body=b"x")
    assert ["/" in key for key in log.read()[0]] == [False]
