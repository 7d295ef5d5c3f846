"""The end of ``bench aws``, whatever it is: nothing of its clone is left, or it can be removed."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from bench.signals import INTERRUPTS
from bench.sweep.workloads import Workload
from ops.stack import Stack
from tests.local.watching import HERE, Watched, left, live, measure
from tests.support.waiting import wait_until


@pytest.fixture
def small(photo):
    return Workload("small", (photo("small.jpg", (640, 480)),))


@pytest.fixture(autouse=True)
def _nothing_is_left(aws):
    yield
    assert left(aws) == set()


@pytest.fixture
def _interruptible():
    """Interrupts as ``terminal.run`` has them; a background shell would have SIGINT ignored."""
    before = [signal.signal(each, signal.default_int_handler) for each in INTERRUPTS]
    yield
    for each, handler in zip(INTERRUPTS, before, strict=True):
        signal.signal(each, handler)


def steps(calls):
    """Yield place and name of each call up to the first invocation; of repeated ones the first.

    Later calls are made in threads, and by the removal, which the tests below interrupt.
    """
    names = [name for name, _ in calls]
    for place in range(names.index("CreateBucket"), names.index("Invoke") + 1):
        if names[place] != names[place - 1]:
            yield place + 1, names[place]


@pytest.mark.usefixtures("_interruptible")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_interrupt_around_any_call_leaves_nothing(aws, small, after):
    whole = Watched(aws)
    measure(whole.stack, small, architecture=(HERE,))
    found = list(steps(whole.calls))
    assert {"CreateRole", "CreateFunction", "CreateLogGroup", "CopyObject"} <= {n for _, n in found}
    for place, name in found:
        number = INTERRUPTS[place % len(INTERRUPTS)]
        watched = Watched(aws, place=place, after=after, number=number)
        result = measure(watched.stack, small, architecture=(HERE,))
        assert watched.sent, (place, name)
        assert left(aws) == set(), (place, name)
        assert (result.clean, result.complete, result.summary) == (True, False, [])


@pytest.mark.usefixtures("_interruptible")
def test_interrupts_while_everything_is_removed_wait(aws, small):
    watched = Watched(aws)

    def client(service, **how):
        made = watched.client(service, **how)

        def interrupt(model, **_more):
            if model.name.startswith("Delete"):
                os.kill(os.getpid(), INTERRUPTS[len(watched.calls) % len(INTERRUPTS)])

        made.meta.events.register("before-call.*.*", interrupt)
        return made

    stack = Stack(outputs=aws.outputs, client=client)
    result = measure(stack, small, architecture=(HERE,))
    assert result.clean
    assert left(aws) == set()
    assert [name for name, _ in watched.calls].count("DeleteBucket") == 2


@pytest.fixture
def command(aws, tmp_path, small, _interruptible):
    """Start ``bench aws`` as a process that finds this stack, with many runs to come."""
    folder = tmp_path / "state"
    folder.mkdir()
    facts = {"stack": "local", "port": aws.server.port, "outputs": aws.outputs}
    (folder / "state.json").write_text(json.dumps(facts))

    def start(*arguments):
        return subprocess.Popen(
            [sys.executable, "-m", "bench", "aws", "--stack", "local", *arguments],
            env={**os.environ, "IMAGE_PIPELINE_LOCAL": str(folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def measure(*arguments):
        given = ["--workload", str(small.files[0]), "--memory", "512", "--architecture", HERE]
        return start(*given, *arguments)

    return start, measure


def is_measuring(aws):
    """Return the clone's name once its published version has been invoked."""
    for name in left(aws):
        if name.startswith("/aws/lambda/"):
            found = aws.client("logs").describe_log_streams(logGroupName=name)["logStreams"]
            if any("[1]" in stream["logStreamName"] for stream in found):
                return re.search(r"[^/]+-bench-[0-9a-f]{6}", name)[0]
    return None


@pytest.mark.parametrize("number", INTERRUPTS)
def test_a_signal_in_the_middle_of_a_sweep_keeps_what_is_done(aws, command, tmp_path, number):
    before, file = live(aws), tmp_path / "a.json"
    _, measure = command
    process = measure("--samples", "200", "--json", str(file))
    wait_until(lambda: is_measuring(aws), 60)
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 1, said
    assert "Interrupted; the clone is removed" in said
    assert left(aws) == set()
    assert live(aws) == before
    assert len(json.loads(file.read_text())["samples"][0]["reports"]) < 200


def test_an_impatient_user_does_not_keep_the_clone_from_removal(aws, command):
    _, measure = command
    process = measure("--samples", "200")
    wait_until(lambda: is_measuring(aws), 60)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    assert process.communicate()[0].count("Removing the clone") == 1
    assert left(aws) == set()


def test_what_a_killed_process_has_left_is_removed_by_name(aws, command):
    start, measure = command
    process = measure("--samples", "200")
    name = wait_until(lambda: is_measuring(aws), 60)
    process.kill()
    said, _ = process.communicate()
    assert f"--clean {name}" in said
    assert len(left(aws)) == 6
    told = measure("--samples", "1", "--batch", "1")
    assert f"{name} is another clone" in told.communicate(timeout=60)[0]
    cleaned = start("--clean", name)
    said, _ = cleaned.communicate(timeout=60)
    assert cleaned.returncode == 0, said
    assert said.count("Removed the ") == 7, said
    assert left(aws) == set()
    again = start("--clean", name)
    assert f"Nothing is left of {name}." in again.communicate(timeout=60)[0]


def test_the_live_function_s_own_name_is_not_cleaned(aws, command):
    start, _ = command
    process = start("--clean", aws.outputs["functionName"])
    assert "is no clone" in process.communicate(timeout=60)[0]
    assert process.returncode == 2


def test_the_report_and_its_page(aws, command, tmp_path):
    _, measure = command
    files = ["--json", str(tmp_path / "a.json"), "--html", str(tmp_path / "a.html")]
    process = measure("--samples", "2", "--batch", "1", "2", "--strategy", "cost", *files)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert "embedded AWS" in said
    found = json.loads((tmp_path / "a.json").read_text())
    assert found["schema"] == 2
    assert {row["batch_size"] for row in found["summary"]} == {1, 2}
    assert found["chosen"]["architecture"] == HERE
    assert f"batchSize {found['chosen']['batch_size']}" in said
    assert "<td>embedded AWS</td>" in (tmp_path / "a.html").read_text()
