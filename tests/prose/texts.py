"""Find the sentences of a file: prose, docstrings, comments and messages, each with its line."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import groupby
from pathlib import Path

from markdown_it import MarkdownIt
from pygments.lexers import get_lexer_for_filename
from pygments.token import Comment, Token

MARKDOWN = MarkdownIt("commonmark").enable("table")
CODE = "…"
"""Stands for code in a sentence, which no rule reads."""
BACKTICKS = re.compile(r"(`+)[^`]+\1")
KINDS = {
    "heading_open": "heading",
    "th_open": "heading",
    "heading_close": "paragraph",
    "th_close": "paragraph",
}
MESSAGE_WORDS = 3
"""A string of fewer words is taken for a name, a key or a format."""
SPOKEN_ATTRIBUTES = ("alt", "aria-label", "content", "placeholder", "title")
MESSAGES = (Token.Literal.String, Token.Literal.Scalar, Token.Name.Constant)
"""The last two are YAML's texts, a token for each word or line."""
QUOTES = "\"'` "
PREPROCESSOR = (Comment.Preproc, Comment.PreprocFile)
COMMENT_MARKS = re.compile(r"^\s*(/\*+|\*+/|\*(?!\*)|//+|#+:?|<!--)?|(\*+/|-->)\s*$")


@dataclass(frozen=True)
class Text:
    """A paragraph, heading, docstring, comment or message, with its whitespace collapsed."""

    kind: str
    lines: tuple[tuple[int, str], ...]

    @property
    def content(self) -> str:
        return " ".join(line for _, line in self.lines)


def texts(path: Path) -> Iterator[Text]:
    """Yield the texts of a file by its kind; nothing of a kind that has none, such as a picture."""
    match path.suffix:
        case ".md":
            return _markdown(path.read_text("utf-8"))
        case ".py":
            return _python(path.read_text("utf-8"))
        case ".html":
            return _html(path.read_text("utf-8"))
        case ".js" | ".mjs" | ".css" | ".c" | ".h" | ".ts" | ".go" | ".toml" | ".yaml" | ".yml":
            return _source(path)
        case _ if path.name == "Makefile":
            return _source(path)
        case _:
            return iter(())


def _text(kind: str, first: int, content: str) -> Text:
    content = BACKTICKS.sub(lambda code: CODE + "\n" * code[0].count("\n"), content)
    lines = enumerate((" ".join(line.split()) for line in content.split("\n")), first)
    return Text(kind, tuple((number, line) for number, line in lines if line))


def _markdown(content: str) -> Iterator[Text]:
    kind = "paragraph"
    for token in MARKDOWN.parse(content):
        if token.type in KINDS:
            kind = KINDS[token.type]
        elif token.type == "inline" and token.map and token.children:
            words = (_spoken(child.type, child.content) for child in token.children)
            yield _text(kind, token.map[0] + 1, "".join(words))


def _spoken(kind: str, content: str) -> str:
    if kind in {"softbreak", "hardbreak"}:
        return "\n"
    return {"text": content, "code_inline": CODE}.get(kind, "")


def _python(content: str) -> Iterator[Text]:
    yield from _comments(_python_comments(content))
    found = _Strings()
    found.visit(ast.parse(content))
    yield from found.texts


class _Strings(ast.NodeVisitor):
    """Collects docstrings, also those of attributes, and messages."""

    def __init__(self) -> None:
        self.texts: list[Text] = []

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            self.texts += _paragraphs(node.lineno, node.value.value)
        else:
            self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.texts += _message(node.lineno, node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        parts = (str(p.value) if isinstance(p, ast.Constant) else CODE for p in node.values)
        self.texts += _message(node.lineno, "".join(parts))


def _paragraphs(line: int, docstring: str) -> Iterator[Text]:
    """Split a docstring, whose first paragraph is the one that tools show alone."""
    kind = "docstring"
    for paragraph in re.split(r"(?<=\n)[ \t]*\n", docstring):
        yield _text(kind, line, paragraph)
        line += paragraph.count("\n") + 1
        kind = "paragraph"


def _python_comments(content: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _message(line: int, content: str) -> Iterator[Text]:
    if len(content.split()) >= MESSAGE_WORDS:
        yield _text("message", line, content)


def _comments(found: Iterator[tuple[int, str]]) -> Iterator[Text]:
    """Join comments on lines that follow each other, which are one paragraph."""
    lines = [
        (number, COMMENT_MARKS.sub("", line))
        for first, comment in found
        for number, line in enumerate(comment.split("\n"), first)
    ]
    for _, group in groupby(enumerate(lines), lambda each: each[1][0] - each[0]):
        numbered = [line for _, line in group]
        yield _text("comment", numbered[0][0], "\n".join(line for _, line in numbered))


def _source(path: Path) -> Iterator[Text]:
    tokens = get_lexer_for_filename(path.name, stripnl=False).get_tokens(path.read_text("utf-8"))
    comments, message, first, line = [], "", 1, 1
    for token, value in tokens:
        if any(token in kind for kind in MESSAGES):
            first = first if message else line
            message += value
        elif token in Token.Text.Whitespace:
            message += value if message else ""
        else:
            yield from _message(first, message.strip(QUOTES))
            message = ""
        if token in Comment and not any(token in kind for kind in PREPROCESSOR):
            comments.append((line, value.rstrip("\n")))
        line += value.count("\n")
    yield from _message(first, message.strip(QUOTES))
    yield from _comments(iter(comments))


def _html(content: str) -> Iterator[Text]:
    page = _Page()
    page.feed(content)
    return iter(page.texts)


class _Page(HTMLParser):
    """Collects what a page says and what a screen reader is told of it."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[Text] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in SPOKEN_ATTRIBUTES and value:
                self.texts += _message(self.getpos()[0], value)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(_text("paragraph", self.getpos()[0], data))

    def handle_comment(self, data: str) -> None:
        self.texts.append(_text("comment", self.getpos()[0], data))
