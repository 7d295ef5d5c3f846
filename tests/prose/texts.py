"""Find the sentences of a file: prose, docstrings, comments and messages, each with its line."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token as Markup
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.token import Comment, Token
from pygments.util import ClassNotFound

SOURCES = {
    *(".js", ".mjs", ".ts", ".css", ".c", ".h", ".go", ".java", ".cs", ".sh"),
    *(".toml", ".yaml", ".yml", ".json"),
}
SHELL = re.compile(rb"#!.*\b(ba)?sh\n")
MARKDOWN = MarkdownIt("commonmark").enable("table")
CODE = "…"
"""Stands for code in a sentence, which no rule reads."""
BACKTICKS = re.compile(r"(`+)[^`]+\1")
BREAKS = {"softbreak", "hardbreak"}
KINDS = {
    "heading_open": "heading",
    "th_open": "heading",
    "heading_close": "paragraph",
    "th_close": "paragraph",
}
MESSAGE_WORDS = 3
"""A string of fewer words is taken for a name, a key or a format."""
SPOKEN_ATTRIBUTES = ("alt", "aria-label", "content", "label", "placeholder", "title")
HEADINGS = ("title", "h1", "h2", "h3", "h4", "h5", "h6", "th")
INLINE = ("a", "b", "br", "code", "em", "i", "kbd", "small", "span", "strong", "wbr")
MESSAGES = (Token.Literal.String, Token.Literal.Scalar, Token.Name.Constant)
"""The last two are YAML's texts, a token for each word or line."""
QUOTES = "\"'` "
PREPROCESSOR = (Comment.Preproc, Comment.PreprocFile, Comment.Hashbang)
COMMENT_MARKS = re.compile(r"^\s*(/\*+|\*+/|\*(?!\*)|//+|#+:?|<!--)?|(\*+/|-->)\s*$")


@dataclass(frozen=True)
class Text:
    """A paragraph, heading, docstring, comment or message, with its whitespace collapsed."""

    kind: str
    lines: tuple[tuple[int, str], ...]

    @property
    def content(self) -> str:
        return " ".join(line for _, line in self.lines)


class Remark(NamedTuple):
    """A comment; `beside_code` if it stands after code on the same line."""

    line: int
    content: str
    beside_code: bool


def texts(path: Path) -> Iterator[Text]:
    """Yield the texts of a file by its kind; nothing of a kind that has none, such as a picture."""
    match path.suffix:
        case ".md":
            return _markdown(path.read_text("utf-8"))
        case ".py" | ".pyi":
            return _python(path.read_text("utf-8"))
        case ".html":
            return _html(path.read_text("utf-8"))
        case suffix if suffix in SOURCES or path.name == "Makefile":
            lexer = get_lexer_for_filename(path.name, stripnl=False)
            return _source(lexer, path.read_text("utf-8"))
        case suffix if suffix == ".in" or (not suffix and SHELL.match(path.read_bytes())):
            return _source(get_lexer_by_name("sh", stripnl=False), path.read_text("utf-8"))
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
        elif token.type == "html_block" and token.map:
            yield from _html(token.content, token.map[0] + 1)
        elif token.type == "fence" and token.map:
            yield from _code(token.info, token.content, token.map[0] + 2)
        elif token.type == "inline" and token.map and token.children:
            words = (_spoken(child.type, child.content) for child in token.children)
            yield _text(kind, token.map[0] + 1, "".join(words))
            yield from _inside(token.children, token.map[0] + 1)


def _inside(children: list[Markup], line: int) -> Iterator[Text]:
    """Yield texts that a reader does not see in a sentence: of pictures and in HTML."""
    for child in children:
        if child.type == "image":
            yield from _message(line, child.content)
        elif child.type == "html_inline":
            yield from _html(child.content, line)
        elif child.type in BREAKS:
            line += 1


def _code(language: str, content: str, line: int) -> Iterator[Text]:
    """Yield the comments of an example, if its language is named and known."""
    with suppress(ClassNotFound):
        found = _source(get_lexer_by_name(language.strip(), stripnl=False), content, line)
        yield from (text for text in found if text.kind == "comment")


def _spoken(kind: str, content: str) -> str:
    if kind in BREAKS:
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


def _python_comments(content: str) -> Iterator[Remark]:
    for token in tokenize.generate_tokens(io.StringIO(content).readline):
        if token.type == tokenize.COMMENT:
            line, column = token.start
            yield Remark(line, token.string, bool(token.line[:column].strip()))


def _message(line: int, content: str) -> Iterator[Text]:
    if len(content.split()) >= MESSAGE_WORDS:
        yield _text("message", line, content)


def _comments(found: Iterator[Remark]) -> Iterator[Text]:
    """Join comments on lines that follow each other, which are one paragraph.

    A comment beside code, and one that begins with a mark of documentation, starts another.
    """
    paragraphs: list[tuple[int, list[str]]] = []
    for remark in found:
        lines = [COMMENT_MARKS.sub("", line) for line in remark.content.split("\n")]
        first, before = paragraphs[-1] if paragraphs else (0, [])
        starts = remark.beside_code or remark.content.startswith(("/*", "<!--"))
        if before and first + len(before) == remark.line and not starts:
            before += lines
        else:
            paragraphs.append((remark.line, lines))
    for first, lines in paragraphs:
        yield _text("comment", first, "\n".join(lines))


def _source(lexer: Lexer, content: str, line: int = 1) -> Iterator[Text]:
    comments, message, first, code = [], "", line, ""
    for token, value in lexer.get_tokens(content):
        if any(token in kind for kind in MESSAGES):
            first = first if message else line
            message += value
        elif token in Token.Text.Whitespace:
            message += value if message else ""
        else:
            yield from _message(first, message.strip(QUOTES))
            message = ""
        if token in Comment and not any(token in kind for kind in PREPROCESSOR):
            comments.append(Remark(line, value.rstrip("\n"), bool(code.strip())))
        line += value.count("\n")
        code = value.rpartition("\n")[2] if "\n" in value else code + value
    yield from _message(first, message.strip(QUOTES))
    yield from _comments(iter(comments))


def _html(content: str, line: int = 1) -> Iterator[Text]:
    page = _Page(line)
    page.feed(content)
    page.close()
    return iter(page.texts)


class _Page(HTMLParser):
    """Collects what a page says and what a screen reader is told of it.

    A text runs on through marks within a line, such as `<b>`, and ends at every other tag.
    """

    def __init__(self, line: int) -> None:
        super().__init__()
        self.texts: list[Text] = []
        self._line = line
        self._kind = "paragraph"
        self._said: tuple[int, str] | None = None

    def _here(self) -> int:
        return self.getpos()[0] + self._line - 1

    def _end(self) -> None:
        if self._said:
            self.texts.append(_text(self._kind, *self._said))
        self._said = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in INLINE:
            self._end()
            self._kind = "heading" if tag in HEADINGS else "paragraph"
        for name, value in attrs:
            if name in SPOKEN_ATTRIBUTES and value:
                self.texts += _message(self._here(), value)

    def handle_endtag(self, tag: str) -> None:
        if tag not in INLINE:
            self._end()
            self._kind = "paragraph"

    def handle_data(self, data: str) -> None:
        if self._said:
            self._said = (self._said[0], self._said[1] + data)
        elif data.strip():
            self._said = (self._here() + _blank_lines(data), data.lstrip())

    def handle_comment(self, data: str) -> None:
        self.texts.append(_text("comment", self._here(), data))

    def close(self) -> None:
        super().close()
        self._end()


def _blank_lines(data: str) -> int:
    return data[: len(data) - len(data.lstrip())].count("\n")
