"""The command line: ``python -m ops``."""

import pytest

from ops.__main__ import main, parser


@pytest.mark.parametrize(
    "arguments",
    [
        ["doctor"],
        ["doctor", "--stack", "dev", "--outputs", "outputs.json"],
        ["backfill", "--stack", "dev", "--rate", "0"],
        ["backfill", "--stack", "dev", "--rate", "nan"],
        ["redrive", "--stack", "dev", "--limit", "0"],
        ["redrive", "--stack", "dev", "--limit", "x"],
    ],
)
def test_misuse_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "usage: python -m ops" in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["redrive"], ["backfill"], ["doctor"]])
def test_help(command, capsys):
    with pytest.raises(SystemExit) as exit_:
        parser().parse_args([*command, "--help"])
    assert exit_.value.code == 0
    assert "usage: python -m ops" in capsys.readouterr().out
