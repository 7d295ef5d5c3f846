"""A listing read side by side is the listing: whole, once, in order."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops import listing
from ops.listing import Listing, Span, spans

keys = st.sets(
    st.lists(st.sampled_from(["a", "b", "/", "-", ".", "é"]), min_size=1, max_size=5).map("".join)
)


class Bucket:
    """S3 as it lists keys, so many on a page."""

    def __init__(self, keys, page=3):
        self.keys, self.size, self.asked = sorted(keys), page, []

    def get_paginator(self, operation):
        assert operation == "list_objects_v2"
        return self

    def paginate(self, Bucket, Prefix, Delimiter, StartAfter):  # noqa: N803 (boto3's names)
        """Prefixes count as keys do, and one that keys behind ``StartAfter`` have is listed."""
        behind = (key for key in self.keys if key.startswith(Prefix) and key > StartAfter)
        entries = {}
        for key in behind:
            part, slash, _ = key[len(Prefix) :].partition(Delimiter)
            entries[Prefix + part + slash] = "CommonPrefixes" if slash else "Contents"
        found = sorted(entries)
        for start in range(0, max(1, len(found)), self.size):
            page = found[start : start + self.size]
            yield {
                "IsTruncated": start + self.size < len(found),
                "Contents": [{"Key": key} for key in page if entries[key] == "Contents"],
                "CommonPrefixes": [{"Prefix": key} for key in page if entries[key] != "Contents"],
            }

    def page(self, s3, bucket, prefix, after):
        assert (s3, bucket) == (self, "photos")
        self.asked.append((threading.get_ident(), after))
        behind = [key for key in self.keys if key.startswith(prefix) and key > after]
        page = behind[: self.size]
        return [(key, key) for key in page], page[-1] if len(behind) > self.size else None

    def listing(self, prefix=""):
        return Listing(s3=self, bucket="photos", prefix=prefix, page=self.page)


@settings(max_examples=60)
@given(keys, st.sampled_from(["", "a", "a/", "b/a"]), st.sampled_from(["", "a", "a/b", "a-"]))
def test_what_is_read_side_by_side_is_the_listing(keys, prefix, after):
    bucket = Bucket(keys)
    expected = [key for key in sorted(keys) if key.startswith(prefix) and key > after]
    assert list(bucket.listing(prefix).find(after)) == expected
    assert bucket.listing(prefix).count(after) == len(expected)


def test_spans_meet_and_cover_every_key():
    found = list(spans(Bucket([f"u{n}/{m}" for n in range(9) for m in "ab"]), "photos", ""))
    assert [span.after for span in found] == ["", *[span.until for span in found[:-1]]]
    assert found[-1].until is None
    assert len(found) == 10


def test_the_only_prefix_under_a_prefix_is_cut_further_down():
    found = list(spans(Bucket(["uploads/a/1", "uploads/b/1"]), "photos", ""))
    assert [span.until for span in found] == ["uploads/a/", "uploads/b/", None]


def test_a_page_of_many_prefixes_is_cut_as_often_as_there_are_workers_to_list():
    bucket = Bucket([f"u{n:04}/a" for n in range(1000)], page=1000)
    assert len(list(spans(bucket, "photos", ""))) == listing.LISTERS + 2


def test_spans_are_listed_at_one_time():
    """Each page waits until two are asked for, so one worker alone would never end."""
    both = threading.Barrier(2, timeout=20)
    bucket = Bucket(["a/1", "b/1"])

    def page(*given):
        if given[-1] in {"", "a/"}:
            both.wait()
        return bucket.page(*given)

    found = Listing(s3=bucket, bucket="photos", prefix="", page=page).find()
    assert list(found) == ["a/1", "b/1"]


def test_no_more_is_read_ahead_than_its_bound():
    bucket = Bucket([f"{n:03}" for n in range(300)], page=1)
    bucket.paginate = lambda **given: [{"IsTruncated": False}]
    found = bucket.listing().find()
    assert next(found) == "000"
    found.close()
    assert len(bucket.asked) <= 2 * listing.PAGES


def test_an_error_of_a_worker_is_raised_where_the_listing_is_read():
    def page(*given):
        raise OSError("no network")

    bucket = Bucket([])
    with pytest.raises(OSError, match="no network"):
        list(Listing(s3=bucket, bucket="photos", prefix="", page=page).find())


def test_a_span_begins_behind_its_first_key_and_ends_with_its_last():
    span = Span(after="a", until="c")
    assert [key for key in "abcd" if span.holds(key)] == ["b", "c"]
