import gzip
import json

import pytest

from ops import inventory
from ops.backfill import Existing
from terminal import Failure
from tests.support.ops import BEACH, STACK


@pytest.fixture
def report(tmp_path):
    """An inventory of every kind of row, and what changes its manifest."""
    rows = [
        '"photos","uploads/u1/my+beach%2B%C3%A9t%C3%A9.jpg","v1","true","false","7","e1"',
        '"photos","uploads/u1/my+beach%2B%C3%A9t%C3%A9.jpg","v0","false","false","6","e0"',
        '"photos","uploads/u1/gone.jpg","v3","true","true","",""',
        '"photos","other/a.jpg","v4","true","false","1","e4"',
        '"photos","uploads/u2/b.jpg","v5","true","false","2","e5"',
    ]
    (tmp_path / "data.csv.gz").write_bytes(gzip.compress("\n".join(rows).encode()))

    def write(**changes) -> str:
        manifest = {
            "sourceBucket": "photos",
            "destinationBucket": "arn:aws:s3:::reports",
            "fileFormat": "CSV",
            "fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, ETag",
            "files": [{"key": "photos/all/data/data.csv.gz", "size": 1, "MD5checksum": "x"}],
        }
        path = tmp_path / "manifest.json"
        path.write_text(json.dumps(manifest | changes))
        return str(path)

    return write


def keys(where: str, **options) -> list[str]:
    found = inventory.find(STACK, inventory.read_manifest(STACK, where), ("uploads/",), **options)
    return [upload.key for upload in found]


def test_an_inventory_gives_the_newest_versions_of_uploads(report):
    found = inventory.find(STACK, inventory.read_manifest(STACK, report()), ("uploads/",))
    second = Existing(key="uploads/u2/b.jpg", version_id="v5", etag="e5", size=2)
    assert list(found) == [BEACH, second]


def test_an_inventory_goes_on_after_what_was_sent(report):
    assert keys(report(), skip=1) == ["uploads/u2/b.jpg"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"fileFormat": "ORC"}, "report in ORC"),
        ({"sourceBucket": "cats"}, "lists cats, not photos"),
        ({"fileSchema": "Bucket, Key"}, "lacks the column Size"),
        ({"files": 1}, "no manifest of S3 Inventory"),
    ],
)
def test_an_inventory_that_does_not_fit_is_one_sentence(report, changes, sentence):
    with pytest.raises(Failure, match=sentence):
        keys(report(**changes))


def test_a_damaged_inventory_is_one_sentence(report, tmp_path):
    where = report()
    (tmp_path / "data.csv.gz").write_bytes(gzip.compress(b"x" * 100)[:-9])
    with pytest.raises(Failure, match="is damaged"):
        keys(where)


def test_an_upload_without_a_size_is_one_sentence(report, tmp_path):
    where = report()
    row = b'"photos","uploads/u1/a.jpg","v1","true","false","","e1"'
    (tmp_path / "data.csv.gz").write_bytes(gzip.compress(row))
    with pytest.raises(Failure, match=r"has no valid size of uploads/u1/a\.jpg, got ''; fetch"):
        keys(where)


def test_no_inventory_is_one_sentence(tmp_path):
    with pytest.raises(Failure, match="cannot be read"):
        keys(str(tmp_path / "manifest.json"))
