import io
import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store
from PIL import Image

from bench.sandbox import Sandbox, control_group, unpacked
from bench.sandbox.function import DESTINATION, upload, variables
from bench.sandbox.selfcheck import PUBLISHED_MS, Share, verdict
from bench.sandbox.stub_s3 import StubS3
from pipeline.bundle import Target, build
from tests.support.waiting import wait_until


@pytest.fixture
def store():
    server = StubS3(latency_ms=0, mb_per_s=10_000)
    yield server
    server.close()


def test_the_store_deletes_several_as_s3_does(store):
    for key in ("a & b", "c", "kept"):
        store.put(f"/bucket/{key}", b"x", {})
    bucket = S3Store(
        "bucket",
        endpoint=store.url,
        region="us-east-1",
        access_key_id="bench",
        secret_access_key="bench",
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
    obstore.delete(bucket, ["a & b", "c"])
    assert list(store.objects) == ["/bucket/kept"]


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
    """What a v2 hierarchy looks like to us, made of plain files: this machine's kernel has v1."""
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
    assert (group.folders[0] / "memory.max").exists()


def test_where_no_group_may_be_made_nothing_is_held(tmp_path):
    assert control_group.build(512, root=tmp_path / "absent").kind == "none"
    assert control_group.build(512, "nothing", fake_v2(tmp_path)).kind == "none"


def test_the_published_curve_is_memory_over_1769():
    for memory_mb, ms in PUBLISHED_MS.items():
        share = memory_mb / control_group.MB_PER_VCPU
        assert PUBLISHED_MS[1769] / ms == pytest.approx(share, rel=0.07)


def test_self_check_names_the_worst_size():
    good = Share(memory_mb=128, expected=0.1, measured=0.101, lambda_share=None)
    bad = Share(memory_mb=512, expected=0.3, measured=0.2, lambda_share=None)
    assert verdict([good]).startswith("Self-check passed")
    assert "worst: 512 MB" in verdict([good, bad])
    assert "FAILED" in verdict([good, bad])


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
    box = _sandbox(tmp_path, "return {}", store, 442, free_start=True)
    with (tmp_path / "function" / "handler.py").open("a") as module:
        module.write(f"open({str(begun)!r}, 'w').close()\n")
    with box:
        wait_until(begun.exists)
        first, second = box.invoke({}), box.invoke({})
        held = {path: path.read_text().strip() for path in box.group.files}
    assert first.init_ms > 0
    assert second.init_ms is None
    assert held == box.group.files


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
