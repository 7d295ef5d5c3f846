"""Only the embedded AWS's own processes are ended."""

import json
import subprocess
import sys

import pytest

from local import process_group, server

SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def sleeper():
    """Start a process in a separate group, with an argument; it ends with the test."""
    started = []

    def start(argument):
        command = [sys.executable, "-c", SLEEP, argument]
        started.append(subprocess.Popen(command, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def stop(folder, pid):
    folder.mkdir()
    (folder / "state.json").write_text(json.dumps({"pid": pid, "port": 4566}))
    return server.stop(folder)


def test_a_process_that_got_the_servers_number_is_left_alone(sleeper, tmp_path):
    other = sleeper("127.0.0.1:80")
    assert stop(tmp_path / "state", other.pid)
    assert not (tmp_path / "state").exists()
    assert other.poll() is None


def test_a_server_is_ended(sleeper, tmp_path):
    running = sleeper("127.0.0.1:4566")
    assert stop(tmp_path / "state", running.pid)
    assert running.wait(10) < 0


def test_without_a_list_of_processes_it_is_taken_for_the_server(sleeper, monkeypatch):
    monkeypatch.setattr(process_group.shutil, "which", lambda _name: None)
    assert process_group.may_be_of(sleeper("127.0.0.1:80").pid, "127.0.0.1:4566")
