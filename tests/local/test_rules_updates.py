"""A function that is updated while it runs, tried over HTTP."""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.local.calling import function_role, zipped
from tests.support.waiting import wait_until

CODE = """
import os, time
def handle(event, context):
    open(event["begun"], "w").close()
    while not os.path.exists(event["may_end"]):
        time.sleep(0.01)
    return [VERSION, os.getpid()]
"""


def bundle(version: int) -> bytes:
    return zipped(f"VERSION = {version}\n{CODE}")


@pytest.fixture
def client(bare):
    client = bare.client("lambda")
    client.create_function(
        FunctionName="updated",
        Runtime="python3.13",
        Handler="code.handle",
        Role=function_role(bare, "rules-updates"),
        Code={"ZipFile": bundle(1)},
    )
    yield client
    client.delete_function(FunctionName="updated")
    bare.client("iam").delete_role(RoleName="rules-updates")


UPDATES = {
    "code": lambda client: client.update_function_code(FunctionName="updated", ZipFile=bundle(2)),
    "configuration": lambda client: client.update_function_configuration(
        FunctionName="updated", MemorySize=256
    ),
}


@pytest.mark.parametrize("what", UPDATES)
def test_an_invocation_outlives_an_update(client, tmp_path, what):
    may_end = tmp_path / "may end"

    def invoke(name: str) -> list[int]:
        event = {"begun": str(tmp_path / name), "may_end": str(may_end)}
        answer = client.invoke(FunctionName="updated", Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    with ThreadPoolExecutor() as pool:
        running = pool.submit(invoke, "first")
        try:
            wait_until((tmp_path / "first").exists)
            UPDATES[what](client)
            assert not running.done()
        finally:
            may_end.touch()
        version, process = running.result()
    assert version == 1
    assert invoke("second")[0] == (2 if what == "code" else 1)
    with pytest.raises(ProcessLookupError):
        os.kill(process, signal.SIG_DFL)
