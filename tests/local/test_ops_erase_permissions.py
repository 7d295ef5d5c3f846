"""An operator may erase with the permissions that docs/erase.md states, and with none fewer."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from ops import erase_command, queued, redrive
from ops import stack as stacks
from ops.__main__ import main
from ops.stack import Stack
from tests.local.calling import answer
from tests.local.defaults import DEFAULTS
from tests.support.issuer import AUDIENCE, Issuer
from tests.support.waiting import wait_until

PAGE = Path(__file__).parents[2] / "docs" / "erase.md"
KEY = "uploads/u1/beach.jpg"


@pytest.fixture(scope="module")
def server(served, tmp_path_factory):
    issuer = Issuer()
    settings = {
        "image-pipeline:uploads": "presigned",
        "image-pipeline:delivery": "cdn",
        "image-pipeline:encryption": "kms",
        "image-pipeline:duplicates": "exact",
        "image-pipeline:auth": {"issuer": issuer.url, "audience": AUDIENCE},
        "image-pipeline:quotaPerHour": 5,
        "image-pipeline:batchOperationsConcurrency": 2,
        "image-pipeline:renditions": [
            {
                "name": "small",
                "width": 40,
                "height": 40,
                "formats": ["jpeg"],
                "lazyFormats": ["avif"],
            }
        ],
    }
    with served(tmp_path_factory.mktemp("may-erase"), DEFAULTS | settings, "dev") as server:
        yield server
    issuer.stop()


@pytest.fixture(scope="module")
def statements(server) -> list[dict[str, Any]]:
    """Those of the page, with this stack's names in place of what is in angle brackets."""
    (text,) = re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    tables = server.client("dynamodb").list_tables()["TableNames"]
    (index,) = [table for table in tables if "-quotas" not in table]
    names = {
        **server.outputs,
        "region": "us-east-1",
        "account": "000000000000",
        "queue of new uploads": server.outputs["queueUrl"].rpartition("/")[2],
        "queue of backfills": server.outputs["backfillQueueUrl"].rpartition("/")[2],
        "queue of lazy formats": server.outputs["formatQueueUrl"].rpartition("/")[2],
        "dead-letter queue": server.outputs["deadLetterQueueUrl"].rpartition("/")[2],
        "index of duplicates": index,
    }
    filled = re.sub("<([^>]+)>", lambda found: names[found[1]], text)
    return json.loads(filled)["Statement"]


@pytest.fixture(scope="module")
def operator(server):
    """A user whose one policy may be replaced; a client maker of theirs."""
    iam = server.client("iam")
    iam.create_user(UserName="eraser")
    key = iam.create_access_key(UserName="eraser")["AccessKey"]

    def allow(statements):
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName="eraser", PolicyName="only", PolicyDocument=document)
        return partial(server.client, key=key["AccessKeyId"], secret=key["SecretAccessKey"])

    return allow


@pytest.fixture
def erase(server, operator, monkeypatch):
    """Erases as a user with these statements; returns the exit code."""
    monkeypatch.setattr(erase_command, "_wait", lambda _seconds: None)
    monkeypatch.setattr(queued, "MORE", 10)
    # Letters that a denied command could not give back are waited for.
    monkeypatch.setattr(redrive, "HIDE_SECONDS", 2)
    monkeypatch.setattr(redrive, "WAIT_SECONDS", 0)

    def call(statements, *arguments: str) -> int:
        stack = Stack(outputs=server.outputs, client=operator(statements))
        monkeypatch.setattr(stacks, "connect", lambda _name: stack)
        return main(["erase", *arguments, "--yes", "--stack", "dev"])

    return call


def fill(server) -> None:
    """Put something into every place that is cleared."""
    s3, sqs, dynamodb = (server.client(name) for name in ("s3", "sqs", "dynamodb"))
    outputs = server.outputs
    source = outputs["sourceBucket"]
    s3.put_object(Bucket=outputs["destinationBucket"], Key="u1/beach.jpg/thumb.jpg", Body=b"x")
    for _version in range(2):
        s3.put_object(Bucket=source, Key=KEY, Body=b"no image")
    s3.create_multipart_upload(Bucket=source, Key=KEY)
    record = {"s3": {"object": {"key": KEY}}}
    other = {"s3": {"object": {"key": "uploads/u2/a.jpg"}}}
    for queue in ("deadLetterQueueUrl", "backfillQueueUrl"):
        for records in ([record], [other], [record, other]):
            body = json.dumps({"Records": records})
            sqs.send_message(QueueUrl=outputs[queue], MessageBody=body)
    for table in dynamodb.list_tables()["TableNames"]:
        item = {"bucket": "sha256#1", "name": "u1/beach.jpg"}
        if "-quotas" in table:
            item = {"user": "u1", "day": "2026-11-27"}
        dynamodb.put_item(TableName=table, Item={k: {"S": v} for k, v in item.items()})


def actions(statement) -> list[str]:
    found = statement["Action"]
    return found if isinstance(found, list) else [found]


def test_the_stated_permissions_suffice(server, statements, erase):
    fill(server)
    assert erase(statements, "--user", "u1") == 0


def test_each_stated_permission_is_needed(server, statements, erase, capsys):
    unneeded = []
    for number, statement in enumerate(statements):
        for action in actions(statement):
            fill(server)
            fewer = [a for a in actions(statement) if a != action]
            rest = [statement | {"Action": fewer}] if fewer else []
            if erase([*statements[:number], *rest, *statements[number + 1 :]], "--user", "u1") != 1:
                unneeded.append(action)
            told = capsys.readouterr().err
            assert "Traceback" not in told
    assert unneeded == []
    wait_until(lambda: erase(statements, "--user", "u1") == 0)


def test_nothing_else_is_allowed(server, statements, operator):
    client, outputs = operator(statements), server.outputs
    source, destination = outputs["sourceBucket"], outputs["destinationBucket"]
    server.client("s3").put_object(Bucket=source, Key="uploads/denied.jpg", Body=b"x")
    s3, dynamodb = client("s3"), client("dynamodb")
    table = outputs["quotaTable"]
    denied = [
        answer(s3.get_object, Bucket=source, Key="uploads/denied.jpg"),
        answer(s3.put_object, Bucket=source, Key="uploads/denied.jpg", Body=b"x"),
        answer(s3.put_object, Bucket=destination, Key="a/manifest.json", Body=b"x"),
        answer(s3.delete_object, Bucket=source, Key="batch-operations/a", VersionId="null"),
        answer(s3.put_bucket_policy, Bucket=source, Policy="{}"),
        answer(dynamodb.scan, TableName=table),
        answer(dynamodb.delete_table, TableName=table),
        answer(client("sqs").purge_queue, QueueUrl=outputs["queueUrl"]),
        answer(client("lambda").invoke, FunctionName=outputs["functionName"]),
        answer(client("logs").filter_log_events, logGroupName=outputs["logGroup"]),
        answer(client("cloudfront").get_distribution, Id=outputs["distributionId"]),
    ]
    assert {status for status, _code in denied} <= {400, 403}
    assert all("AccessDenied" in code or code == "AccessDeniedException" for _s, code in denied)
