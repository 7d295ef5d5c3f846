"""CONTRIBUTING.md's words and promises, held to the code and to what is committed."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
ENTRIES = re.findall(
    r"^\| ([a-z].+?) \| (.+?) \|(?: (.+?))? \|$", CONTRIBUTING.split("## Glossary")[1], re.MULTILINE
)[1:]
SUFFIXES = (".py", ".md", ".js", ".html", ".yaml", ".c", ".h")


@pytest.fixture(scope="module")
def corpus():
    """Code and docs as one text in lower case, with each run of whitespace as one space."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, check=True)
    files = [ROOT / name for name in listed.stdout.decode().splitlines()]
    read = [
        path.read_text("utf-8")
        for path in files
        if path.suffix in SUFFIXES and path.is_file() and path.name != "CONTRIBUTING.md"
    ]
    return " ".join("\n".join(read).lower().split())


def occurs(term, corpus):
    return re.search(rf"\b{term.lower()}(s|es)?\b", corpus)


def test_the_glossary_has_forty_terms_in_order():
    terms = [term for term, _, _ in ENTRIES]
    assert terms == sorted(set(terms))
    assert len(terms) >= 40


@pytest.mark.parametrize(("term", "others"), [(term, others) for term, _, others in ENTRIES])
def test_code_and_docs_keep_to_the_glossary(term, others, corpus):
    assert occurs(term, corpus)
    assert [each for each in others.split(", ") if each and occurs(each, corpus)] == []


def test_versions_are_0_until_a_real_account_was_seen():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    evidence = [*(ROOT / "evidence").glob("*.json")]
    assert version.startswith("0.") or evidence


def test_each_release_tells_how_to_upgrade():
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    sections = re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]
    names = [section.split("\n")[0] for section in sections]
    assert names[:2] == ["Unreleased", version]
    numbers = [tuple(map(int, name.split("."))) for name in names[1:]]
    assert numbers == sorted(set(numbers), reverse=True)
    for section in sections[:-1]:  # nothing is upgraded to the first release
        assert re.findall("^### (.+)$", section, re.MULTILINE)[0] == "Upgrade notes"


def test_hooks_are_commands_of_the_makefile():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    assert [hook["entry"] for hook in hooks] == [f"make {hook['id']}" for hook in hooks]
    assert {hook["id"] for hook in hooks} <= {*targets}
    assert {stage for hook in hooks for stage in hook["stages"]} == {"pre-commit", "pre-push"}


def test_lock_files_are_those_that_make_lock_makes():
    lock = (ROOT / "Makefile").read_text().split("\nlock:")[1].split("\n\n")[0]
    made = set(re.findall(r"\$\(LOCK\) (\S+)\.in -o (\S+)\.txt", lock))
    listed = subprocess.run(
        ["git", "ls-files", "*requirements*.in"], cwd=ROOT, capture_output=True, check=True
    )
    names = [name.removesuffix(".in") for name in listed.stdout.decode().splitlines()]
    assert made == {(name, name) for name in names}


def test_links_of_the_policy_and_the_templates_lead_to_files():
    for page in (CONTRIBUTING, (ROOT / "SECURITY.md").read_text("utf-8")):
        links = re.findall(r"\]\(([^)#:]+)[^)]*\)", page)
        assert links
        assert [link for link in links if not (ROOT / link).exists()] == []
