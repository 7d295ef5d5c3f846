"""Build the documentation as a site: `make docs`. Warnings are errors, and nothing is fetched.

The pages are those of the repository, README.md first, so that they read the same on a code host.
"""

import html
import re
from pathlib import Path
from typing import Final

import mermaidx
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

_LINK: Final = re.compile(r"\[([^\]]+)\]\(([\w./-]+)\.md\)")

_PAPER: Final = "margin: 1em 0; padding: 1em; overflow-x: auto; background: #fff"
"""Style of a diagram: white in dark mode too, and wider than a phone where it has to be."""

project = "image-pipeline"
author = "the authors of image-pipeline"
extensions = ["myst_parser"]
include_patterns = [
    "*.md",
    "docs/**.md",
    "examples/component/*.md",
    "packages/pytest-pulumi/README.md",
]
exclude_patterns = [".*", "**/node_modules", "function", "tests"]
root_doc = "README"
html_theme = "furo"
html_title = "image-pipeline"
html_copy_source = False
html_show_sphinx = False
html_static_path: list[str] = []

myst_heading_anchors = 4
myst_enable_extensions = ["html_image"]
myst_fence_as_directive = ["mermaid"]
nitpicky = True


class Mermaid(SphinxDirective):
    """A diagram: drawn as SVG while the site is built, so that the page needs no script."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the drawing; raises an error of Mermaid's for a diagram that it cannot read."""
        source = "\n".join(self.content)
        try:
            drawing = mermaidx.render(source, theme="neutral").svg()
        except RuntimeError as error:
            raise self.error(str(error)) from error
        # Each drawing carries a style sheet for its id, which must be the page's only one.
        identity = f"diagram-{self.env.new_serialno('mermaid')}"
        drawing = drawing.replace("my-svg", identity)
        drawing = drawing.replace('style="', 'style="min-width: 36em; ', 1)
        label = html.escape(" ".join(source.split()), quote=True)
        shown = f'<figure style="{_PAPER}" role="img" aria-label="{label}">{drawing}</figure>'
        return [nodes.raw("", shown, format="html")]


def add_contents(app: Sphinx, page: str, source: list[str]) -> None:
    """Give the first page the index's contents: each heading becomes a part of the sidebar."""
    if page != app.config.root_doc:
        return
    file = Path(app.srcdir) / "docs" / "README.md"
    app.env.note_dependency(str(file))
    index = file.read_text(encoding="utf-8")
    parts = index.split("\n## ")[1:]
    listed = [
        (caption, _LINK.findall(text)) for caption, _, text in (p.partition("\n") for p in parts)
    ]
    named = {f"docs/{link}" for _, links in listed for _, link in links}
    # Pages that the index does not list: decisions, the changelog, how to contribute.
    others = sorted(app.env.found_docs - named - {page})
    tables = [
        (caption, [f"{title} <docs/{link}>" for title, link in links]) for caption, links in listed
    ]
    for caption, entries in [*tables, ("More", others)]:
        lines = ["```{toctree}", ":hidden:", f":caption: {caption}", *entries, "```"]
        source[0] += "\n" + "\n".join(lines) + "\n"


def add_front_door(app: Sphinx, error: Exception | None) -> None:
    """Send a reader of the site's folder to its first page."""
    if error is None:
        to = '<!doctype html><meta http-equiv="refresh" content="0; url=README.html">\n'
        (Path(app.outdir) / "index.html").write_text(to, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Connect the above; Sphinx calls this."""
    app.add_directive("mermaid", Mermaid)
    app.connect("source-read", add_contents)
    app.connect("build-finished", add_front_door)
