import pytest

from bench.accept import cleanup, trial
from bench.accept import clone as clones
from bench.accept.clone import Clone
from bench.accept.drive import OrderResult, Step
from bench.accept.steps import StepFailed
from bench.accept.trial import Trial
from local import program
from ops.finding import fail, ok, warn
from tests.support.accept import engine


@pytest.fixture
def make(tmp_path, monkeypatch):
    monkeypatch.setattr(clones, "ROOT", tmp_path)
    monkeypatch.setattr(program, "ROOT", tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: image-pipeline\nconfig: {}\n")

    def make(config=None, left_out=(), **answers):
        done = []
        answers = {"outputs": OrderResult()} | answers
        fake = engine(lambda do: (done.append(do), answers[do])[1])
        clone = Clone(name="dev-accept-0a0b0c", content={"config": config or {}}, left_out=left_out)
        made = Trial(clone=clone, engine=fake, folder=tmp_path, count=1, storm=1, prices=None)
        return made.steps(), done

    return make


def answer(*ops):
    """Return the answer of an operation on one resource for each."""
    return OrderResult(steps=[Step(op=op, type="t", urn="x::name") for op in ops])


def test_the_clone_is_written_and_made(make, tmp_path):
    steps, done = make({"image-pipeline:memory": 512}, ("image-pipeline:domain",))
    assert steps["settings"]().detail == (
        "Pulumi.dev-accept-0a0b0c.yaml written, protect false, without image-pipeline:domain"
    )
    assert "memory: 512" in (tmp_path / "Pulumi.dev-accept-0a0b0c.yaml").read_text()
    assert done == ["outputs"]


def test_settings_that_cannot_work_are_told_before_a_stack_is_made(make):
    steps, done = make({"image-pipeline:memory": 1})
    with pytest.raises(StepFailed, match=r"^memory must be 128 to 10240 MB; got 1\.$"):
        steps["settings"]()
    assert done == []


def test_a_preview_may_only_create(make):
    many = answer(*["create"] * 47)
    assert make(preview=many)[0]["preview"]().detail == "47 to create"
    for done in (answer("create", "update"), answer("same"), answer()):
        with pytest.raises(StepFailed, match="does more than create"):
            make(preview=done)[0]["preview"]()


@pytest.mark.parametrize(("name", "do"), [("up again", "up"), ("refresh", "refresh")])
def test_a_second_time_nothing_may_change(make, name, do):
    steps, done = make(**{do: answer("same")})
    assert steps[name]().detail == "0 changes"
    assert done == [do]
    with pytest.raises(StepFailed, match=rf"`pulumi {do}` right after .*'update': .'t name"):
        make(**{do: answer("update")})[0][name]()


@pytest.mark.parametrize(
    ("findings", "detail"),
    [
        ([ok("a", "well")], "1 check"),
        ([ok("a", "well"), warn("b", "slow", "wait")], "2 checks, warnings: b"),
    ],
)
def test_the_doctors_warnings_are_told(make, monkeypatch, findings, detail):
    monkeypatch.setattr(trial.doctor, "examine", lambda _stack: findings)
    assert make()[0]["doctor"]().detail == detail


def test_the_doctors_failures_fail(make, monkeypatch):
    findings = [ok("a", "well"), fail("b", "gone", "deploy"), fail("c", "open", "close")]
    monkeypatch.setattr(trial.doctor, "examine", lambda _stack: findings)
    with pytest.raises(StepFailed, match=r"^b: gone; deploy; c: open; close$"):
        make()[0]["doctor"]()


def test_tags_that_show_nothing_prove_nothing(make, monkeypatch):
    monkeypatch.setattr(cleanup, "by_tag", lambda _clone: [])
    monkeypatch.setattr(cleanup, "by_name", lambda _clone: ["bucket"])
    with pytest.raises(StepFailed, match="names no resource of the clone"):
        make()[0]["destroy"]()


def test_bench_aws_is_skipped_where_there_are_no_prices(make):
    outcome = make()[0]["bench aws"]()
    assert outcome.state == "skipped"
    assert "no prices" in outcome.detail
