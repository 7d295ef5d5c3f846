"""The doctor warns of uploads that lack a file which the function makes today."""

import json

import pytest

from ops.rendered import PAGES, renditions
from ops.stack import Stack

MADE = [
    {"name": "large", "width": 9, "height": 9, "formats": ["jpeg", "avif"]},
    {"name": "thumb", "width": 5, "height": 5, "formats": ["jpeg"]},
]
OLD = ["large.jpg", "large.webp", "manifest.json", "thumb.jpg", "thumb.webp"]
NEW = ["large.avif", "large.jpg", "manifest.json", "thumb.jpg"]


class Aws:
    """S3 that lists pages of keys, and Lambda that tells the function's variables."""

    def __init__(self, pages, made):
        self.pages, self.variables, self.listed = pages, {"RENDITIONS": json.dumps(made)}, 0

    def __call__(self, service):
        assert service in {"s3", "lambda"}
        return self

    def get_function_configuration(self, FunctionName):  # noqa: N803 (boto3's names)
        assert FunctionName == "resizer"
        return {"Environment": {"Variables": self.variables}}

    def get_paginator(self, operation):
        assert operation == "list_objects_v2"
        return self

    def paginate(self, Bucket):  # noqa: N803 (boto3's names)
        assert Bucket == "destination"
        for number, page in enumerate(self.pages, 1):
            self.listed += 1
            yield {"Contents": [{"Key": k} for k in page], "IsTruncated": number < len(self.pages)}


def found(*pages, made=MADE):
    aws = Aws(pages, made)
    stack = Stack(
        outputs={"functionName": "resizer", "destinationBucket": "destination"}, client=aws
    )
    return renditions(stack), aws


def keys(upload, files):
    return [f"{upload}/{file}" for file in files]


def test_uploads_that_have_every_file_are_well():
    finding, _ = found([*keys("u/a.jpg", NEW), *keys("u/b.jpg", NEW)])
    assert (finding.level, finding.detail) == ("ok", "2 uploads looked at, none lacks a file")


def test_a_lazy_rendition_is_not_missing_before_its_first_view():
    lazy = {"name": "poster", "width": 5, "height": 5, "formats": ["jpeg"], "lazy": True}
    uploads = [*keys("u/a.jpg", NEW), *keys("u/b.jpg", [*NEW, "poster.jpg"])]
    finding, _ = found(uploads, made=[*MADE, lazy])
    assert (finding.level, finding.detail) == ("ok", "2 uploads looked at, none lacks a file")


def test_a_lazy_format_is_not_missing_before_it_is_made():
    later = [made | {"lazyFormats": ["webp"]} for made in MADE]
    finding, _ = found(keys("u/a.jpg", NEW), made=later)
    assert (finding.level, finding.detail) == ("ok", "1 upload looked at, none lacks a file")


def test_an_upload_of_before_a_format_was_added_is_named_with_what_it_lacks():
    finding, _ = found([*keys("u/a.jpg", NEW), *keys("u/b.jpg", OLD), *keys("u/c.jpg", OLD)])
    assert finding.level == "warn"
    assert finding.detail == (
        "2 of 3 uploads looked at lack files that are made today, e.g. u/b.jpg large.avif"
    )
    assert "ops backfill" in finding.fix
    assert "`negotiate`" in finding.fix


def test_more_files_than_are_made_are_well():
    assert found(keys("u/a.jpg", OLD), made=[MADE[1]])[0].level == "ok"


@pytest.mark.parametrize("files", [["manifest.json"], ["large.jpg"], []])
def test_rejected_uploads_and_those_without_a_manifest_do_not_count(files):
    finding, _ = found([*keys("u/a.jpg", files), *keys("u/b.jpg", NEW)])
    assert finding.detail == "1 upload looked at, none lacks a file"


def test_an_upload_that_two_pages_share_counts_once_and_whole():
    both = [*keys("u/a.jpg", NEW), *keys("u/b.jpg", NEW)]
    for cut in range(1, len(both)):
        finding, _ = found(both[:cut], both[cut:])
        assert finding.detail == "2 uploads looked at, none lacks a file", cut


def test_the_upload_at_the_end_of_what_is_looked_at_does_not_count():
    pages = [keys(f"u/{number}.jpg", NEW) for number in range(PAGES)]
    pages[-1] += ["u/x.jpg/large.jpg", "u/x.jpg/manifest.json"]
    finding, aws = found(*pages, keys("u/y.jpg", OLD))
    assert finding.detail == f"{PAGES} uploads looked at, none lacks a file"
    assert aws.listed == PAGES


def test_an_upload_among_whose_files_another_one_is_listed_does_not_count_unless_it_is_whole():
    pages = [keys(f"n/{number}.jpg", NEW) for number in range(PAGES)]
    inner = keys("u/mb.jpg", NEW)
    pages[-1] += ["u/large.avif", "u/large.jpg", "u/manifest.json", *inner]
    finding, _ = found(*pages, ["u/thumb.jpg"])
    assert finding.detail == f"{PAGES + 1} uploads looked at, none lacks a file"


def test_that_rejected_uploads_alone_were_looked_at_is_told():
    """A stranger could put so many of them before all others."""
    pages = [keys(f"n/{number}.jpg", ["manifest.json"]) for number in range(PAGES)]
    finding, _ = found(*pages, keys("u/a.jpg", OLD))
    assert finding.level == "warn"
    assert finding.detail == f"none of the first {PAGES} objects is of an upload with renditions"


def test_an_empty_bucket_is_well():
    assert found([])[0].detail == "0 uploads looked at, none lacks a file"


def test_a_function_without_renditions_is_told():
    finding, _ = found(keys("u/a.jpg", NEW), made=[])
    assert (finding.level, finding.detail) == ("warn", "the function has no setting RENDITIONS")
