"""How the policy pack is declared; tests/infra/test_policy_pack.py runs it on evaluated stacks."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
PACK = ROOT / "policy"


def test_the_pack_is_declared_as_pulumi_reads_it():
    declared = yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text())
    assert declared["runtime"] == {
        "name": "python",
        "options": {"toolchain": "pip", "virtualenv": ".venv"},
    }
    assert re.fullmatch(r"\d+\.\d+\.\d+", declared["version"])


def test_the_packs_environment_is_pinned_like_the_programs():
    def pins(path: str) -> dict[str, str]:
        found = re.findall(r"^([\w-]+)==(\S+)", (ROOT / path).read_text(), re.MULTILINE)
        return dict(found)

    pack, program = pins("policy/requirements.txt"), pins("requirements.txt")
    assert pack["pulumi"] == program["pulumi"]
    assert pack["pulumi-policy"] == pins("requirements-dev.txt")["pulumi-policy"]
    assert "--hash=sha256:" in (PACK / "requirements.txt").read_text()
