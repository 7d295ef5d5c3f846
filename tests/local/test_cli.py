"""``python -m local`` as a person types it, in separate processes."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cli") / "state"


@pytest.fixture(scope="module")
def run(folder):
    def call(*arguments: str, code: int = 0, state: Path = folder) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [sys.executable, "-m", "local", "--folder", str(state), *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    yield call
    call("down")


@pytest.fixture(scope="module")
def up(run) -> dict[str, str]:
    lines = run("up").stdout.splitlines()
    return dict(line.split(maxsplit=1) for line in lines)


def group(pid: int) -> list[str]:
    """Processes of a process group that are alive."""
    if Path("/proc/self/stat").exists():
        stats = (stat.rpartition(")")[2].split() for stat in _stats())
        rows = [(fields[2], fields[0]) for fields in stats]
    else:
        command = ["ps", "-eo", "pgid=,stat="]
        listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        rows = [tuple(line.split()) for line in listing.splitlines()]
    return [state for pgid, state in rows if pgid == str(pid) and not state.startswith("Z")]


def _stats() -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
            yield path.read_text()


def test_up_prints_the_outputs(up):
    assert set(up) == {
        *("sourceBucket", "destinationBucket", "queueUrl", "deadLetterQueueUrl", "functionName"),
        *("backfillQueueUrl", "logGroup", "uploadEndpoint", "deliveryUrl", "dashboardUrl"),
        "endpoint",
    }


def test_up_again_updates_the_same_stack(run, up):
    again = dict(line.split(maxsplit=1) for line in run("up").stdout.splitlines())
    assert again == up


def test_put_prints_one_json_object_a_file(run, up, photo, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff broken")
    done = run("put", "--json", str(photo("cli.jpg")), str(broken), code=1)
    good, bad = [json.loads(line) for line in done.stdout.splitlines()]
    fields = {"file", "key", "status", "error", "ms", "renditions", "losses"}
    assert set(good) == fields
    assert (good["status"], good["error"], len(good["renditions"])) == ("ready", None, 5)
    assert good["ms"] > 0
    assert (bad["status"], bad["renditions"]) == ("rejected", [])
    assert set(bad["error"]) == {"code", "message"}


def test_put_says_what_no_rendition_keeps(run, up, tmp_path):
    moving = tmp_path / "moving.gif"
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "green")]
    frames[0].save(moving, save_all=True, append_images=frames[1:])
    (told,) = run("put", "--json", str(moving)).stdout.splitlines()
    assert json.loads(told)["losses"] == ["animation"]
    assert "not kept: animation" in run("put", str(moving)).stdout


def test_put_takes_folders_and_prints_a_table(run, up, photo):
    folder = photo("table.jpg").parent
    done = run("put", str(folder / "table.jpg"))
    assert "thumb    150x150" in done.stdout
    assert done.stdout.splitlines()[-1] == "1 photo in, 5 renditions out, 0 lost"


def test_the_readme_shows_the_sizes_that_put_prints(run, up):
    (told,) = run("put", "--json", "local/photos/screenshot.png").stdout.splitlines()
    large = [r for r in json.loads(told)["renditions"] if r["name"] == "large"]
    formats = [rendition["content_type"].removeprefix("image/") for rendition in large]
    sizes = [f"{rendition['bytes'] / 1000:.1f}" for rendition in large]
    readme = (ROOT / "README.md").read_text()
    row = next(line for line in readme.splitlines() if line.startswith("│ screenshot.png"))
    cell = row.split("│")[4].replace("kB", "").split()[2:]
    assert cell == [word for pair in zip(formats, sizes, strict=True) for word in pair]


def test_ls_and_logs_show_what_was_uploaded(run, up, photo):
    run("put", str(photo("seen.jpg")))
    assert "seen.jpg" in run("ls").stdout
    log = wait_until(lambda: "seen.jpg" in (log := run("logs").stdout) and log)
    assert all(json.loads(line)["level"] for line in log.splitlines() if line.startswith("{"))


def test_a_missing_file_is_misuse(run, up):
    assert "does not exist" in run("put", "no-such-file.jpg", code=2).stderr


@pytest.mark.parametrize("command", ["put", "ls", "logs"])
def test_without_a_server_one_sentence_says_what_to_do(run, tmp_path, command):
    arguments = [command, "x"] if command == "put" else [command]
    error = run(*arguments, code=1, state=tmp_path / "none").stderr
    assert error.strip().endswith("start it with `python -m local up`.")
    assert len(error.strip().splitlines()) == 1


def test_a_taken_port_is_one_sentence(run, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        error = run("up", "--port", port, code=1, state=tmp_path / "taken").stderr
    assert f"Port {port} is taken" in error


def test_an_unknown_stack_is_one_sentence(run, tmp_path):
    error = run("up", "--stack", "nope", code=2, state=tmp_path / "stack").stderr
    assert "choose one of dev, local, prod" in error
    assert not (tmp_path / "stack").exists()


@pytest.mark.parametrize("arguments", [["--help"], ["up", "--help"], ["put", "--help"]])
def test_help(run, arguments):
    assert "Usage: python -m local" in run(*arguments).stdout


def test_misuse_exits_with_2(run):
    assert "fly" in run("fly", code=2).stderr


def test_a_crash_is_one_sentence_and_down_cleans_up(run, tmp_path):
    state = tmp_path / "crash"
    run("up", state=state)
    pid = json.loads((state / "state.json").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    error = run("ls", code=1, state=state).stderr
    assert "has stopped by itself" in error
    run("down", state=state)
    assert group(pid) == []
    assert not state.exists()


def test_down_leaves_no_process_and_no_file(run, up, folder):
    pid = json.loads((folder / "state.json").read_text())["pid"]
    assert group(pid) != []
    run("down")
    assert group(pid) == []
    assert not folder.exists()
    assert "was not running" in run("down").stdout
