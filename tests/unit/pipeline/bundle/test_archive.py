"""The zip: equal bytes from equal files, readable by Lambda, and not too large."""

import os
import zipfile

import pytest

from pipeline.bundle import BundleError, build
from pipeline.bundle.archive import pack
from tests.support.tiny_wheel import ARM, THIS


def test_entries_are_sorted_readable_by_lambda_and_without_times(source, cache):
    with zipfile.ZipFile(build(THIS, source=source, cache=cache).path) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}


def test_a_bundle_above_the_limit_is_refused():
    with pytest.raises(BundleError, match=r"is 30\.\d MB zipped and may be 30 MB"):
        pack({"noise.bin": os.urandom(30_000_001)}, ARM)
