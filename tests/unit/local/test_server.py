import json

from local import server as servers
from local.server import Server


def test_an_embedded_aws_that_a_newer_checkout_started_is_found(monkeypatch, tmp_path):
    monkeypatch.setattr(Server, "is_healthy", lambda self: True)
    server = Server(folder=tmp_path, port=4566, pid=1, stack="local")
    server.save()
    state = tmp_path / "state.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"added_later": 1}))
    assert servers.find(tmp_path) == server
