import pytest

from bench.tune import workloads
from bench.tune.workloads import Workload
from terminal import Misuse


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{number}.jpg" for number in range(3)]
    for path in paths:
        path.write_bytes(path.name.encode())
    return tuple(paths)


def test_a_folder_is_one_workload(files, tmp_path):
    load = workloads.folder(tmp_path)
    assert load.files == files
    assert [load.file(number) for number in (0, 2, 3)] == [files[0], files[2], files[0]]
    assert load.sha256 != Workload("x", files[:2]).sha256


@pytest.mark.parametrize("name", ["absent", "empty"])
def test_a_folder_without_files_is_misuse(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(Misuse, match="not a folder with files"):
        workloads.folder(tmp_path / name)


def test_a_file_is_a_workload_of_its_name(files):
    assert workloads.make(str(files[0])) == Workload("0.jpg", files[:1])


def test_an_unknown_workload_is_misuse():
    with pytest.raises(Misuse, match=r"screenshot-png"):
        workloads.make("no-such")
