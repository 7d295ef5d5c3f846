"""The whole command that proves a stack, in a copy of this checkout whose dev is embedded."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from bench.accept import cleanup, cloud
from bench.accept.clone import Clone
from local.program import ROOT
from local.provider.service import CODE
from local.server import ROOT_KEY
from pipeline.bundle import Target, build
from tests.engine.support import ALL
from tests.support.waiting import wait_until

STEPS: Final = [
    *("settings", "preview", "up", "up again", "refresh", "doctor", "uploads", "denied"),
    *("hostile", "storm", "first views", "lazy formats", "bench aws", "destroy"),
]
SETTINGS: Final = {"memory": 1000, "timeout": 10, "alarmEmail": "on-call@example.com"}
"""Over those of dev: the removal waits as long as the function may run; and one that is shared."""

THUMB: Final = {"name": "thumb", "width": 150, "height": 150, "formats": ["jpeg"]}

SECONDS: Final = 300


@dataclass
class Checkout:
    """A copy of this checkout, a Pulumi backend, and a stack ``dev`` that must stay as it is."""

    folder: Path
    variables: dict[str, str]
    config: dict[str, Any]

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [".venv/bin/python", "-m", "bench", "accept", *words],
            cwd=self.folder,
            env=os.environ | self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=SECONDS)
        return process.returncode, out, err

    def pulumi(self, *words: str) -> str:
        done = subprocess.run(
            ["pulumi", *words],
            cwd=self.folder,
            env=os.environ | self.variables,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def clones(self) -> list[str]:
        """Return what is left of clones: stacks, settings files, resources."""
        stacks = [found["name"] for found in json.loads(self.pulumi("stack", "ls", "--json"))]
        files = [path.name for path in self.folder.glob("Pulumi.*-accept-*")]
        return [name for name in stacks if name != "dev"] + files + self.resources()

    def resources(self) -> list[str]:
        """Return the names of the resources that clones have."""
        return cleanup.by_name(self._any_clone)

    def uploads(self) -> list[str]:
        """Return the keys of the uploads that clones hold."""
        s3 = cloud.clients(self._any_clone)("s3")
        sources = [name for name in self.resources() if "-source-" in name]
        found = [s3.list_objects_v2(Bucket=bucket) for bucket in sources]
        return [item["Key"] for listing in found for item in listing.get("Contents", ())]

    @property
    def _any_clone(self) -> Clone:
        return Clone(name="dev-accept-", content={"config": self.config})


slow = pytest.mark.skipif(not ALL, reason="ENGINE=all tries it")


@pytest.fixture
def checkout(cli, server, tmp_path) -> Checkout:
    folder = tmp_path / "checkout"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in [*names.strip("\0").split("\0"), "function/engine/_native.abi3.so"]:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for shared in (".cache", ".venv"):
        (folder / shared).symlink_to(ROOT / shared)
    binaries = tmp_path / "bin"
    binaries.mkdir()
    provider = binaries / "pulumi-resource-aws"
    provider.write_text(
        f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m local.provider "$@"\n'
    )
    provider.chmod(0o755)
    (tmp_path / "state").mkdir()
    path = folder / "Pulumi.dev.yaml"
    content = yaml.safe_load(path.read_text())
    content["config"] |= {
        "aws:endpoints": [dict.fromkeys(("s3", "s3control", "sqs", "lambda"), server.endpoint)],
        "aws:accessKey": ROOT_KEY,
        "aws:secretKey": ROOT_KEY,
        **{f"image-pipeline:{key}": value for key, value in SETTINGS.items()},
    }
    path.write_text(yaml.safe_dump(content))
    variables = {
        "PATH": f"{binaries}:{cli / 'bin'}:{os.environ['PATH']}",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        CODE: str(build(Target.host()).path),
    }
    made = Checkout(folder, variables, content["config"])
    made.pulumi("stack", "init", "dev")
    return made


def test_a_stack_is_proved_and_nothing_is_left(checkout):
    before = (checkout.folder / "Pulumi.dev.yaml").read_bytes()
    words = ("--stack", "dev", "--uploads", "8", "--storm", "8")
    code, out, err = checkout.run(*words, "--evidence", "proof")
    assert (code, err.count("error")) == (0, 0), out + err

    shown = re.findall(r"^(?:passed|skipped) +(\w[\w ]*\w) +[\d.]+ s", out, re.MULTILINE)
    assert shown == STEPS
    found = json.loads(next((checkout.folder / "proof").glob("*.json")).read_text())
    assert [step["name"] for step in found["steps"]] == STEPS
    states = {step["name"]: step["state"] for step in found["steps"]}
    assert states.pop("first views") == "skipped"  # dev has no lazy renditions
    assert states.pop("lazy formats") == "skipped"
    assert set(states.values()) == {"passed"}
    bench = next(step for step in found["steps"] if step["name"] == "bench aws")
    assert (bench["figures"]["measured_on"], bench["figures"]["samples"]) == ("embedded AWS", 5)
    steps = {step["name"]: step for step in found["steps"]}
    assert found["left_out"] == ["image-pipeline:alarmEmail"]
    assert found["settings"]["protect"] is False
    assert steps["uploads"]["figures"]["differences"] == []
    assert steps["uploads"]["figures"]["renditions"] == 40
    assert 0 < steps["uploads"]["usd"] < 0.01
    assert set(steps["denied"]["figures"]["statuses"].values()) == {403}
    assert int(re.findall(r"by tag \((\d+) before\)", steps["destroy"]["detail"])[0]) > 5
    assert (found["aws"], found["region"]) == ("embedded", "us-east-1")
    assert "000000000000" not in json.dumps(found)
    page = next((checkout.folder / "proof").glob("*.html")).read_text()
    assert all(f"<td>{name}</td>" in page for name in STEPS)
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []

    assert checkout.clones() == []
    assert (checkout.folder / "Pulumi.dev.yaml").read_bytes() == before
    assert not (checkout.folder / "evidence").exists()
    assert checkout.pulumi("stack", "--show-name").strip() == "dev"


def test_stopped_in_the_middle_it_prints_what_cleans_up(checkout):
    process = checkout.start("--stack", "dev", "--uploads", "60")
    assert process.stdout
    seen = ""
    for line in process.stdout:
        seen += line
        if " doctor " in line:
            break
    assert " doctor " in seen
    wait_until(checkout.uploads)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "interrupted uploads" in out
    assert checkout.clones() != []

    (words,) = re.findall(r"^  \S+ -m bench accept (.+)$", err, re.MULTILINE)
    for told in ("is removed", "There is no stack"):
        code, out, err = checkout.run(*words.split())
        assert (code, out.count("nothing of it is left")) == (0, 1), err
        assert told in out
        assert checkout.clones() == []


@slow
def test_stopped_while_the_engine_works_it_can_be_cleaned_up(checkout):
    process = checkout.start("--stack", "dev", "--clean-up", "always")
    assert process.stdout
    for line in process.stdout:
        if " preview " in line:
            break
    wait_until(checkout.resources)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 1
    assert "interrupted up " in out
    assert "nothing of it is left" in out, err
    assert checkout.clones() == []


@slow
def test_an_action_that_is_not_denied_fails_its_step(checkout):
    path = checkout.folder / "pipeline" / "permissions" / "bucket_policies.py"
    text = path.read_text()
    put = 'allow("PublicUpload", "s3:PutObject"'
    loose = text.replace(put, 'allow("PublicUpload", ["s3:PutObject", "s3:GetObject"]', 1)
    assert loose != text
    path.write_text(loose)
    words = ("--stack", "dev", "--uploads", "1")
    code, out, err = checkout.run(*words)
    assert code == 1
    assert "failed      denied" in out
    assert "error: denied failed: read an upload" in err
    assert "storm" not in out
    (words,) = re.findall(r"^  \S+ -m bench accept (.+)$", err, re.MULTILINE)
    assert checkout.run(*words.split())[0] == 0
    assert checkout.clones() == []


@slow
def test_what_pulumi_refuses_is_told_on_one_line(checkout, tmp_path):
    checkout.variables["PULUMI_BACKEND_URL"] = f"file://{tmp_path / 'absent'}"
    code, out, err = checkout.run("--stack", "dev")
    assert code == 1
    assert "failed      settings" in out
    (line,) = [line for line in err.splitlines() if line.startswith("error: ")]
    assert line.startswith("error: settings failed: ")
    assert "absent" in line
    assert len(line) < 400


@slow
def test_a_private_stack_is_proved(checkout):
    private = {"uploads": "presigned", "delivery": "cdn", "encryption": "kms"}
    private |= {"wafRequestsPerMinute": 10}  # fewer than one upload's polls for its manifest
    private |= {
        "renditions": [
            {"name": "poster", "width": 1600, "height": 1600, "formats": ["jpeg"], "lazy": True},
            THUMB | {"lazyFormats": ["avif"]},
        ]
    }
    path = checkout.folder / "Pulumi.dev.yaml"
    content = yaml.safe_load(path.read_text())
    content["config"] |= {f"image-pipeline:{key}": value for key, value in private.items()}
    path.write_text(yaml.safe_dump(content))
    words = ("--stack", "dev", "--uploads", "2", "--storm", "2", "--evidence", "proof")
    code, out, err = checkout.run(*words)
    assert code == 0, out + err
    found = json.loads(next((checkout.folder / "proof").glob("*.json")).read_text())
    denied, hostile = found["steps"][7:9]
    tried = denied["figures"]["statuses"].keys()
    assert tried > {"upload without a form", "read a rendition past the CDN"}
    assert "empty.jpg http_400" in hostile["detail"]
    (views,) = [step for step in found["steps"] if step["name"] == "first views"]
    assert (views["state"], views["figures"]["differences"]) == ("passed", [])
    assert len(views["figures"]["first_ms"]) > 1
    (formats,) = [step for step in found["steps"] if step["name"] == "lazy formats"]
    assert (formats["state"], formats["figures"]["differences"]) == ("passed", [])
    assert len(formats["figures"]["made_s"]) > 1
    assert checkout.clones() == []
