import io
import json
import os
import subprocess
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store
from PIL import Image

from bench.cost.prices import load
from bench.sandbox import Sandbox, control_group, unpacked
from bench.sandbox.function import DESTINATION, upload, variables
from bench.sandbox.initialisation import HELLO_WORLD_MS, init_ms, runtime_ms
from bench.sandbox.selfcheck import (
    COLD_RATIO,
    COLD_TOLERANCE,
    PUBLISHED_MS,
    PUBLISHED_TOLERANCE,
    ColdStart,
    SelfCheck,
    Share,
    cold_starts,
)
from bench.sandbox.stub_s3 import StubS3
from pipeline.bundle import Target, build
from tests.support.waiting import wait_until


@pytest.fixture
def store():
    server = StubS3(latency_ms=0, mb_per_s=10_000)
    yield server
    server.close()


def client(store):
    return S3Store(
        "bucket",
        endpoint=store.url,
        region="us-east-1",
        access_key_id="bench",
        secret_access_key="bench",
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )


def test_the_store_deletes_several_as_s3_does(store):
    for key in ("a & b", "c", "kept"):
        store.put(f"/bucket/{key}", b"x", {})
    obstore.delete(client(store), ["a & b", "c"])
    assert list(store.objects) == ["/bucket/kept"]


def test_the_store_lists_as_s3_does(store):
    for key in ("f/a & b", "f/deep/c", "g/d"):
        store.put(f"/bucket/{key}", b"xy", {})
    found = client(store).list_with_delimiter("f/")["objects"]
    assert [(meta["path"], meta["size"]) for meta in found] == [("f/a & b", 2)]
    listed = [meta["path"] for page in client(store).list("f/") for meta in page]
    assert listed == ["f/a & b", "f/deep/c"]
    assert not [*client(store).list("none/")]


def needs_cgroups():
    group = control_group.build(1024)
    group.remove()
    if group.kind == "none":
        pytest.skip("no control groups may be written here")


def test_v1_limits(tmp_path):
    plan = control_group.plan_v1(1024, "x", tmp_path)
    values = {path.name: value for path, value in plan.files.items()}
    assert values == {
        "cpu.cfs_period_us": "20000",
        "cpu.cfs_quota_us": "11577",
        "cpu.shares": "262144",
        "memory.limit_in_bytes": str(1024**3),
        "memory.swappiness": "0",
    }


def test_v2_limits(tmp_path):
    plan = control_group.plan_v2(1769, "x", tmp_path)
    values = {path.name: value for path, value in plan.files.items()}
    assert values["cpu.max"] == "20000 20000"
    assert values["memory.swap.max"] == "0"


def fake_v2(tmp_path):
    """A v2 hierarchy made of plain files, because this machine's kernel has v1."""
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    (tmp_path / "cgroup.subtree_control").write_text("memory\n")
    return tmp_path


def test_v2_is_found_delegated_and_entered(tmp_path):
    group = control_group.build(1024, root=fake_v2(tmp_path))
    (folder,) = group.folders
    assert group.kind == "cgroup v2"
    assert (tmp_path / "cgroup.subtree_control").read_text() == "+cpu +memory"
    assert (folder / "cpu.max").read_text() == "11577 20000"
    assert (folder / "memory.max").read_text() == str(1024**3)
    answer = subprocess.run(group.wrap(["sh", "-c", "echo $$"]), capture_output=True, check=True)
    assert (folder / "cgroup.procs").read_bytes() == answer.stdout


def test_v2_says_peak_and_kill(tmp_path):
    group = control_group.build(512, root=fake_v2(tmp_path))
    assert group.peak_mb() is None
    (group.folders[0] / "memory.peak").write_text(str(300 << 20))
    (group.folders[0] / "memory.events").write_text("low 0\noom 1\noom_kill 1\n")
    assert group.peak_mb() == 300
    assert group.killed_for_memory()


def test_memory_alone_leaves_the_cpu_free(tmp_path):
    group = control_group.build(512, "memory", fake_v2(tmp_path))
    assert not (group.folders[0] / "cpu.max").exists()
    assert (group.folders[0] / "cpu.weight").read_text() == "10000"
    group.hold_cpu()
    assert (group.folders[0] / "cpu.max").read_text() == "5789 20000"
    assert (group.folders[0] / "memory.max").exists()


def test_where_no_group_may_be_made_nothing_is_held(tmp_path):
    assert control_group.build(512, root=tmp_path / "absent").kind == "none"
    assert control_group.build(512, "nothing", fake_v2(tmp_path)).kind == "none"


def test_the_published_curve_is_memory_over_1769():
    for memory_mb, ms in PUBLISHED_MS.items():
        assert PUBLISHED_MS[1024] / ms == pytest.approx(memory_mb / 1024, rel=0.14)


