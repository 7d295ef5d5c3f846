from collections import Counter
from itertools import islice

import pytest

from bench.sweep import workloads
from bench.sweep.workloads import Own, Workload
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
    assert list(islice(load.turns(), 4)) == [*files, files[0]]
    assert load.sha256 != Workload("x", files[:2]).sha256


def test_weights_are_kept_in_every_stretch_of_turns(files):
    turns = Workload("x", files[:2], (30, 70)).turns()
    for _ in range(3):
        assert list(islice(turns, 10)).count(files[0]) == 3


@pytest.fixture
def album(tmp_path):
    for name in ("a.HEIC", "b.jpg", "c.jpeg", "d.png", "phone/e.jpg", "phone/f.heif", ".DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def shares(album, *mix):
    load = Own(folder=album, mix=mix).own()
    found = Counter(path.name for path in islice(load.turns(), 100))
    return dict(found)


def test_a_mix_weighs_a_folder_by_endings(album):
    heic, jpeg = ("a.HEIC", "f.heif"), ("b.jpg", "c.jpeg", "e.jpg")
    assert shares(album, "heic=40", "jpg=60") == dict.fromkeys((*heic, *jpeg), 20)


def test_a_mix_weighs_a_folder_by_the_folders_in_it(album):
    assert shares(album, "phone=1", "png=1") == {"e.jpg": 25, "f.heif": 25, "d.png": 50}


def test_without_a_mix_all_files_of_a_folder_take_turns(album):
    assert set(shares(album).values()) == {16, 17}
    assert Own().own() is None


@pytest.mark.parametrize(
    ("mix", "said"),
    [
        ("gif=1", "No file"),
        *((mix, "like heic=30") for mix in ("heic", "heic=", "=1", "heic=0", "heic=-1")),
        *((mix, "like heic=30") for mix in ("heic=inf", "heic=nan", "heic=x")),
    ],
)
def test_a_mix_that_does_not_fit_is_misuse(album, mix, said):
    with pytest.raises(Misuse, match=said):
        shares(album, mix)


def test_a_mix_without_a_folder_is_misuse():
    with pytest.raises(Misuse, match="--folder"):
        Own(mix=("heic=1",)).own()


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
