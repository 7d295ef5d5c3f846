"""How renditions with a gain map are compared with sharp's."""

import numpy as np
import pytest

from bench.maintain import hdr
from terminal import Failure, Misuse
from tests.support.uploads import UPLOADS


def test_white_is_where_bt_2408_has_it():
    """203 nits are 58 % of PQ (ITU-R BT.2408, table 1), 10,000 nits all of it, black nothing."""
    pixels = np.array([[[1.0] * 3, [10_000 / 203] * 3, [0.0] * 3, [-1.0] * 3]], np.float32)
    assert hdr.pq_luma(pixels)[0] == pytest.approx([0.581, 1, 0, 0], abs=0.001)


def test_the_same_picture_is_infinitely_close_and_an_error_of_a_hundredth_is_40_db():
    one = np.ones((4, 4, 3), np.float32)
    assert hdr.psnr(one, one) == float("inf")
    steps = np.linspace(1, 1.2, 2001, dtype=np.float32)
    shift = hdr.pq_luma(steps[:, None] * np.ones(3, np.float32)) - hdr.pq_luma(one)[0, 0]
    brighter = steps[int(np.argmin(np.abs(shift - 0.01)))]
    assert hdr.psnr(one, one * brighter) == pytest.approx(40, abs=0.1)


@pytest.mark.parametrize(
    ("psnr_db", "plain_psnr_db", "is_close"),
    [(40, 50, True), (39.9, 50, False), (36.5, 39, True), (35.9, 39, False)],
)
def test_a_rendition_is_as_close_as_its_picture(psnr_db, plain_psnr_db, is_close):
    figures = {"bytes_without": 1, "bytes_with": 1, "bytes_sharp": 1}
    row = hdr.Row(file="a", rendition="b", psnr_db=psnr_db, plain_psnr_db=plain_psnr_db, **figures)
    assert row.is_close is is_close


def test_without_a_file_it_says_so():
    with pytest.raises(Misuse, match="Name at least one"):
        hdr.hdr()


def test_a_picture_without_a_gain_map_fails(tmp_path, monkeypatch):
    path = tmp_path / "plain.jpg"
    path.write_bytes(UPLOADS["jpeg"][1])
    monkeypatch.setattr(hdr, "missing", dict)
    with pytest.raises(Failure, match=r"No gain map of .*plain\.jpg was kept"):
        hdr.hdr(path)
