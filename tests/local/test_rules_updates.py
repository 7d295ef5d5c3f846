"""A function that is updated while it runs, tried over HTTP."""

import io
import json
import os
import signal
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
CODE = """
import os, time
def handle(event, context):
    open(event["begun"], "w").close()
    time.sleep(event["seconds"])
    return [VERSION, os.getpid()]
"""


def zipped(version: int) -> bytes:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("code.py", f"VERSION = {version}\n{CODE}")
    return code.getvalue()


@pytest.fixture
def client(bare):
    role = bare.client("iam").create_role(
        RoleName="rules-updates", AssumeRolePolicyDocument=json.dumps(TRUST)
    )
    client = bare.client("lambda")
    client.create_function(
        FunctionName="updated",
        Runtime="python3.13",
        Handler="code.handle",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": zipped(1)},
    )
    yield client
    client.delete_function(FunctionName="updated")
    bare.client("iam").delete_role(RoleName="rules-updates")


UPDATES = {
    "code": lambda client: client.update_function_code(FunctionName="updated", ZipFile=zipped(2)),
    "configuration": lambda client: client.update_function_configuration(
        FunctionName="updated", MemorySize=256
    ),
}


@pytest.mark.parametrize("what", UPDATES)
def test_an_invocation_outlives_an_update(client, tmp_path, what):
    def invoke(name: str, seconds: float) -> list[int]:
        event = {"begun": str(tmp_path / name), "seconds": seconds}
        answer = client.invoke(FunctionName="updated", Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    with ThreadPoolExecutor() as pool:
        running = pool.submit(invoke, "first", 1.5)
        while not (tmp_path / "first").exists():
            time.sleep(0.02)
        UPDATES[what](client)
        assert not running.done()
        version, process = running.result()
    assert version == 1
    assert invoke("second", 0)[0] == (2 if what == "code" else 1)
    with pytest.raises(ProcessLookupError):
        os.kill(process, signal.SIG_DFL)
