import zipfile

import pytest

from bench.cost.prices import load
from bench.sandbox.stub_s3 import StubS3
from bench.sweep.results import Stored
from bench.sweep.summary import summarise
from bench.sweep.workloads import Workload
from bench.tune.invocations import Uploads
from bench.tune.measurement import Effort, sweep
from function.engine.renditions import DEFAULT_RENDITIONS
from pipeline.bundle import Bundle
from pipeline.settings import Settings

HANDLER = "def handle(event, context):\n    return {'batchItemFailures': []}\n"


@pytest.fixture
def bundle(tmp_path):
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("function/handler.py", HANDLER)
    return Bundle(path=path, sha256_base64="x")


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{number}.jpg" for number in range(3)]
    for path in paths:
        path.write_bytes(path.name.encode())
    return tuple(paths)


class Store(StubS3):
    """A stub that interrupts the nth upload, and remembers what was uploaded."""

    def __init__(self, interrupt_at=None):
        super().__init__(latency_ms=0)
        self.interrupt_at, self.bodies = interrupt_at, []

    def upload(self, key, body):
        self.bodies.append(body)
        if len(self.bodies) == self.interrupt_at:
            raise KeyboardInterrupt
        return super().upload(key, body)


def run(bundle, files, store, sizes=(1769, 3008), samples=4, settings=None):
    effort = Effort(samples=samples, budget_s=20)
    try:
        load = Workload("load", files)
        return sweep(
            bundle,
            [load],
            sizes,
            store=store,
            effort=effort,
            advance=lambda name: None,
            kinds=[Uploads(settings)],
        )
    finally:
        store.close()


def row(case):
    return summarise(case, load("us-east-1"), "sandbox")


ONE = (
    "import json, os\ndef handle(event, context):\n    [_] = json.loads(os.environ['RENDITIONS'])\n"
)


@pytest.mark.parametrize(
    ("settings", "outcome"),
    [(None, "failed"), (Settings(renditions=DEFAULT_RENDITIONS[:1]), "ok")],
)
def test_the_function_is_given_the_settings(tmp_path, files, settings, outcome):
    with zipfile.ZipFile(tmp_path / "one.zip", "w") as archive:
        archive.writestr("function/handler.py", ONE + HANDLER.splitlines()[1])
    bundle = Bundle(path=tmp_path / "one.zip", sha256_base64="x")
    (case,) = run(bundle, files, Store(), (1769,), 1, settings).cases
    assert {report.outcome for report in case.reports} == {outcome}


def test_a_cold_run_and_then_warm_ones(bundle, files):
    found = run(bundle, files[:1], Store())
    assert found.complete
    assert [case.setup.memory_mb for case in found.cases] == [1769, 3008]
    for case in found.cases:
        cold, *warm = case.reports
        assert cold.init_ms
        assert 3 <= len(warm) <= 4
        assert all(report.init_ms is None for report in warm)
        assert row(case).outcome == "ok"


def test_an_interrupt_keeps_the_case_under_way(bundle, files):
    found = run(bundle, files, Store(interrupt_at=8))
    assert not found.complete
    assert [len(case.reports) for case in found.cases] == [5, 2]


def test_a_case_without_a_warm_run_is_never_chosen(bundle, files):
    (case,) = run(bundle, files, Store(interrupt_at=2)).cases
    assert row(case).outcome == "cold only"


def test_the_files_of_a_folder_take_turns(bundle, files):
    store = Store()
    run(bundle, files, store, sizes=(3008,), samples=1)
    assert store.bodies == [b"0.jpg", b"1.jpg", b"2.jpg", b"0.jpg"]


def test_weights_decide_how_often_a_file_is_taken(bundle, files):
    store, load = Store(), Workload("load", files[:2], (1, 3))
    effort = Effort(samples=7, budget_s=20)
    found = sweep(
        bundle,
        [load],
        [3008],
        store=store,
        effort=effort,
        advance=lambda name: None,
        kinds=[Uploads()],
    )
    store.close()
    assert store.bodies.count(b"1.jpg") == 6
    assert found.cases[0].stored[0] == Stored(images=1, uploaded_bytes=5, made_bytes=0, objects=1)


def test_cases_without_reports_are_left_out(bundle, files):
    assert run(bundle, files, Store(interrupt_at=1)).cases == []
