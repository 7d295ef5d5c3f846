"""A folder's files beside Pillow: what is in a row, what the two disagree on, exit codes."""

import json

import pytest
from PIL import Image

from bench.__main__ import main
from bench.maintain import corpus
from bench.maintain.corpus import Row, compare, disagree, is_wrong, open_by_pillow
from function.engine import isolate
from function.engine.errors import DecoderBug, Reason, Rejected
from pipeline.settings import Settings
from tests.support.pictures import SVG, encoded, gradient

PHOTO = gradient((96, 64))
JPEG = encoded(PHOTO, "JPEG")
FILES = {
    "a.jpg": JPEG,
    "b.psd": b"8BPS" + bytes(40),
    "c.svg": SVG + b"<!--" + b" " * 2000 + b"-->",
    "folder/d.ppm": b"P6 1 1 255\nabc",
    "folder/e.heic": encoded(PHOTO, "HEIF"),
    "folder/f.txt": b"no picture",
    "g.gif": encoded(PHOTO, "GIF", save_all=True, append_images=[PHOTO.rotate(180)]),
    "h [dim].jpg": JPEG[:-300],
}
OURS = {
    "a.jpg": ("jpeg", "ready", None),
    "b.psd": (None, "rejected", "unsupported_format"),
    "c.svg": ("svg", "ready", None),
    "folder/d.ppm": (None, "rejected", "not_an_image"),
    "folder/e.heic": ("heic", "ready", None),
    "folder/f.txt": (None, "rejected", "not_an_image"),
    "g.gif": ("gif", "ready", None),
    "h [dim].jpg": ("jpeg", "rejected", "truncated"),
}
OPENED = {"a.jpg", "folder/d.ppm", "folder/e.heic", "g.gif"}


@pytest.fixture
def folder(tmp_path):
    for name, data in FILES.items():
        (tmp_path / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "files" / name).write_bytes(data)
    return tmp_path / "files"


def run(*arguments: object) -> int:
    return main(["maintain", "corpus", *map(str, arguments)])


def cells(table: str) -> list[list[str]]:
    lines = [line for line in table.splitlines() if line.startswith("│")]
    return [line.replace("│", " ").split() for line in lines]


def row(status, code, pillow):
    return Row(file="a.jpg", status=status, code=code, pillow=pillow)


def test_a_row_for_each_file_and_a_table_of_what_the_two_disagree_on(folder, tmp_path, capsys):
    result = tmp_path / "rows.json"
    assert run(folder, "--json", result, "--jobs", 2) == 0
    written = json.loads(result.read_text())
    assert written["schema"] == 1
    assert written["machine"]["libraries"]["pillow"] == Image.__version__
    rows = {row["file"]: row for row in written["results"]}
    assert list(rows) == sorted(FILES)
    assert {n: (r["format"], r["status"], r["code"]) for n, r in rows.items()} == OURS
    assert {name for name, row in rows.items() if row["pillow"] == "ok"} == OPENED
    assert rows["h [dim].jpg"]["pillow"].startswith("OSError: image file is truncated")
    assert rows["h [dim].jpg"]["message"] == "The end of this image is missing."
    assert rows["g.gif"]["losses"] == ["animation"]
    assert all(1 <= rows[name]["ms"] < 60_000 for name in OPENED)
    assert 10 < rows["a.jpg"]["rss_mb"] < 500  # its worker stays, and so can be asked
    printed = capsys.readouterr().out
    table, counts = printed.split("Files by outcome")
    assert {name for name in FILES if name in table} == {"c.svg", "folder/d.ppm"}
    assert "!" not in table
    assert cells(counts) == [
        ["ready", "4", "3"],
        ["not_an_image", "2", "1"],
        ["unsupported_format", "1", "0"],
        ["truncated", "1", "0"],
    ]


@pytest.mark.parametrize(
    ("found", "apart", "wrong"),
    [
        (row("ready", None, "ok"), False, False),
        (row("ready", None, "OSError: bad"), True, False),
        (row("rejected", "broken_image", "OSError: bad"), False, False),
        (row("rejected", "broken_image", "ok"), True, True),
        (row("rejected", "truncated", "ok"), True, True),
        (row("rejected", "too_many_pixels", "ok"), True, False),
        (row("failed", "internal", "OSError: bad"), False, True),
        (row("failed", "internal", "ok"), True, True),
    ],
)
def test_what_counts_as_disagreement_and_as_our_fault(found, apart, wrong):
    assert (disagree(found), is_wrong(found)) == (apart, wrong)


