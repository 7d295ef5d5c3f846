"""``make lint`` reads sentences: each rule finds its bad examples alone, in each kind of file."""

import pytest

from tests.prose.__main__ import findings, main
from tests.prose.rules import RULES, Rules, read_rules
from tests.prose.texts import Text, texts

RULESET = read_rules()
EXAMPLES = [(rule, text, True) for rule in RULESET.rules for text in rule.bad] + [
    (rule, text, False) for rule in RULESET.rules for text in rule.good
]


@pytest.mark.parametrize(
    ("rule", "sentence", "is_bad"), EXAMPLES, ids=[text for _, text, _ in EXAMPLES]
)
def test_a_rule_finds_its_bad_examples_and_none_of_the_good(rule, sentence, is_bad):
    kind = rule.kinds[0] if rule.kinds else "paragraph"
    found = Rules(rules=[rule], proselint=[]).findings([Text(kind, ((1, sentence),))])
    assert bool(list(found)) == is_bad


def test_good_examples_break_no_other_rule():
    good = [text for rule in RULESET.rules for text in rule.good]
    texts = [Text("docstring", ((number, text),)) for number, text in enumerate(good)]
    assert list(RULESET.findings(texts)) == []


FILES = {
    "page.md": "# Title\n\nA line of `whoever`\nand whoever else.\n",
    "table.md": "| a | b |\n| --- | --- |\n\n| a | b |\n| --- | --- |\n| all | whoever |\n"[23:],
    "module.py": '"""A module."""\n\n\n# For\n# whoever reads.\nX = 1\n',
    "doc.py": '"""A module.\n\nFor\nwhoever reads ``x``.\n"""\n',
    "text.py": 'X = 1\n\n\nprint(f"{X} is for whoever reads")\n',
    "page.html": "<!doctype html>\n<p>One\n<p>\n<b aria-label='Made for whoever reads'>x</b>\n",
    "page.js": "/* One. */\n\n\n// For whoever reads.\n",
    "say.js": 'const x = 1;\n\n\nsay("It is for whoever reads");\n',
    "page.css": "a { }\n\n\n/* For whoever reads. */\n",
    "code.c": '#include "x.h"\n\n/* For\n * whoever reads. */\n',
    "Stack.yaml": "a: 1\nb:\n  description:\n    It is for whoever reads\n",
    "tool.toml": "a = 1\n\n\n# For whoever reads.\n",
    "Makefile": "all:\n\ttrue\n\n# For whoever reads.\n",
    "picture.md": "A line.\n\n![For whoever reads](x.webp)\n",
    "tag.md": "A line\nwith <img alt='made for whoever reads'> in it.\n",
    "block.md": "A line.\n\n<!-- One. -->\n<!-- For whoever reads. -->\n",
    "example.md": "A line.\n\n```sh\nmake all\nmake demo  # for whoever reads\n```\n",
    "title.html": "<!doctype html>\n<title>\n</title><p>For <b>whoever</b> reads\n",
    "stub.pyi": 'X: int\n"""For whoever reads."""\n',
    "App.java": "class App {\n  // For whoever reads.\n}\n",
    "text.json": '{\n  "description": "It is for whoever reads"\n}\n',
    "tools.in": "ruff\n# For whoever reads.\n",
    "run": "#!/usr/bin/env bash\nset -e\n# For whoever reads.\n",
}


@pytest.mark.parametrize("name", FILES)
def test_a_sentence_is_found_on_its_line_in_each_kind_of_file(name, tmp_path):
    file = tmp_path / name
    file.write_text(FILES[name])
    (found,) = RULESET.findings(list(texts(file)))
    line = (
        FILES[name]
        .split("\n")
        .index(
            next(
                each
                for each in FILES[name].split("\n")
                if "whoever" in each.replace("`whoever`", "")
            )
        )
    )
    assert found[0] == line + 1


OPENINGS = {
    "beside.py": "A = 1  # Number of uploads\nB = 2  # Whether it is full\n",
    "beside.js": "const a = 1; // Number of uploads\nconst b = 2; // Whether it is full\n",
    "next.c": "/* One thing. */\n/** What it does. */\n",
    "head.html": "<h2>One</h2>\n<h2>Whether it is full</h2>\n",
    "help.py": "X = 1\nadd('--keep', help='whether to keep the clone')\n",
    "settings.yaml": "a: 1\ndescription: Whether the index is kept\n",
    "returns.py": "'''Read.\n\nReturns: What is left.\n'''\n",
}


@pytest.mark.parametrize("name", OPENINGS)
def test_an_opening_is_found_where_a_text_starts(name, tmp_path):
    file = tmp_path / name
    file.write_text(OPENINGS[name])
    lines = [line for line, _ in RULESET.findings(list(texts(file)))]
    assert lines == [3 if name == "returns.py" else 2]


def test_code_is_no_sentence(tmp_path):
    page, module = tmp_path / "page.md", tmp_path / "module.py"
    page.write_text("Call `whoever`.\n\n```\nwhoever\n```\n")
    module.write_text('whoever = "whoever"\n"""Return ``whoever``."""\n')
    assert [*findings(page, RULESET), *findings(module, RULESET)] == []


def test_strings_of_tests_are_data(tmp_path):
    file = tmp_path / "tests" / "test_it.py"
    file.parent.mkdir()
    file.write_text('X = "It is for whoever reads"\n')
    assert findings(file, RULESET) == []


def test_the_command_reads_paths_and_exits_1_for_a_finding(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["prose", str(RULES.parent)])
    assert main() == 0
    assert capsys.readouterr().out == ""
    monkeypatch.setattr("tests.prose.__main__.read_rules", lambda: WORD)
    assert main() == 1
    assert f"{RULES.parent}/texts.py:1: word: “docstrings”: no" in capsys.readouterr().out


WORD = Rules(
    rules=[type(RULESET.rules[0])(name="word", pattern="docstrings", advice="no", bad=[], good=[])],
    proselint=[],
)


def test_a_check_that_proselint_lacks_is_told(monkeypatch, tmp_path):
    file = tmp_path / "rules.toml"
    file.write_text('proselint = ["nonsense"]\nrules = []\n')
    monkeypatch.setattr("tests.prose.rules.RULES", file)
    with pytest.raises(ValueError, match="'nonsense'"):
        read_rules()
