"""docs/errors.md has every code that a user can meet, and the sentence that goes with it."""

import ast
import re
from http import HTTPStatus
from pathlib import Path

import pytest

from function.contract import MODERATED
from function.engine.errors import Reason
from function.manifest import INTERNAL

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "errors.md").read_text()
TABLE = TEXT.split("## Every error code")[1].split("\n## ")[0]
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in TABLE.splitlines()
    if line.startswith("| `")
]


def codes(place: str) -> list[str]:
    return [row[0].strip("`") for row in ROWS if row[1].split(",")[0] == place]


def test_every_rejection_code_is_used():
    source = "".join(path.read_text() for path in sorted((ROOT / "function").rglob("*.py")))
    raised = set(re.findall(r"(?:Rejected|ErrorFacts)\(\s*(?:code=)?Reason\.([A-Z_]+),", source))
    assert raised == set(Reason.__members__)


def test_every_code_of_a_manifest_is_in_the_table_and_no_other():
    assert codes("manifest") == [*Reason, INTERNAL, MODERATED]


def refusals() -> dict[str, set[int]]:
    """Return the codes of the signer's answers with their statuses, as its source has them."""
    found: dict[str, set[int]] = {}
    for path in sorted((ROOT / "signer").glob("*.py")):
        text = path.read_text()
        for call in (n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)):
            name = ast.unparse(call.func).rpartition(".")[2]
            if name == "_refused" and isinstance(call.args[0], ast.Constant):
                found.setdefault(call.args[0].value, set()).add(HTTPStatus.UNAUTHORIZED)
            if name in ("Refused", "refusal") and isinstance(call.args[0], ast.Attribute):
                status, code = HTTPStatus[call.args[0].attr], call.args[1]
                named = [code.value] if isinstance(code, ast.Constant) else assigned(text)
                for each in named:
                    found.setdefault(each, set()).add(status)
    return found


def assigned(text: str) -> list[str]:
    """The codes that quota.py puts into a variable first."""
    return re.findall(r'code(?:, most)? = "(\w+)"', text)


def test_every_code_of_the_signer_is_in_the_table_with_its_statuses():
    told = {
        row[0].strip("`"): {int(status) for status in re.findall(r"\d{3}", row[1])}
        for row in ROWS
        if row[1].startswith("signer")
    }
    found = {code: {int(s) for s in statuses} for code, statuses in refusals().items() if code}
    assert {"sign_in", "quota_per_hour", "unavailable", "type"} <= set(found)
    assert told == found


def test_every_code_of_s3_that_the_page_explains_is_in_the_table():
    page = (ROOT / "web" / "words.js").read_text()
    known = dict(re.findall(r'^  (Entity\w+|AccessDenied): "(.+)",$', page, re.MULTILINE))
    assert known
    assert {row[0].strip("`"): row[2] for row in ROWS if row[1].startswith("S3")} == known


SHORTEST = 9
"""Letters of a piece of a sentence that says something."""


def words(text: str) -> str:
    """Return the words of a text alone, without what a program fills in."""
    return re.sub(r"\W+", " ", re.sub(r'\{[^}\n"]*\}', " ", text)).strip()


QUOTED = [row for row in ROWS if "sentence that" not in row[2]]


@pytest.mark.parametrize("row", QUOTED, ids=lambda row: row[0])
def test_the_sentence_is_one_that_the_code_says(row):
    """Figures and names differ; the rest of each sentence is in the source, in one piece."""
    sources = [*ROOT.glob("function/**/*.py"), *ROOT.glob("signer/*.py"), ROOT / "web" / "words.js"]
    said = " ".join(words(path.read_text()) for path in sources)
    pieces = re.split(r"[\d.,]*\d[\d.,]*(?: (?:MB|min|h)\b)?|[.;…]|a PDF|JPEG|PNG|SVG", row[2])
    found = [words(piece) for piece in pieces if len(piece) >= SHORTEST]
    missing = [piece for piece in found if piece not in said]
    assert found
    assert missing == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_row_says_what_to_do(row):
    assert len(row) == 5
    assert all(row)


def test_limits_are_those_of_codes():
    named = re.findall(r"^\| `([a-z_]+)`", TEXT.split("## The exact limits")[1], re.MULTILINE)
    assert named
    assert set(named) <= set(Reason)
