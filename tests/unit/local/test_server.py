import json
import socket
import subprocess

import pytest

from local import server as servers
from local.server import Server
from terminal import Failure


def test_an_embedded_aws_that_a_newer_checkout_started_is_found(monkeypatch, tmp_path):
    monkeypatch.setattr(Server, "is_healthy", lambda self: True)
    server = Server(folder=tmp_path, port=4566, pid=1, stack="local")
    server.save()
    state = tmp_path / "state.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"added_later": 1}))
    assert servers.find(tmp_path) == server


def test_a_folder_with_files_of_others_is_refused_because_down_would_delete_them(tmp_path):
    (tmp_path / "beach.jpg").touch()
    with pytest.raises(Failure, match=r"holds other files, such as beach\.jpg"):
        servers.start(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["beach.jpg"]


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Failure, match=r"cannot keep its state in .*: Not a directory"):
        servers.start(tmp_path / "file" / "state")


def test_nobody_can_take_the_port_before_the_server_serves(tmp_path, monkeypatch):
    """Two servers that started at once had one port, and the one answered for the other."""
    tried = []

    def popen(command, **how):
        host, _, port = command[3].rpartition(":")
        with pytest.raises(OSError, match="in use"):
            socket.create_server((host, int(port)))
        tried.append(int(port))
        return subprocess_popen(command, **how)

    subprocess_popen = subprocess.Popen
    with monkeypatch.context() as patch:
        patch.setattr(servers.subprocess, "Popen", popen)
        server = servers.start(tmp_path / "state")
    try:
        assert tried == [server.port]
        assert server.is_healthy()
    finally:
        assert servers.stop(server.folder)


def test_a_port_that_is_taken_is_one_sentence(tmp_path):
    with socket.create_server((servers.HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(Failure, match=f"Port {port} is taken"):
            servers.start(tmp_path / "state", port)
