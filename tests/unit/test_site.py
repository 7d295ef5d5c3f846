"""The documentation builds as a site without a warning, and what is wrong in it ends the build."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INDEX = "# Index\n\n## Start\n\n- [A page](page.md)\n"
PAGE = "# A page\n\n## Here\n\n[there](../README.md)\n"


def build(source: Path, output: Path) -> subprocess.CompletedProcess[str]:
    """Build as `make docs` does; with no network, since Python may open no socket."""
    recipe = (ROOT / "Makefile").read_text().split("-m sphinx ")[1].split(" . ")[0].split()
    options = [str(ROOT / "docs") if word == "docs" else word for word in recipe]
    offline = (
        "import runpy, socket, sys\n"
        "def refuse(*_): raise OSError('the build must not need the network')\n"
        "socket.socket.connect = refuse\n"
        "sys.argv[0] = 'sphinx'\n"
        "runpy.run_module('sphinx', run_name='__main__')\n"
    )
    command = [sys.executable, "-c", offline, *options, str(source), str(output)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    output = tmp_path_factory.mktemp("site")
    done = build(ROOT, output)
    assert (done.returncode, done.stderr) == (0, "")
    return output


def test_every_page_of_the_repository_is_in_the_site(site):
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    missing = [p for p in pages if not (site / p.relative_to(ROOT)).with_suffix(".html").is_file()]
    assert missing == []


def test_the_sidebar_is_the_index(site):
    sidebar = (site / "docs" / "deploy.html").read_text().split('class="sidebar-tree"')[1]
    shown = re.findall(
        r'<a class="[^"]*" href="([\w-]+)\.html">', sidebar.split("sidebar-drawer")[0]
    )
    index = (ROOT / "docs" / "README.md").read_text()
    assert set(re.findall(r"\]\(([\w-]+)\.md\)", index)) - {"deploy"} <= set(shown)


def test_diagrams_are_drawn(site):
    text = (ROOT / "docs" / "how-it-works.md").read_text()
    page = (site / "docs" / "how-it-works.html").read_text()
    assert page.count("<figure style=") == text.count("```mermaid") == 4
    assert page.count('<svg id="diagram-') == 4
    assert "Dead-letter queue" in page


def test_pages_load_nothing_from_other_hosts(site):
    for path in site.rglob("*.html"):
        page = path.read_text()
        loaded = re.findall(
            r'<(?:script|img|iframe|link)[^>]+(?:src|href)="(https?://[^"]+)"', page
        )
        assert loaded == [], path


def test_a_small_site_builds(tmp_path):
    assert small(tmp_path, PAGE).returncode == 0


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (PAGE + "[x](absent.md)\n", "absent.md"),
        (PAGE + "[x](#nowhere)\n", "nowhere"),
        (PAGE + "[x](README.md#nowhere)\n", "nowhere"),
        (PAGE + "![x](absent.webp)\n", "absent.webp"),
        (PAGE + "```mermaid\nflowchart XX\n a -->\n```\n", "Lexical error"),
        (PAGE.replace("## Here", "#### Here"), "H1 to H4"),
    ],
    ids=["page", "anchor", "anchor of a page", "picture", "diagram", "heading"],
)
def test_what_is_wrong_ends_the_build(tmp_path, page, found):
    done = small(tmp_path, page)
    assert done.returncode != 0
    assert found in done.stderr


def small(folder: Path, page: str) -> subprocess.CompletedProcess[str]:
    source = folder / "source"
    (source / "docs").mkdir(parents=True)
    (source / "README.md").write_text("# Home\n")
    (source / "docs" / "README.md").write_text(INDEX)
    (source / "docs" / "page.md").write_text(page)
    return build(source, folder / "site")
