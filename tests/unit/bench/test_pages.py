"""Pages: self-contained, and no text is taken for markup."""

import re
import subprocess
import sys

from bench import charts, pages


def page(**values):
    given = {
        "title": "A <b>",
        "verdict": ["1 < 2."],
        "head": ["name"],
        "rows": [["<i>"]],
        "links": [],
        "charts": [],
        "how": "by & by",
    }
    return pages.render("sweep/page.html", **{**given, **values})


def test_text_is_escaped():
    html = page()
    assert "<h1>A &lt;b&gt;</h1>" in html
    assert "<p>1 &lt; 2.</p>" in html
    assert "<td>&lt;i&gt;</td>" in html
    assert "<pre>by &amp; by</pre>" in html


def test_a_page_needs_no_script_and_nothing_from_elsewhere():
    chart = charts.lines({"a": [(1, 1), (2, 2)]}, x="MB", y="ms")
    html = page(charts=[chart])
    assert '<img alt="ms over MB" src="data:image/svg+xml;base64,' in html
    assert "<script" not in html
    assert re.findall(r'(?:src|href)="(?!data:)', html) == []


def test_the_libraries_are_imported_only_for_a_page():
    packages = ("sweep.report", "cost.report", "capacity.report", "engines.report", "load.report")
    code = (
        f"import sys, {', '.join('bench.' + name for name in packages)}\n"
        "sys.exit(bool({'matplotlib', 'jinja2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