def test_the_published_durations_cost_what_is_published_beside_them():
    costs = {128: 0.024628, 256: 0.028035, 512: 0.026830, 1024: 0.024638}  # of 1,000 invocations
    prices = load("us-east-1").lines
    for memory_mb, usd in costs.items():
        gb_s = 1000 * PUBLISHED_MS[memory_mb] / 1000 * memory_mb / 1024
        charged = prices["lambda_gb_s_x86_64"].charge(gb_s)
        assert charged + prices["lambda_requests"].charge(1000) == pytest.approx(usd, rel=0.01)


def test_published_cold_starts_do_not_depend_on_memory():
    low, high = COLD_RATIO
    for by_size in HELLO_WORLD_MS.values():
        assert low < by_size[128] / by_size[1024] < high
    for newer in ((91.1, 84.5), (80.6, 85.2)):  # lambda-perf, 2026-08-22
        assert low < newer[0] / newer[1] < high


def test_what_a_start_here_has_in_common_with_hello_world_is_counted_once():
    ours, lambda_ms = 60.0, runtime_ms("arm64")
    assert init_ms(ours, ours, "arm64") == lambda_ms
    assert init_ms(ours + 100, ours, "arm64") == lambda_ms + 100
    assert runtime_ms("x86_64") == pytest.approx(103.1)


def test_with_provisioned_concurrency_the_runtime_is_throttled_too():
    share = 128 / 1769
    throttled = init_ms(60 / share, 60, "x86_64", throttled_mb=128)
    assert throttled == pytest.approx(runtime_ms("x86_64") / share)
    assert init_ms(60, 60, "x86_64", throttled_mb=3008) == runtime_ms("x86_64")


GOOD = Share(memory_mb=128, expected=0.1, measured=0.101, lambda_share=0.1)
COLD = [
    ColdStart(memory_mb=128, init_ms=100, lambda_ms=98),
    ColdStart(memory_mb=1024, init_ms=101, lambda_ms=102),
]


def checked(share=GOOD, cold=COLD):
    check = SelfCheck(shares=[GOOD, share], cold=cold)
    return check.passed, "\n".join(check.sentences())


def test_self_check_names_the_worst_size():
    bad = Share(memory_mb=512, expected=0.3, measured=0.2, lambda_share=None)
    assert checked() == (True, checked()[1])
    assert checked()[1].count("passed") == 2
    passed, words = checked(bad)
    assert not passed
    assert "warm, FAILED" in words
    assert "cold, passed" in words
    assert "worst: 512 MB" in words


def test_self_check_holds_shares_against_lambda():
    share = 0.1 * (1 + PUBLISHED_TOLERANCE + 0.02)
    off = Share(memory_mb=256, expected=share, measured=share, lambda_share=0.1)
    passed, words = checked(off)
    assert not passed
    assert "within 22% of Lambda's published durations" in words


@pytest.mark.parametrize(
    ("smallest", "largest", "word"),
    [
        (1300, 101, "12.87 times"),  # throttled
        (100 * (1 + COLD_TOLERANCE), 99 * (1 + COLD_TOLERANCE) + 5, "28%"),  # slow, both of them
    ],
)
def test_self_check_holds_cold_starts_against_lambda(smallest, largest, word):
    cold = [replace(COLD[0], init_ms=smallest), replace(COLD[1], init_ms=largest)]
    passed, words = checked(cold=cold)
    assert not passed
    assert "cold, FAILED" in words
    assert word in words


def test_hello_world_is_held_during_its_start_only_if_it_is_provisioned():
    needs_cgroups()
    throttled = cold_starts((128, 1024), starts=3, provisioned_concurrency=True)
    on_demand = cold_starts((128, 1024), starts=3)
    assert min(throttled[128]) > 3 * min(on_demand[128])
    assert min(throttled[128]) > 3 * min(throttled[1024])


def test_the_stub_keeps_preconditions(store):
    def put(headers):
        request = urllib.request.Request(
            f"{store.url}/b/k", data=b"x", headers=headers, method="PUT"
        )
        try:
            return urllib.request.urlopen(request).status
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    assert put({"If-None-Match": "*"}) == 200
    assert put({"If-None-Match": "*"}) == 412
    assert put({"If-Match": '"other"'}) == 412
    assert put({"If-Match": store.objects["/b/k"][1]["ETag"]}) == 200


