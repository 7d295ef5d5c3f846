"""Settings changed on a live stack: what the real engine updates, replaces, creates and deletes.

``changes.json`` is the reviewed snapshot; ``RECORD=1 make engine`` writes it anew. Each step
changes one setting, from the value that the steps before have left.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from pipeline.settings import KEYS
from tests.engine.support import HOLDING_DATA, Changes, Stack, changes

SNAPSHOT: Final = Path(__file__).with_name("changes.json")

# Through all ordered pairs of the values: for three values a, b and c that is a b c a c b a.
RUNTIMES: Final = ["python3.13", "python3.12", "python3.14"]
UPLOADS: Final = ["public", "presigned", "private"]
ENCODERS: Final = ["current", "smaller", "v0.1"]
MONITORING: Final = ["lean", "full", "off"]
DUPLICATES: Final = ["off", "exact", "near"]
CLASSES: Final = ["PriceClass_All", "PriceClass_100", "PriceClass_200"]

RENDITIONS: Final = [
    {"name": "page", "width": 800, "height": 800, "fit": "inside", "formats": ["webp"]}
]

LAZY: Final = [
    *RENDITIONS,
    {"name": "poster", "width": 1600, "height": 1600, "formats": ["jpeg", "avif"], "lazy": True},
]

LATER: Final = [RENDITIONS[0] | {"formats": ["jpeg"], "lazyFormats": ["avif"]}]


def around(values: list[str]) -> list[str]:
    a, b, c = values
    return [a, b, c, a, c, b, a]


ACCOUNT: Final = "000000000000"
QUEUE_OF_LOOKS: Final = f"arn:aws:sqs:us-east-1:{ACCOUNT}:looks"
TOPIC: Final = f"arn:aws:sns:us-east-1:{ACCOUNT}:on-call"
KEY: Final = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
VPC: Final = {"subnets": ["subnet-0a1b2c3d"], "securityGroups": ["sg-0a1b2c3d"]}
SOURCE, DESTINATION = "gallery-originals", "gallery-images"
BOUNDARY: Final = "arn:aws:iam::aws:policy/SecurityAudit"

PUBLIC: Final[dict[str, list[Any]]] = {
    "architecture": ["arm64", "x86_64", "arm64"],
    "runtime": around(RUNTIMES),
    "quality": ["fast", "best", "fast"],
    "hdr": ["keep", "drop", "keep"],
    "encoders": around(ENCODERS),
    "nativeDecoder": [True, False, True],
    "duplicates": around(DUPLICATES),
    "publish": ["at-once", "held", "at-once"],
    "moderator": ["", QUEUE_OF_LOOKS, TOPIC, ""],
    "tracing": [False, True, False],
    "monitoring": around(MONITORING),
    "pollers": [None, {"min": 2, "max": 9}, {"min": 3, "max": 9}, None],
    "eventbridge": [False, True, False],
    "uploads": around(UPLOADS),
    "prefix+formerPrefixes": [
        ["uploads/", []],
        ["shop/in/", ["uploads/"]],
        ["shop/in/", []],
        ["uploads/", ["shop/in/"]],
        ["uploads/", []],
    ],
    "sourceBucket+uploads": [["", "public"], [SOURCE, "private"], ["", "public"]],
    "destinationBucket": ["", DESTINATION, ""],
    "memory": [1024, 1769],
    "timeout": [60, 90],
    "batchSize": [4, 2],
    "maxConcurrency": [0, 20, 0],
    "backfillConcurrency": [2, 5],
    "batchOperationsConcurrency": [0, 5, 9, 0],
    "maxUploadMb": [25, 10],
    "maxMegapixels": [0, 12],
    "logRetentionDays": [7, 14],
    "oldVersionDays": [30, 90, 30],
    "rejectedUploadDays": [0, 7, 14, 0],
    "storageClasses": [None, {"GLACIER_IR": 90}, {"STANDARD_IA": 30, "GLACIER_IR": 90}, None],
    "accessLog": [False, True, False],
    "background": ["#ffffff", "#000000"],
    "allowedOrigins": [["*"], ["https://app.example.com"]],
    "renditions": [None, RENDITIONS],
    "alarmEmail": ["", "on-call@example.com"],
    "monthlyBudgetUsd": [0, 20],
    "alarmEmail+monthlyBudgetUsd+alarmTopicArn": [["on-call@example.com", 20, ""], ["", 0, TOPIC]],
    "alarmTopicArn": [TOPIC, ""],
    "permissionsBoundary": ["", BOUNDARY, ""],
    "vpc": [None, VPC, None],
    "tags": [None, {"Team": "photos"}, None],
    "delivery": ["public", "cdn"],
}
"""By setting: the values that a stack with a public bucket takes, beginning with its own."""

AUTH: Final = [
    {"issuer": "https://login.example.com/", "audience": "photos"},
    {"issuer": "https://login.example.org/", "audience": "pictures"},
]

CDN: Final[dict[str, list[Any]]] = {
    "uploads": ["public", "presigned"],
    "auth": [None, *AUTH],
    "quotaPerHour": [0, 100, 200],
    "quotaBytesPerDay": [0, 10**9],
    "auth+quotaPerHour+quotaBytesPerDay": [[AUTH[1], 200, 10**9], [None, 0, 0]],
    "negotiate": [None, ["avif"], [], None],
    "renditions+viewConcurrency": [
        [RENDITIONS, 10],
        [LAZY, 10],
        [LAZY, 20],
        [RENDITIONS, 10],
    ],
    "renditions": [RENDITIONS, LATER, RENDITIONS],
    "encryption": ["s3", "kms", "s3"],
    "encryption+kmsKeyArn": [["s3", ""], ["kms", KEY], ["kms", ""], ["s3", ""]],
    "site": [False, True, False],
    "priceClass": around(CLASSES),
    "certificateArn+domain": [
        ["", ""],
        ["arn:aws:acm:us-east-1:000000000000:certificate/1", "photos.example.com"],
        ["", ""],
    ],
    "wafRequestsPerMinute": [0, 1000, 2000, 0],
    "delivery": ["cdn", "public"],
    "protect": [False, True, False],
}
"""The same, once it has the CDN."""


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each step's name, and the settings that it changes."""
    for values in (PUBLIC, CDN):
        for keys, taken in values.items():
            for before, after in pairwise(taken):
                names = keys.split("+")
                change = dict(zip(names, after, strict=True)) if len(names) > 1 else {keys: after}
                yield f"{keys}: {json.dumps(before)} to {json.dumps(after)}", change


