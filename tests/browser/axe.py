"""Accessibility of the page as it is shown, checked by axe-core."""

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page

SCRIPT = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
"""WCAG 2.2 at level AA, and axe's own advice."""


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """Return each rule that the page breaks, with the place."""
    page.evaluate(SCRIPT)
    found = page.evaluate("rules => axe.run({runOnly: rules})", RULES)
    return [(rule["id"], node["target"]) for rule in found["violations"] for node in rule["nodes"]]
