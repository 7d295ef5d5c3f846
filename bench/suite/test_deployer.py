"""The deployer on an embedded AWS: the first deployment, and one that changes nothing."""

import pytest

from local import server as servers
from local.deploy import deploy


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("aws") / "state"
    yield servers.start(folder)
    servers.stop(folder)


@pytest.mark.benchmark(group="deployer")
def test_first_deployment(benchmark, server):
    outputs = benchmark.pedantic(deploy, (server,), rounds=1)
    assert outputs["functionName"]


@pytest.mark.benchmark(group="deployer")
def test_nothing_to_change(benchmark, server):
    before = server.outputs or deploy(server)
    assert benchmark.pedantic(deploy, (server,), rounds=3) == before
