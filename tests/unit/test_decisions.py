"""Decision records: one page each, in one form, with figures that the linked files really have."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))
SECTIONS = ["Context", "Decision", "Figures", "Considered", "Consequences"]
LINK = re.compile(r"\[[^]]+\]\(([^)#]+)[^)]*\)")
FIGURE = re.compile(r"\d[\d.,]*\d|\d")


def test_pages_are_numbered_without_a_gap_and_listed():
    names = [page.name for page in PAGES]
    assert [name[:4] for name in names] == [f"{n:04}" for n in range(1, len(names) + 1)]
    listed = re.findall(
        r"^\| \[(\d{4})\]\((.+)\) \| (.+) \|$", read(FOLDER / "README.md"), re.MULTILINE
    )
    titles = [read(page).split("\n")[0].removeprefix(f"# {page.name[:4]}: ") for page in PAGES]
    assert listed == [(n[:4], n, title) for n, title in zip(names, titles, strict=True)]


def read(page):
    return page.read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_its_sections_and_fits_a_screen_or_two(page):
    text = read(page)
    assert re.findall("^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert re.search(r"^Status: (accepted|replaced by \[\d{4}\]\(.+\))$", text, re.MULTILINE)
    assert len(text.splitlines()) <= 60


@pytest.mark.parametrize("page", [FOLDER / "README.md", *PAGES], ids=lambda page: page.stem)
def test_links_lead_to_files(page):
    missing = [link for link in LINK.findall(read(page)) if not (FOLDER / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_figures_are_those_of_the_linked_file(page):
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", read(page), re.MULTILINE)[1:]
    assert rows
    for _, figures, source in rows:
        if source.strip("- "):
            (link,) = LINK.findall(source)
            text = read(FOLDER / link)
            numbers = FIGURE.findall(figures)
            assert numbers, figures
            assert [
                n for n in numbers if not re.search(rf"(?<![\d.]){re.escape(n)}(?![\d])", text)
            ] == []
