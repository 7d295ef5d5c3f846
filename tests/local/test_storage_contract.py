"""One contract for a bucket and an index, in memory and on the embedded AWS.

Unit tests of everything else use the ones in memory, which are worth no more than this shows. The
same goes for the measurements that use the bench's stub of S3, which has no versions and no copies.
"""

import uuid
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection

import pytest

from bench.sandbox.stub_s3 import StubS3
from function.duplicates.index import Entry, Index
from function.engine.errors import Rejected
from function.storage.bucket import ABSENT, FOREVER, Bucket, Headers, Stored
from function.storage.errors import Conflict, Gone
from function.versions import ObjectVersion
from local import server as servers
from local.server import REGION, ROOT_KEY
from tests.support.memory import MemoryBucket, MemoryIndex

BUCKET, TABLE = "contract-bucket", "contract-table"
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
JPEG = Headers(content_type="image/jpeg", cache_control=FOREVER, sequencer="01")
JSON = Headers(content_type="application/json", cache_control="no-cache", sequencer="02")


class RealBucket(Bucket):
    """A bucket of the embedded AWS, and what others than the function do in it."""

    def __init__(self, s3) -> None:
        super().__init__(BUCKET)
        self.s3 = s3

    def upload(self, key, body):
        answer = self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return version(key, answer["VersionId"], answer["ETag"].strip('"'), len(body))

    def mark_deleted(self, key):
        return version(key, self.s3.delete_object(Bucket=BUCKET, Key=key)["VersionId"])

    def purge_latest(self, key):
        listed = self.s3.list_object_versions(Bucket=BUCKET, Prefix=key)
        found = [*listed.get("Versions", ()), *listed.get("DeleteMarkers", ())]
        (latest,) = [one["VersionId"] for one in found if one["IsLatest"]]
        self.s3.delete_object(Bucket=BUCKET, Key=key, VersionId=latest)
        return version(key, latest)


class StubBucket(Bucket):
    """A bucket of the bench's stub, to which others than the function upload."""

    def upload(self, key, body):
        self.put(key, body, JPEG)
        return version(key, "1")


def version(key, version_id, etag="", length=0) -> ObjectVersion:
    return ObjectVersion(key=key, version_id=version_id, etag=etag, sequencer="", bytes=length)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A bucket and an index of an embedded AWS."""
    server = servers.start(tmp_path_factory.mktemp("contract") / "state")
    s3, dynamodb = server.client("s3"), server.client("dynamodb")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[
            {"AttributeName": "bucket", "KeyType": "HASH"},
            {"AttributeName": "name", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("bucket", "name")
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.MonkeyPatch.context() as patch:
        reach(patch, server.endpoint)
        opened, connect = [], HTTPConnection.connect
        patch.setattr(HTTPConnection, "connect", lambda c: opened.append(c) or connect(c))
        yield RealBucket(s3), Index(TABLE)
    for connection in opened:  # which the function never closes, and pytest warns of
        connection.close()
    servers.stop(server.folder)


@pytest.fixture
def stub(monkeypatch):
    """A bucket of the bench's stub of S3."""
    server = StubS3(latency_ms=0)
    reach(monkeypatch, server.url)
    yield StubBucket(BUCKET)
    server.close()


