"""The uploads that wait: which, how many, and for how long."""

import io
import itertools
import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from function.contract import MOST_HELD
from function.contract.keys import DECISIONS, HELD, held_key, look_key, version_digest
from ops import waiting
from ops.stack import Stack
from tests.support.aws_client import REGION, Refusal, aws_client, paged
from tests.support.ops import OUTPUTS

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def stack(pages, objects=None) -> Stack:
    """A stack whose destination lists these pages, and holds these objects as JSON."""

    def get(Bucket, Key):  # noqa: N803 (boto3's names)
        assert Bucket == OUTPUTS["destinationBucket"]
        found = (objects or {}).get(Key)
        return {"Body": io.BytesIO(json.dumps(found).encode())} if found else Refusal("NoSuchKey")

    def listed(**asked):
        assert (asked.pop("Bucket"), asked.pop("Prefix")) == (OUTPUTS["destinationBucket"], HELD)
        return paged(list(pages), "ContinuationToken", "NextContinuationToken", IsTruncated=True)(
            **asked
        )

    def client(service, **how):
        # That with a configuration signs URLs, and asks for nothing.
        return session.client(service, **how) if how else s3

    session = boto3.Session("test", "test", region_name=REGION)
    s3 = aws_client("s3", get_object=get, list_objects_v2=listed)
    return Stack(outputs=OUTPUTS, client=client)


def page(names, at=NOON, more=()):
    keys = [make(name, "1") for name in names for make in (look_key, held_key)]
    return {"Contents": [{"Key": key, "LastModified": at} for key in [*keys, *more]]}


def test_nothing_waits_in_a_new_stack():
    found = waiting.count(stack([{}]))
    assert (found.count, found.since, found.is_all) == (0, None, True)


def test_records_are_counted_and_the_oldest_is_told():
    later = NOON + timedelta(hours=1)
    strange = [f"{HELD}a/notes.txt", f"{HELD}a/_0.json", f"{DECISIONS}a/_0.json"]
    pages = [page(["a", "b"], later, strange), page(["c"]), page(["d"], later)]
    found = waiting.count(stack(pages))
    assert (found.count, found.since, found.is_all) == (4, NOON, True)


@pytest.mark.parametrize(("extra", "is_all", "asked"), [(0, True, 10), (1, False, 11)])
def test_no_more_than_ten_thousand_objects_are_looked_at(extra, is_all, asked):
    names = (f"{number:05}" for number in itertools.count())
    pages = [page(itertools.islice(names, 500)) for _ in range(MOST_HELD // 1000)]
    pages += [page(["z"])] * (2 * extra)
    requests = []

    def listed(**given):
        requests.append(given)
        return paged(pages, "ContinuationToken", "NextContinuationToken", IsTruncated=True)(**given)

    s3 = aws_client("s3", list_objects_v2=listed)
    found = waiting.count(Stack(outputs=OUTPUTS, client={"s3": s3}.__getitem__))
    assert (found.count, found.is_all, len(requests)) == (5000, is_all, asked)


def test_the_oldest_is_listed_first_with_a_url_for_five_minutes():
    def record(name, hour, **more):
        at = f"2026-01-01T{hour:02}:00:00Z"
        facts = {"length": 7, "width": 4, "height": 3, "format": "png", "looks_like_rejected": None}
        return {"key": f"uploads/{name}", "version_id": "1", "held_at": at, **facts, **more}

    like = {"key": "uploads/x", "version_id": "2", "distance": 3}
    objects = {
        held_key("a", "1"): record("a", 9, looks_like_rejected=like),
        held_key("b", "1"): record("b", 8),
    }
    clients = []
    found = stack([page(["a", "b", "gone"])], objects)

    def client(service, **how):
        clients.append((service, *how))
        return found.client(service, **how)

    first, second = waiting.find(Stack(outputs=OUTPUTS, client=client))
    # To read and to sign, and to list: a client of each record would take longer than all else.
    assert sorted(clients) == [("s3",), ("s3",), ("s3", "config")]
    assert (first.key, second.key) == ("uploads/b", "uploads/a")
    assert first.handle == f"uploads/b#{version_digest('1')}"
    assert (second.looks_like_rejected, first.looks_like_rejected) == (like, None)
    facts = (first.version_id, first.bytes, first.width, first.height, first.format)
    assert facts == ("1", 7, 4, 3, "png")
    assert look_key("b", "1") in first.look
    assert "X-Amz-Expires=300" in first.look
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in first.look
    waited = datetime.now(UTC) - datetime(2026, 1, 1, 8, tzinfo=UTC)
    assert first.age_seconds == pytest.approx(waited.total_seconds(), abs=5)


def test_what_was_held_by_a_clock_that_is_ahead_has_waited_for_nothing():
    at = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    facts = {"length": 7, "width": 4, "height": 3, "format": "png", "looks_like_rejected": None}
    record = {"key": "uploads/a", "version_id": "1", "held_at": at, **facts}
    (held,) = waiting.find(stack([page(["a"])], {held_key("a", "1"): record}))
    assert held.age_seconds == 0
