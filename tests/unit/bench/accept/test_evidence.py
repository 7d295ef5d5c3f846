import json
from dataclasses import asdict, astuple, replace

import pytest

from bench.accept import evidence, storm, uploads
from bench.accept.clone import Clone
from bench.accept.steps import Outcome
from bench.machine import Machine

ACCOUNT = "210987654321"
MACHINE = Machine(
    cpu="A CPU",
    cpus=2,
    kernel="6",
    python="3.13.1",
    libraries={"pillow": "13.0.0"},
    commit="abc1234",
    date="2026-11-26T10:00:00+00:00",
)
DIFFERENCE = uploads.Difference(
    photo="lake.jpg",
    rendition="large.webp",
    local_bytes=100,
    remote_bytes=101,
    mean=0.125,
    largest=3,
)
UPLOADS = uploads.Figures(16, [1.0, 2.0], [DIFFERENCE])
STORM = storm.Figures(0, [3])
STEPS = [
    Outcome(name="up", seconds=61.5, detail="47 created"),
    Outcome(name="uploads", seconds=30, detail=f"of <{ACCOUNT}>", usd=0.002, figures=UPLOADS),
    Outcome(name="storm", seconds=9, detail="", usd=0.003, figures=STORM),
    Outcome(name="bench aws", state="skipped", seconds=0, detail="cannot yet"),
]


def gather(steps=STEPS, commit="abc1234", **more):
    config = {"aws:region": "eu-west-1", "aws:secretKey": "hidden", "image-pipeline:memory": 512}
    return evidence.gather(
        Clone(name="dev-accept-0a0b0c", content={"config": config | more}, left_out=("domain",)),
        steps,
        region="eu-west-1",
        machine=replace(MACHINE, commit=commit),
        versions={"Pulumi CLI": "v3"},
        prices_date="2026-11-23",
    )


def test_it_has_what_was_tried_and_what_came_out():
    found = json.loads(json.dumps(asdict(gather())))
    steps = found.pop("steps")
    assert [step["name"] for step in steps] == ["up", "uploads", "storm", "bench aws"]
    assert steps[1] == {
        "name": "uploads",
        "state": "passed",
        "seconds": 30,
        "detail": f"of <{ACCOUNT}>",
        "usd": 0.002,
        "figures": {
            "renditions": 16,
            "seconds": [1.0, 2.0],
            "differences": [asdict(DIFFERENCE)],
        },
    }
    assert steps[0]["figures"] is None
    assert found == {
        "schema": 2,
        "stack": "dev",
        "clone": "dev-accept-0a0b0c",
        "region": "eu-west-1",
        "aws": "amazon",
        "settings": {"memory": 512},
        "left_out": ["domain"],
        "commit": "abc1234",
        "date": "2026-11-26T10:00:00+00:00",
        "machine": asdict(MACHINE),
        "versions": {"Pulumi CLI": "v3"},
        "prices_date": "2026-11-23",
        "seconds": 100.5,
        "usd": 0.005,
    }


def test_outside_a_repository_the_commit_is_unknown():
    assert gather(commit=None).commit == "unknown"


def test_without_prices_there_is_no_cost():
    assert gather(STEPS[:1]).usd is None


def test_it_is_written_without_the_account(tmp_path):
    path = evidence.write(tmp_path / "new", gather(), ACCOUNT)
    assert path == tmp_path / "new" / "2026-11-26T100000-eu-west-1.json"
    assert json.loads(path.read_text())["steps"][1]["detail"] == "of <ACCOUNT>"
    page = path.with_suffix(".html").read_text()
    assert "of &lt;ACCOUNT&gt;" in page
    assert "hidden" not in path.read_text()


def test_two_runs_of_one_day_and_region_keep_their_own_files(tmp_path):
    first = evidence.write(tmp_path, gather(), ACCOUNT)
    later = replace(gather(commit="new"), date="2026-11-26T17:45:00+00:00")
    second = evidence.write(tmp_path, later, ACCOUNT)
    assert [json.loads(path.read_text())["commit"] for path in (first, second)] == [
        *("abc1234", "new"),
    ]
    assert "at commit new" in evidence.sentence(tmp_path)


def test_the_page_has_each_step_the_times_and_the_differences():
    page = evidence.page(gather())
    assert "dev was accepted on 2026-11-26 in eu-west-1, at commit abc1234, in 100 s; " in page
    assert "its uploads cost $0.00500." in page
    assert "<td>up</td><td>passed</td><td>61.5</td><td>-</td><td>47 created</td>" in page
    assert "<td>$0.00200</td>" in page
    assert "from the first byte sent to the manifest" in page
    assert page.count("<img") == 1
    row = "".join(f"<td>{value}</td>" for value in astuple(DIFFERENCE))
    assert row in page
    for said in ("dev-accept-0a0b0c", "left out of it: domain", "&#34;memory&#34;: 512"):
        assert said in page
    for said in ("Pulumi CLI v3", "A CPU, Python 3.13.1, pillow 13.0.0", "Prices of 2026-11-23"):
        assert said in page
    assert "embedded" not in page
    assert "<script" not in page


def test_a_page_without_uploads_has_no_plot():
    page = evidence.page(gather(STEPS[:1]))
    assert "<img" not in page
    assert "differ from" not in page


def test_the_embedded_aws_is_named():
    found = gather(**{"aws:endpoints": [{"s3": "http://127.0.0.1:1"}]})
    assert found.aws == "embedded"
    assert "it proves the command, and nothing about AWS" in evidence.page(found)


@pytest.mark.parametrize("exists", [True, False])
def test_without_evidence_the_readme_says_so(tmp_path, exists):
    folder = tmp_path / "evidence"
    if exists:
        evidence.write(folder, replace(gather(), aws="embedded"), ACCOUNT)
    assert evidence.sentence(folder) == evidence.NONE_YET


def test_the_newest_evidence_is_cited(tmp_path):
    folder = tmp_path / "evidence"
    for date, commit in (("2026-12-01", "new"), ("2026-11-30", "old")):
        evidence.write(folder, replace(gather(), date=date, commit=commit), ACCOUNT)
    evidence.write(folder, replace(gather(), date="2026-12-02", aws="embedded"), ACCOUNT)
    assert evidence.sentence(folder) == (
        "`make accept` last proved it on a real AWS account on 2026-12-01 in eu-west-1, at commit "
        "new: [evidence](evidence/2026-12-01-eu-west-1.html)."
    )
