from dataclasses import replace

import pytest

from bench.sandbox import Sandbox, unpacked
from bench.sandbox.function import DESTINATION
from bench.sandbox.stub_s3 import StubS3
from bench.sweep.workloads import Workload
from bench.tune.invocations import FirstViews, Uploads, kinds, with_lazy
from pipeline.bundle import Target, build
from pipeline.settings import Settings
from terminal import Failure, Misuse


@pytest.fixture
def store():
    found = StubS3(latency_ms=0)
    yield found
    found.close()


@pytest.fixture
def one(tmp_path, jpeg):
    path = tmp_path / "a b.jpg"
    path.write_bytes(jpeg)
    return Workload("one", (path,))


def test_uploads_are_measured_unless_files_are_named():
    assert list(kinds(Settings(), ())) == [Uploads(Settings())]
    assert [kind.first_view for kind in kinds(Settings(), ("large.jpg", "thumb.jpg"))] == [
        "large.jpg",
        "thumb.jpg",
    ]


def test_only_the_rendition_that_is_viewed_is_made_lazy():
    settings = with_lazy(Settings(), "large.avif")
    assert [each.name for each in settings.renditions if each.lazy] == ["large"]


def test_a_stack_whose_other_renditions_are_lazy_gets_one_that_is_not():
    renditions = [each.replace(lazy=each.name != "large") for each in Settings().renditions]
    settings = with_lazy(replace(Settings(), delivery="cdn", renditions=renditions), "large.jpg")
    assert sum(not each.lazy for each in settings.renditions) == 1


def test_a_file_that_no_rendition_has_is_misuse():
    with pytest.raises(Misuse, match=r"choose of .*large\.jpg, large\.avif"):
        with_lazy(Settings(), "large.png")


def test_the_only_rendition_cannot_be_viewed():
    with pytest.raises(Misuse, match="add another"):
        with_lazy(replace(Settings(), renditions=Settings().renditions[:1]), "large.jpg")


def made(store, name):
    return [path for path in store.objects if path.endswith(f"/{name}")]


@pytest.mark.network
def test_each_view_of_the_real_bundle_is_the_first(store, one):
    (views,) = kinds(Settings(), ("large.jpg",))
    with unpacked(build(Target.host())) as task:
        views.prepare(task, one, store)
        assert made(store, "manifest.json")
        assert not made(store, "large.jpg")
        variables = views.variables(1769, store)
        with Sandbox(task, 1769, variables, handler=views.handler, hello_world_ms=0) as box:
            for _ in range(2):
                event = views.event(one.files[0], store)
                assert not made(store, "large.jpg")
                before = store.made()[0]
                assert box.invoke(event).outcome == "ok"
                assert store.made()[0] == before + 1
                assert made(store, "large.jpg")
            (path,) = made(store, "manifest.json")
            store.objects.pop(path)
            assert box.invoke(views.event(one.files[0], store)).outcome == "rejected"
            store.objects[path] = (b"no JSON", {"ETag": '"x"'})
            assert box.invoke(views.event(one.files[0], store)).outcome == "failed"
    assert path.startswith(f"/{DESTINATION}/bench/")


@pytest.mark.network
def test_an_upload_that_is_rejected_has_no_view_to_measure(store, tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(b"no picture")
    views = FirstViews(with_lazy(Settings(), "large.jpg"), "large.jpg")
    with (
        unpacked(build(Target.host())) as task,
        pytest.raises(Failure, match=r"a\.jpg has no first view: its upload ended as rejected"),
    ):
        views.prepare(task, Workload("w", (path,)), store)