@pytest.fixture(scope="module")
def seen(cli, server, tmp_path_factory) -> dict[str, Changes]:
    """Return the changes that each step made, by its name."""
    settings: dict[str, Any] = {}
    folder = tmp_path_factory.mktemp("changes")
    s3 = server.client("s3")
    for bucket in (SOURCE, DESTINATION):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_notification_configuration(
        Bucket=SOURCE, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    with Stack(server=server, cli=cli, folder=folder, name="dev") as stack:
        done = {"up": changes(stack.run("up"))}
        for name, change in steps():
            settings |= change
            stack.configure(**settings)
            done[name] = changes(stack.run("up"))
        assert not changes(stack.run("up"))
        stack.run("destroy")
    return done


def test_every_setting_is_changed():
    changed = {key for _name, change in steps() for key in change}
    assert changed | {"hostedZoneId"} == set(KEYS.values())


def test_what_changes_is_as_reviewed(seen):
    seen = {
        name: {kind: found for kind, found in asdict(done).items() if found}
        for name, done in seen.items()
    }
    if os.environ.get("RECORD"):
        SNAPSHOT.write_text(json.dumps(seen, indent=1) + "\n", encoding="utf-8")
    assert seen == json.loads(SNAPSHOT.read_text(encoding="utf-8"))


def test_nothing_that_holds_data_is_replaced(seen):
    replaced = {
        name: held
        for name, done in seen.items()
        if (held := [r for r in done.replace if r.startswith(HOLDING_DATA)])
    }
    assert replaced == {}
