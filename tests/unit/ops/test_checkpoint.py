import pytest

from ops import checkpoint
from ops.checkpoint import Checkpoint
from terminal import Failure


def test_a_checkpoint_is_read_as_written(tmp_path):
    path = tmp_path / "new folder" / "state"
    assert checkpoint.read(path, "photos uploads/") == Checkpoint(of="photos uploads/")
    place = Checkpoint(of="photos uploads/", sent=20, key="uploads/é")
    checkpoint.write(path, place)
    assert checkpoint.read(path, "photos uploads/") == place
    assert list(path.parent.iterdir()) == [path]


def test_a_checkpoint_of_another_backfill_is_refused(tmp_path):
    checkpoint.write(tmp_path / "state", Checkpoint(of="photos uploads/u1/", sent=20, key="z"))
    with pytest.raises(Failure, match="another backfill"):
        checkpoint.read(tmp_path / "state", "photos uploads/u2/")


@pytest.mark.parametrize("text", ["uploads/u1/beach.jpg", "[1]", '{"far": 1}'])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path, text):
    (tmp_path / "state").write_text(text)
    with pytest.raises(Failure, match="not a backfill's state"):
        checkpoint.read(tmp_path / "state", "photos uploads/")


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path):
    with pytest.raises(Failure, match=f"{tmp_path} cannot be read: Is a directory"):
        checkpoint.read(tmp_path, "photos uploads/")
    (tmp_path / "file").write_text("")
    with pytest.raises(Failure, match="cannot be read: Not a directory"):
        checkpoint.read(tmp_path / "file" / "state", "photos uploads/")


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path):
    with pytest.raises(Failure, match="cannot be written: Is a directory"):
        checkpoint.write(tmp_path, Checkpoint(of="all"))
    (tmp_path / "file").touch()
    with pytest.raises(Failure, match="cannot be written: File exists"):
        checkpoint.write(tmp_path / "file" / "state", Checkpoint(of="all"))
