import json

import pytest
from PIL import Image

from bench import photos
from bench.__main__ import main
from bench.load import command
from bench.load.storm import Measured

SMALL = Image.new("RGB", (8, 6))


def test_the_simulation_alone_writes_its_course(tmp_path, capsys):
    files = ["--json", str(tmp_path / "a.json"), "--html", str(tmp_path / "a.html")]
    assert main(["load", "--no-storm", "--arrivals", "100", "--max-concurrency", "10", *files]) == 0
    assert "not checked in this run" in capsys.readouterr().out
    (case,) = json.loads((tmp_path / "a.json").read_text())["simulated"]
    assert case["peak_waiting"] > 5000
    assert case["storm"]["per_second"] == 100
    assert 100 < len(case["moments"]) <= 200
    assert (tmp_path / "a.html").read_text().count("<img") == 1


@pytest.mark.parametrize(
    "option",
    [
        *(["--rate", "0"], ["--rate", "0.1"], ["--rate", "1001"], ["--arrivals", "-1"]),
        *(["--arrivals", "1e300"], ["--seconds", "3601"], ["--for-s", "86401"]),
        *(["--ms", "900001"], ["--account", "0"]),
        *(["--max-concurrency", "1"], ["--max-concurrency", "2", "1001"]),
    ],
)
def test_misuse(option):
    assert main(["load", "--no-storm", *option]) == 2


def test_the_bounds_themselves_are_simulated():
    most = ["--arrivals", "1e6", "--for-s", "86400", "--ms", "900000"]
    assert main(["load", "--no-storm", *most, "--max-concurrency", "2", "1000"]) == 0


def measured(count, *, handler_s, done):
    return Measured(
        depths=[], uploads=[n / 10 for n in range(count)], done=done, handler_s=[handler_s] * count
    )


@pytest.fixture
def storm(monkeypatch):
    """Storms in which two at once take 0.5 s each, of which 0.4 s are the function's own.

    The last one takes longer by a factor, if a test sets it.
    """
    ran, slower = [], [1]

    def run(_server, _body, *, count, per_second, advance):
        ran.append((count, per_second))
        each = 0.5 * (slower[0] if count == 40 else 1)
        ends = [each * (1 + n // 2) for n in range(count)]
        advance(count, name="uploaded")
        return measured(count, handler_s=0.4, done=ends)

    monkeypatch.setattr(command.storms, "run", run)
    monkeypatch.setattr(command.servers, "start", lambda _state: None)
    monkeypatch.setattr(command.servers, "stop", lambda _state: None)
    monkeypatch.setattr(command, "deploy", lambda _server, settings: settings)
    monkeypatch.setattr(command.photos, "photo_jpeg", lambda: photos.encode(SMALL, "JPEG"))
    yield slower
    assert ran == [(2, 100), (10, 1000), (40, 10.0)]


@pytest.mark.usefixtures("storm")
def test_the_simulation_is_checked_against_the_storm(tmp_path, capsys):
    path = tmp_path / "a.json"
    words = ["load", "--rate", "10", "--seconds", "4", "--arrivals", "10", "--json", str(path)]
    assert main(words) == 0
    assert "The simulation agrees with" in capsys.readouterr().out
    checks = json.loads(path.read_text())["checks"]
    assert [check["measured"] for check in checks][:2] == [26, pytest.approx(6.1)]
    assert all(abs(check["error"]) < 0.1 for check in checks)


def test_a_simulation_that_is_wrong_fails(storm, capsys):
    storm[0] = 2
    assert main(["load", "--rate", "10", "--seconds", "4", "--arrivals", "10"]) == 1
    assert "DISAGREES" in capsys.readouterr().out