def reach(patch, endpoint) -> None:
    """Have buckets and indexes that are opened find AWS at an endpoint."""
    variables = {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": REGION}
    for name, value in (variables | dict.fromkeys(KEYS, ROOT_KEY)).items():
        patch.setenv(name, value)


@pytest.fixture(params=["memory", "stub", "real"])
def store(request):
    """A bucket whose versions do not matter."""
    return one_of(request)


@pytest.fixture(params=["memory", "real"])
def bucket(request):
    return one_of(request)


def one_of(request):
    if request.param == "memory":
        return MemoryBucket()
    found = request.getfixturevalue(request.param)
    return found[0] if request.param == "real" else found


@pytest.fixture(params=["memory", "real"])
def index(request):
    return MemoryIndex() if request.param == "memory" else request.getfixturevalue("real")[1]


@pytest.fixture
def key():
    """A key for each test, with characters that URLs quote."""
    return f"uploads/{uuid.uuid4().hex}/my été #1+2?.jpg"


def test_what_was_put_is_read_with_its_entity_tag_and_sequencer(store, key):
    assert (store.read(key), store.sequencer(key), store.head(key)) == (None, None, None)
    etag = store.put(key, b"abc", JPEG)
    assert store.read(key) == (b"abc", etag)
    assert store.sequencer(key) == "01"
    assert store.head(key).bytes == 3


def test_what_was_put_is_got_with_all_that_is_known_of_it(store, key):
    assert store.get(key) is None
    etag = store.put(key, b"abc", JPEG)
    assert store.get(key) == Stored(body=b"abc", etag=etag, sequencer="01")


def test_the_entity_tag_of_a_head_has_no_quotes(store, key):
    store.upload(key, b"abc")
    assert store.head(key).etag == "900150983cd24fb0d6963f7d28e17f72"


def test_sequencers_of_many_keys_are_read_at_once(store, key):
    assert store.sequencers([]) == {}
    store.put(f"{key}1", b"a", JPEG)
    store.put(f"{key}2", b"b", JSON)
    expected = {f"{key}2": "02", f"{key}3": None, f"{key}1": "01"}
    assert store.sequencers(expected.keys()) == expected


def test_a_put_that_expects_an_object_replaces_that_one_only(store, key):
    with pytest.raises(Conflict):
        store.put(key, b"first", JPEG, expect='"0123456789abcdef0123456789abcdef"')
    first = store.put(key, b"first", JPEG, expect=ABSENT)
    with pytest.raises(Conflict):
        store.put(key, b"second", JSON, expect=ABSENT)
    second = store.put(key, b"second", JSON, expect=first)
    with pytest.raises(Conflict):
        store.put(key, b"third", JPEG, expect=first)
    assert (store.read(key), store.sequencer(key)) == ((b"second", second), "02")


def test_a_key_holds_its_latest_version_until_it_is_deleted(bucket, key):
    first = bucket.upload(key, b"first")
    assert bucket.head(key) == version(key, first.version_id, first.etag, 5)
    second = bucket.upload(key, b"second")
    assert bucket.head(key) == version(key, second.version_id, second.etag, 6)
    bucket.mark_deleted(key)
    assert (bucket.head(key), bucket.read(key)) == (None, None)


def test_a_version_that_is_removed_brings_back_the_one_before(bucket, key):
    first, second = bucket.upload(key, b"first"), bucket.upload(key, b"second")
    marker = bucket.mark_deleted(key)
    assert bucket.purge_latest(key).version_id == marker.version_id
    assert bucket.head(key).version_id == second.version_id
    assert bucket.purge_latest(key).version_id == second.version_id
    assert bucket.head(key).version_id == first.version_id
    assert bucket.purge_latest(key).version_id == first.version_id
    assert bucket.head(key) is None


def test_versions_are_there_until_they_are_removed(bucket, key):
    first, second = bucket.upload(key, b"first"), bucket.upload(key, b"second")
    bucket.mark_deleted(key)
    assert bucket.has_version(key, first.version_id)
    assert bucket.has_version(key, second.version_id)
    bucket.purge_latest(key)
    bucket.purge_latest(key)
    assert bucket.has_version(key, first.version_id)
    assert not bucket.has_version(key, second.version_id)


def test_a_version_is_fetched_whatever_came_after_it(bucket, key):
    first = bucket.upload(key, b"first")
    second = bucket.upload(key, b"second")
    assert bucket.fetch(key, version_id=first.version_id, max_bytes=9) == b"first"
    assert bucket.fetch(key, version_id=None, max_bytes=9) == b"second"
    bucket.mark_deleted(key)
    assert bucket.fetch(key, version_id=second.version_id, max_bytes=9) == b"second"
    with pytest.raises(Gone):
        bucket.fetch(key, version_id=None, max_bytes=9)


def test_an_object_that_is_missing_is_gone(store, key):
    with pytest.raises(Gone):
        store.fetch(key, version_id=None, max_bytes=9)
    store.upload(key, b"first")
    assert store.fetch(key, version_id=None, max_bytes=9) == b"first"
    store.delete([key])
    with pytest.raises(Gone):
        store.fetch(key, version_id=None, max_bytes=9)


def test_a_key_that_is_too_long_fails_and_is_not_missing(bucket):
    for request in (bucket.read, lambda key: bucket.put(key, b"1", JPEG)):
        with pytest.raises(Exception, match="KeyTooLongError"):
            request("é" * 512 + "e")
    assert bucket.read("é" * 512) is None


def test_a_version_that_is_missing_is_gone(bucket, key):
    bucket.upload(key, b"first")
    second = bucket.upload(key, b"second")
    bucket.purge_latest(key)
    with pytest.raises(Gone):
        bucket.fetch(key, version_id=second.version_id, max_bytes=9)


@pytest.mark.parametrize(("body", "code"), [(b"", "empty"), (b"1234567890", "too_many_bytes")])
def test_an_upload_of_another_length_is_rejected(store, key, body, code):
    uploaded = store.upload(key, body)
    with pytest.raises(Rejected) as rejection:
        store.fetch(key, version_id=uploaded.version_id, max_bytes=9)
    assert rejection.value.code == code


def test_a_copy_has_the_bytes_and_its_own_headers(bucket, key):
    bucket.put(key, b"abc", JPEG)
    assert bucket.copy(key, f"{key}2", JSON, made_from="01", length=3)
    assert bucket.read(f"{key}2")[0] == b"abc"
    assert (bucket.sequencer(key), bucket.sequencer(f"{key}2")) == ("01", "02")


@pytest.mark.parametrize(("sequencer", "length"), [("00", 3), ("01", 4)])
def test_a_source_that_was_replaced_or_is_gone_is_not_copied(bucket, key, sequencer, length):
    assert not bucket.copy(key, f"{key}2", JSON, made_from="01", length=3)
    bucket.put(key, b"abc", JPEG)
    assert not bucket.copy(key, f"{key}2", JSON, made_from=sequencer, length=length)
    bucket.delete([key])
    assert not bucket.copy(key, f"{key}2", JSON, made_from="01", length=3)
    assert bucket.read(f"{key}2") is None


def test_a_folder_lists_what_is_in_it_and_not_what_is_deeper(store, key):
    assert (store.list_folder(f"{key}/"), store.has_any(f"{key}/")) == ([], False)
    store.put(f"{key}/b", b"", JPEG)
    store.put(f"{key}/c/d", b"", JPEG)
    store.put(f"{key}/_a", b"", JPEG)
    store.put(f"{key}e", b"", JPEG)
    assert sorted(store.list_folder(f"{key}/")) == [f"{key}/_a", f"{key}/b"]
    assert store.has_any(f"{key}/") is True


def test_the_times_of_objects_are_told_in_order_of_their_keys(store, key):
    before = datetime.now(UTC) - timedelta(minutes=1)
    for name in ("b", "c/d", "a"):
        store.put(f"{key}/{name}", b"", JPEG)
    store.put(f"{key}e", b"", JPEG)
    found = store.times(f"{key}/", 1000)
    assert [path for path, _ in found] == [f"{key}/a", f"{key}/b", f"{key}/c/d"]
    assert all(before < at < datetime.now(UTC) + timedelta(minutes=1) for _, at in found)
    assert store.times(f"{key}nothing/", 1000) == []


def test_objects_are_deleted_whether_or_not_they_are_there(store, key):
    store.put(f"{key}1", b"a", JPEG)
    store.put(f"{key}2", b"b", JPEG)
    store.delete([])
    store.delete([f"{key}1", f"{key}3"])
    assert (store.read(f"{key}1"), store.read(f"{key}2")[0]) == (None, b"b")


def test_an_object_is_deleted_only_if_it_is_the_expected_one(bucket, key):
    first = bucket.put(key, b"first", JPEG)
    second = bucket.put(key, b"second", JPEG)
    with pytest.raises(Conflict):
        bucket.delete_if(key, first)
    bucket.delete_if(key, second)
    assert bucket.read(key) is None
    with pytest.raises(Conflict):
        bucket.delete_if(key, second)


def entry(bucket, name, since="2026-01-01T00:00:00.000Z", **changes) -> Entry:
    facts = {"perceptual_hash": "0123456789abcdef", "recipe": "01234567"} | changes
    return Entry(bucket=bucket, name=name, since=since, **facts)


def names(entries) -> list[tuple[str, str]]:
    return sorted((one.bucket, one.name) for one in entries)


def test_entries_are_found_by_their_buckets(index):
    a, b, c = (f"sha256#{uuid.uuid4().hex}" for _ in range(3))
    assert index.find([]) == index.find([a]) == []
    index.put([entry(a, "x"), entry(a, "y"), entry(b, "x"), entry(c, "z")])
    assert index.find([c]) == [entry(c, "z")]
    assert names(index.find([a, b])) == names([entry(a, "x"), entry(a, "y"), entry(b, "x")])


def test_an_entry_that_is_there_keeps_the_time_of_its_first_put(index):
    a = f"sha256#{uuid.uuid4().hex}"
    index.put([entry(a, "x", "2026-01-01")])
    index.put([entry(a, "x", "2026-01-02", perceptual_hash="f" * 16, recipe="new")])
    assert index.find([a]) == [entry(a, "x", "2026-01-01", perceptual_hash="f" * 16, recipe="new")]


def test_entries_are_deleted_whether_or_not_they_are_there(index):
    a = f"sha256#{uuid.uuid4().hex}"
    index.put([entry(a, "x"), entry(a, "y")])
    index.delete([(a, "x"), (a, "absent")])
    assert names(index.find([a])) == [(a, "y")]
    index.put([entry(a, "x", "2026-02-02")])
    assert names(index.find([a])) == [(a, "x"), (a, "y")]
