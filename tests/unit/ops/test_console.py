import pytest

from ops.console import human_age, print_letters
from ops.redrive import DeadLetter


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (2e5, "2 d")]
)
def test_ages_are_in_the_unit_people_use(seconds, text):
    assert human_age(int(seconds)) == text


def test_a_dead_letters_key_is_wrapped_not_cut(capsys):
    letter = DeadLetter(
        message_id="m",
        receipt="r",
        body="",
        keys=(f"uploads/{'long' * 60}/end.jpg",),
        sent=0,
        receives=5,
        is_backfill=False,
        asks_for_format=False,
    )
    print_letters([letter], {"m": "a reason with some words " * 5})
    out = capsys.readouterr().out
    assert "…" not in out
    column = "".join(line.split("│")[1].strip() for line in out.splitlines() if "│" in line)
    assert column == letter.keys[0]
