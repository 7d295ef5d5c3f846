import pytest

from ops.console import human_age, print_finding, print_letters
from ops.finding import warn
from ops.redrive import DeadLetter


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (2e5, "2 d")]
)
def test_ages_are_in_the_unit_people_use(seconds, text):
    assert human_age(int(seconds)) == text


def letter_of(key: str) -> DeadLetter:
    return DeadLetter(
        message_id="m",
        receipt="r",
        body="",
        keys=(key,),
        sent=0,
        receives=5,
        is_backfill=False,
        asks_for_format=False,
    )


def test_neither_a_key_nor_a_reason_can_change_the_operators_terminal(capsys):
    print_letters([letter_of("uploads/\x1b[2J\n.jpg")], {"m": "lost \x1b[31m"})
    print_finding(warn("renditions", "uploads/\x1b[2J\n.jpg lacks one", "go\x1b[1m"))
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert out.count("uploads/\\x1b[2J\\n.jpg") == 2
    assert "lost \\x1b[31m" in out
    assert out.endswith("; go\\x1b[1m\n")


def test_a_dead_letters_key_is_wrapped_not_cut(capsys):
    letter = letter_of(f"uploads/{'long' * 60}/end.jpg")
    print_letters([letter], {"m": "a reason with some words " * 5})
    out = capsys.readouterr().out
    assert "…" not in out
    column = "".join(line.split("│")[1].strip() for line in out.splitlines() if "│" in line)
    assert column == letter.keys[0]
