"""Uploads that are gone, found by merging two listings in S3's order."""

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from function.contract.keys import manifest_key
from ops import gone
from ops.backfill import Existing
from ops.stack import Stack
from tests.support.aws_client import Refusal, aws_client
from tests.support.ops import OUTPUTS

PARTS = ["a", "b", "!", "-1", ".jpg", "/", "/b", "/manifest", "/manifest.json", "/x", "é", "😀"]
"""Characters around the slash, longer ones than ASCII, and what looks like a manifest's key."""

names = st.lists(st.sampled_from(PARTS), min_size=1, max_size=6).map("".join)
names |= st.text([chr(code) for code in range(ord("!"), ord("/") + 1)] + ["a"], min_size=1)
names |= st.sampled_from(["a", "a-1", "a.jpg", "a/b", "a/manifest", "a/manifest.json/x"])


def listed(keys):
    """The keys in S3's order: that of their UTF-8."""
    return sorted(keys, key=str.encode)


@given(st.sets(names, max_size=40))
def test_manifest_keys_come_in_the_order_in_which_s3_lists_them(uploads):
    found = list(gone.in_manifest_order(listed(uploads)))
    assert found == listed(map(manifest_key, uploads))


@given(st.sets(names, max_size=40), st.sets(names, max_size=40), st.randoms())
def test_the_merge_finds_what_the_difference_of_the_sets_has(uploads, processed, random):
    processed |= {name for name in uploads if random.random() < 0.7}
    written = {f"{name}/{file}" for name in processed for file in ("manifest.json", "thumb.jpg")}
    manifests = listed(key for key in written if key.endswith("/manifest.json"))
    names = [key.removesuffix("/manifest.json") for key in manifests]
    found = list(gone.without_upload(manifests, listed(uploads)))
    assert found == [name for name in names if name not in uploads]


@given(st.sets(names, max_size=40))
def test_no_name_is_held_except_those_that_the_one_last_read_starts_with(uploads):
    read, given_back = [], 0

    def reading():
        for name in listed(uploads):
            if read:
                held = listed(map(manifest_key, read))[given_back:]
                starts = [earlier for earlier in read if read[-1].startswith(earlier)]
                assert set(held) <= set(map(manifest_key, starts))
            read.append(name)
            yield name

    for _key in gone.in_manifest_order(reading()):
        given_back += 1
    assert given_back == len(uploads)


class Buckets:
    """The two buckets, as S3 lists them and answers a HEAD.

    ``late`` are uploads that came after the listing.
    """

    def __init__(self, uploads, written, late=(), code="404"):
        self.keys = {"photos": uploads, "x": [manifest_key(name) for name in written]}
        self.there = {*uploads, *late}
        self.asked, self.code = [], code

    def list(self, Bucket, Prefix, StartAfter="", Delimiter=""):  # noqa: N803 (boto3's names)
        keys = [key for key in listed(self.keys[Bucket]) if key.startswith(Prefix)]
        if Delimiter:
            return {"IsTruncated": False}
        contents = [{"Key": key} for key in keys if key > StartAfter]
        return {"IsTruncated": False, "Contents": contents}

    def head(self, Bucket, Key):  # noqa: N803
        assert Bucket == "photos"
        self.asked.append(Key)
        return {} if Key in self.there else Refusal(self.code, 404)

    def find(self, prefix="uploads/", after=""):
        client = aws_client("s3", list_objects_v2=self.list, head_object=self.head)
        stack = Stack(outputs=OUTPUTS, client=lambda service: client)
        return [upload.key for upload in gone.find(stack, prefix, after)]


def test_only_what_no_listing_has_is_asked_for():
    buckets = Buckets(["uploads/a", "uploads/a-1"], ["a", "a-1", "a.jpg", "b"])
    assert buckets.find() == ["uploads/a.jpg", "uploads/b"]
    assert buckets.asked == ["uploads/a.jpg", "uploads/b"]


def test_an_upload_that_came_after_the_listing_is_not_gone():
    assert Buckets([], ["a", "b"], late=["uploads/a"]).find() == ["uploads/b"]


@pytest.mark.parametrize("prefix", ["uploads/u/", "uploads/u/m"])
def test_the_manifest_beside_a_prefix_is_of_an_upload_outside_it(prefix):
    assert Buckets([], ["u", "u/m"]).find(prefix) == ["uploads/u/m"]


def test_a_run_goes_on_behind_the_last_upload_in_the_order_of_manifests():
    written = ["a", "a-1", "a/b", "b"]  # their manifests: a-1, a/b, a, b
    buckets = Buckets(["uploads/b"], written)
    assert buckets.find() == ["uploads/a-1", "uploads/a/b", "uploads/a"]
    assert buckets.find(after="uploads/a-1") == ["uploads/a/b", "uploads/a"]
    assert buckets.find(after="uploads/a/b") == ["uploads/a"]


def test_an_upload_that_s3_lists_before_the_last_one_is_not_gone():
    buckets = Buckets(["uploads/a"], ["a", "a-1"])
    assert buckets.find(after="uploads/a-1") == []
    assert buckets.asked == ["uploads/a"]


@pytest.mark.parametrize("code", ["404", "NoSuchKey"])
def test_what_s3_does_not_find_is_gone_and_has_no_version(code):
    buckets = Buckets([], ["a"], code=code)
    client = aws_client("s3", list_objects_v2=buckets.list, head_object=buckets.head)
    found = list(gone.find(Stack(outputs=OUTPUTS, client=lambda service: client), "uploads/"))
    assert found == [Existing(key="uploads/a", version_id=None, etag="", size=0)]


def test_any_other_refusal_stops_the_run():
    client = aws_client(
        "s3",
        list_objects_v2=Buckets([], ["a"]).list,
        head_object=Refusal("403", 403),
    )
    with pytest.raises(ClientError):
        next(gone.find(Stack(outputs=OUTPUTS, client=lambda service: client), "uploads/"))