@pytest.mark.network
def test_the_real_bundle_answers_and_leaves_nothing_behind(store, tmp_path):
    picture = tmp_path / "a.jpg"
    buffer = io.BytesIO()
    Image.effect_noise((640, 480), 40).convert("RGB").save(buffer, "JPEG")
    picture.write_bytes(buffer.getvalue())
    text = tmp_path / "a.txt"
    text.write_text("no picture")
    with unpacked(build(Target.host())) as task:
        with Sandbox(task, 1769, variables(1769, store)) as box:
            cold, warm = (box.invoke(upload(store, picture, n)) for n in range(2))
            rejected, again = (box.invoke(upload(store, file, 9)) for file in (text, picture))
        folders = box.group.folders
    assert (cold.outcome, warm.outcome, again.outcome) == ("ok", "ok", "ok")
    assert rejected.outcome == "rejected"  # which Lambda itself calls a success
    assert cold.init_ms is not None
    assert cold.billed_ms >= cold.duration_ms + cold.init_ms
    assert warm.init_ms is None
    assert 10 < warm.max_memory_mb < 500
    manifest = json.loads(store.objects[f"/{DESTINATION}/bench/0-a.jpg/manifest.json"][0])
    assert manifest["status"] == "ready"
    assert not any(folder.exists() for folder in folders)


def _sandbox(task, code, store, memory_mb, **options):
    (task / "function").mkdir()
    (task / "function" / "handler.py").write_text(f"def handle(event, context):\n    {code}\n")
    return Sandbox(task, memory_mb, variables(memory_mb, store), **options)


def _invoke(task, code, store, memory_mb, **options):
    with _sandbox(task, code, store, memory_mb, **options) as box:
        return box.invoke({})


def test_a_start_that_ended_before_the_first_event_is_measured_and_cpu_is_held(store, tmp_path):
    begun = tmp_path / "begun"
    box = _sandbox(tmp_path, "return {}", store, 442)
    with (tmp_path / "function" / "handler.py").open("a") as module:
        module.write(f"open({str(begun)!r}, 'w').close()\n")
    with box:
        wait_until(begun.exists)
        first, second = box.invoke({}), box.invoke({})
        held = {path: path.read_text().strip() for path in box.group.files}
    assert first.init_ms > 0
    assert second.init_ms is None
    assert held == box.group.files


def test_the_cpu_is_held_before_the_first_event_and_only_then(store, tmp_path):
    needs_cgroups()
    quota = tmp_path / "quota"
    with _sandbox(tmp_path, "return {}", store, 442) as box:
        (path,) = [path for path in box.group.files if path.name in ("cpu.max", "cpu.cfs_quota_us")]
        with (tmp_path / "function" / "handler.py").open("a") as module:
            module.write(f"open({str(quota)!r}, 'w').write(open({str(path)!r}).read())\n")
        box.wait_ready()
        assert path.read_text().strip() == box.group.files[path]
    assert quota.read_text().strip() in ("-1", f"max {control_group.PERIOD_US}", "max 100000")


@pytest.mark.parametrize("provisioned_concurrency", [False, True])
def test_without_groups_a_start_is_scaled_if_it_is_provisioned(
    store, tmp_path, provisioned_concurrency
):
    box = _sandbox(
        tmp_path,
        "return {}",
        store,
        128,
        hold="nothing",
        hello_world_ms=0.0,
        provisioned_concurrency=provisioned_concurrency,
    )
    with (tmp_path / "function" / "handler.py").open("a") as module:
        module.write("import time\nwhile time.process_time() < 0.5: pass\n")
    with box:
        box.wait_ready()
    # CPU time is counted in steps of 10 ms.
    assert (box.start_ms >= 0.4 * 1000 / (128 / 1769)) == provisioned_concurrency


def test_without_groups_the_time_is_scaled(store, tmp_path):
    spin = "import time\n    while time.process_time() < 0.5: pass\n    return {}"
    report = _invoke(tmp_path, spin, store, 442, hold="nothing")
    assert report.cpu_ms >= 100
    assert report.duration_ms >= 3 * report.cpu_ms


def test_tmp_is_512_mb_and_goes_away(store, tmp_path):
    told = tmp_path / "told"
    code = (
        "import os; tmp = os.environ['TMPDIR']; open(tmp + '/x', 'w').close(); "
        f"open({str(told)!r}, 'w').write(tmp); return {{}}"
    )
    with _sandbox(tmp_path, code, store, 1769) as box:
        assert box.invoke({}).outcome == "ok"
        folder = Path(told.read_text())
        assert [path.name for path in folder.iterdir()] == ["x"]
        if folder.is_mount():  # where one may be mounted
            facts = os.statvfs(folder)
            assert facts.f_blocks * facts.f_frsize == 512 << 20
    assert not folder.exists()


def test_too_much_memory_is_a_result(store, tmp_path):
    needs_cgroups()
    assert _invoke(tmp_path, "bytearray(300 << 20)", store, 128).outcome == "oom"


def test_a_timeout_is_a_result(store, tmp_path):
    code = "import time; time.sleep(9)"
    assert _invoke(tmp_path, code, store, 1769, timeout_s=0.3).outcome == "timeout"
