import json

import pytest

from bench.__main__ import main
from bench.capacity.storm import Measured


def test_peak_and_drain_of_a_storm_by_hand():
    measured = Measured(
        depths=[], uploads=[0.0, 1.0, 2.0, 3.0], done=[0.5, 4.0, 5.0, 6.0], handler_s=[1.0] * 4
    )
    assert measured.peak_waiting == 3
    assert measured.drained_s == 3.0
    assert measured.latencies_s == [0.5, 3.0, 3.0, 3.0]


def test_the_simulation_alone_writes_its_course(tmp_path, capsys):
    files = ["--json", str(tmp_path / "a.json"), "--html", str(tmp_path / "a.html")]
    assert main(["load", "--no-storm", "--arrivals", "100", "--max-concurrency", "10", *files]) == 0
    assert "not checked in this run" in capsys.readouterr().out
    (case,) = json.loads((tmp_path / "a.json").read_text())["simulated"]
    assert case["peak_waiting"] > 5000
    assert (tmp_path / "a.html").read_text().count("<svg") == 1


@pytest.mark.parametrize("option", [["--rate", "0"], ["--arrivals", "-1"], ["--account", "0"]])
def test_misuse(option):
    assert main(["load", "--no-storm", *option]) == 2
