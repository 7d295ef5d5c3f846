import os
import signal
import sys
import threading
import time

import pytest

from bench.accept import engine as engines
from bench.accept.drive import OrderResult, Step
from bench.accept.engine import Changes, Engine, EngineError, changes

DRIVER = """
import json, os, signal, sys, time
def stop(*_):
    sys.exit(open("stopped", "w").close())
signal.signal(signal.SIGINT, stop)
for line in sys.stdin:
    do = line.strip()
    if do == "hang":
        open("hanging", "w").close()
        time.sleep(60)
    if do == "end":
        sys.exit()
    told = {
        "setup": json.loads(sys.argv[1]),
        "process": {"id": os.getpid(), "session": os.getsid(0), "python": sys.executable},
    }
    answer = {"steps": [], "outputs": told.get(do, {"do": do})}
    answer |= {"error": "no such stack"} if do == "bad" else {}
    print(json.dumps(answer), flush=True)
open("ended", "w").close()
"""


@pytest.fixture
def engine(tmp_path, monkeypatch):
    drive = tmp_path / "drive.py"
    drive.write_text(DRIVER)
    monkeypatch.setattr(engines, "DRIVE", drive)
    made = Engine(
        tree=tmp_path, folder=tmp_path / "project", stack="dev", secrets_provider="awskms://x"
    )
    yield made
    made.close()


def interrupt_when(path):
    """Send this process SIGINT once a file is there."""

    def wait():
        while not path.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=wait).start()


@pytest.fixture(autouse=True)
def _interruptible():
    """A shell without job control has what it starts in the background ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_orders_are_answered_by_one_process(engine, tmp_path):
    assert engine.run("setup").outputs == {
        "folder": str(tmp_path / "project"),
        "stack": "dev",
        "cli": None,
        "secrets_provider": "awskms://x",
    }
    process = engine.run("process")
    assert engine.run("up") == OrderResult(outputs={"do": "up"})
    assert engine.run("process") == process
    assert not engine.is_busy
    engine.close()
    assert (tmp_path / "ended").exists()
    assert not (tmp_path / "stopped").exists()


def test_an_error_is_raised_and_the_engine_lives_on(engine):
    with pytest.raises(EngineError, match=r"^no such stack$"):
        engine.run("bad")
    assert engine.run("up") == OrderResult(outputs={"do": "up"})


def test_of_what_the_cli_has_printed_errors_are_told():
    lines = [" code: 255", " stdout: Diagnostics:", "   error: b", "error: a", "error: b", "   + x"]
    error = EngineError("\n".join(lines))
    assert str(error) == "error: b error: a"
    assert error.args == ("\n".join(lines),)
    assert str(EngineError("\n".join(f"error: {n}" for n in range(9)))).count("error") == 3
    assert str(EngineError("the driver\n has ended")) == "the driver has ended"


def test_a_driver_that_has_ended_is_told(engine):
    with pytest.raises(EngineError, match="the driver has ended"):
        engine.run("end")


def test_an_interrupted_operation_is_stopped(engine, tmp_path):
    interrupt_when(tmp_path / "hanging")
    with pytest.raises(KeyboardInterrupt):
        engine.run("hang")
    assert engine.is_busy
    begin = time.monotonic()
    engine.close()
    assert time.monotonic() - begin < 20
    assert (tmp_path / "stopped").exists()
    assert not engine.is_busy


def test_one_that_does_not_stop_is_killed(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(engines, "STOP_SECONDS", 0.5)
    drive = tmp_path / "drive.py"
    drive.write_text(DRIVER.replace("signal.SIGINT, stop", "signal.SIGINT, signal.SIG_IGN"))
    process = engine.run("process").outputs["id"]
    interrupt_when(tmp_path / "hanging")
    with pytest.raises(KeyboardInterrupt):
        engine.run("hang")
    engine.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_the_driver_is_in_a_session_of_its_own(engine):
    process = engine.run("process").outputs
    assert process["session"] != os.getsid(0)
    assert process["python"] == sys.executable


def step(op, name, diffs=()):
    return Step(op=op, type="aws:s3/bucket:Bucket", urn=f"x::{name}", diffs=list(diffs))


def test_changes_are_by_kind_and_name():
    answer = OrderResult(
        steps=[
            *(step("same", "d"), step("create", "b"), step("create", "a"), step("delete", "c")),
            *(step("update", "f", ["tags"]), step("update", "e"), step("replace", "g", ["bucket"])),
        ]
    )
    kind, found = "aws:s3/bucket:Bucket", changes(answer)
    assert found == Changes(
        create=[f"{kind} a", f"{kind} b"],
        delete=[f"{kind} c"],
        update={f"{kind} e": [], f"{kind} f": ["tags"]},
        replace={f"{kind} g": ["bucket"]},
    )
    assert list(found.update) == [f"{kind} e", f"{kind} f"]
    assert answer.counts == {"same": 1, "create": 2, "delete": 1, "update": 2, "replace": 1}


def test_without_changes_there_are_none():
    found = changes(OrderResult(steps=[step("same", "a"), step("delete", "b")]))
    assert not changes(OrderResult(steps=[step("same", "a")]))
    assert found
    assert str(found) == "{'delete': ['aws:s3/bucket:Bucket b']}"


def test_an_answer_is_read_back_from_its_line():
    made = OrderResult(steps=[step("update", "a", ["tags"])], outputs={"queueUrl": "x"})
    assert OrderResult.parse(made.to_line()) == made
    assert made.to_line().count("\n") == 1