@pytest.mark.parametrize(
    ("data", "error", "code"),
    [
        (JPEG[:-300], DecoderBug("the worker ended with status 11"), "internal"),
        (JPEG, Rejected(Reason.BROKEN_IMAGE, "This image is damaged."), "broken_image"),
    ],
)
def test_a_fault_is_marked_and_ends_with_1(data, error, code, tmp_path, monkeypatch, capsys):
    def fail(*_arguments):
        raise error

    (tmp_path / "a.jpg").write_bytes(data)
    monkeypatch.setattr(isolate.Isolation, "run", fail)
    assert run(tmp_path, "--json", tmp_path / "rows.json", "--jobs", 1) == 1
    (found,) = json.loads((tmp_path / "rows.json").read_text())["results"]
    assert (found["code"], found["message"]) == (code, getattr(error, "message", str(error)))
    printed = capsys.readouterr().out
    assert printed.count("!") == 2
    assert "1 failed, or were called damaged" in printed


def test_what_was_done_before_an_interruption_is_kept(folder, tmp_path, monkeypatch, capsys):
    def interrupted(*_arguments):
        yield from compare(folder, ["folder/f.txt"], Settings(), 1)
        raise KeyboardInterrupt

    monkeypatch.setattr(corpus, "compare", interrupted)
    assert run(folder, "--json", tmp_path / "rows.json") == 1
    assert len(json.loads((tmp_path / "rows.json").read_text())["results"]) == 1
    assert "not_an_image" in capsys.readouterr().out


def test_the_limits_are_those_of_a_stack(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(Image.new("L", (5000, 5000)), "PNG"))
    (tmp_path / "b.jpg").write_bytes(JPEG + bytes(1_000_001))
    settings = Settings(memory=128, max_upload_mb=1)
    codes = {r.file: r.code for r in compare(tmp_path, ["a.png", "b.jpg"], settings, 1)}
    assert codes == {"a.png": "too_many_pixels", "b.jpg": "too_many_bytes"}


def test_a_file_that_cannot_be_read_is_a_row(tmp_path):
    (found,) = compare(tmp_path, ["gone.jpg"], Settings(), 1)
    assert (found.status, found.code) == ("unreadable", "unreadable")
    assert "No such file" in found.message
    assert "gone.jpg" in found.pillow
    assert (disagree(found), is_wrong(found)) == (False, False)


def test_a_file_that_the_system_refuses_to_read_is_no_fault_of_ours(tmp_path, capsys):
    (tmp_path / "x.jpg").symlink_to("/proc/self/mem")
    assert run(tmp_path) == 0
    assert cells(capsys.readouterr().out) == [["unreadable", "1", "0"]]


def test_a_file_larger_than_memory_is_not_read(tmp_path):
    with (tmp_path / "a.jpg").open("wb") as file:
        file.write(JPEG)
        file.truncate(1 << 42)
    (found,) = compare(tmp_path, ["a.jpg"], Settings(max_upload_mb=1), 1)
    assert (found.format, found.code) == ("jpeg", "too_many_bytes")
    assert found.message == "This file is larger than 1 MB."


def test_a_table_that_cannot_be_written_is_told_before_any_file_is_looked_at(
    folder, tmp_path, monkeypatch, capsys
):
    monkeypatch.delattr(corpus, "compare")
    refused = {tmp_path / "gone" / "rows.json": "No such file", tmp_path: "Is a directory"}
    for path, reason in refused.items():
        assert run(folder, "--json", path) == 2
        assert capsys.readouterr().err.startswith(f"error: {path} cannot be written: {reason}")


def test_pillow_is_held_to_memory_and_time(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(encoded(Image.new("RGB", (9000, 9000)), "PNG"))
    assert open_by_pillow(tmp_path, "a.png") == "ok"
    monkeypatch.setattr(corpus, "PILLOW_MB", 200)
    assert open_by_pillow(tmp_path, "a.png").startswith("MemoryError")
    monkeypatch.setattr(corpus, "PILLOW", "while True: pass")
    monkeypatch.setattr(corpus, "PILLOW_SECONDS", 0.25)
    assert open_by_pillow(tmp_path, "a.png") == "no answer within 0.5 s"
    monkeypatch.setattr(corpus, "PILLOW", "import os; os.kill(os.getpid(), 11)")
    assert open_by_pillow(tmp_path, "a.png") == "ended by signal 11"


def test_misuse_is_told_in_a_sentence(tmp_path, capsys):
    empty = tmp_path / "empty"
    empty.mkdir()
    misused = {
        f"There is no folder at {tmp_path / 'gone'}.": (tmp_path / "gone",),
        f"There are no files in {empty}.": (empty,),
        'Invalid value "0" for --jobs. Must be > 0.': (empty, "--jobs", 0),
        'Invalid value "127" for --memory. Must be >= 128.': (empty, "--memory", 127),
    }
    for sentence, arguments in misused.items():
        assert run(*arguments) == 2
        assert capsys.readouterr().err.strip() == f"error: {sentence}"


def test_the_help_says_what_the_exit_code_means(capsys):
    assert run("--help") == 0
    assert "Exit code 1" in capsys.readouterr().out
