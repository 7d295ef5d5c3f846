import pytest

from bench.capacity.scaling import Storm, simulate, thin
from bench.load import report
from bench.load.results import Result, compare
from bench.load.storm import Depth, Measured

STORM = Storm(per_second=100, seconds=60, image_s=0.7, max_concurrency=10)
MEASURED = Measured(
    depths=[Depth(second=0.25, visible=3, in_flight=2), Depth(second=0.5, visible=1, in_flight=2)],
    uploads=[0.0, 0.1],
    done=[0.5, 0.9],
    handler_s=[0.2, 0.2],
)


def result(*checks):
    cases = [thin(simulate(STORM))]
    return Result(measured=MEASURED, checks=list(checks), simulated=cases)


@pytest.mark.parametrize(
    ("simulated", "word"), [(130, "agrees"), (131, "DISAGREES"), (70, "agrees"), (69, "DISAGREES")]
)
def test_a_simulation_30_percent_off_still_agrees(simulated, word):
    sentence, *_ = report.sentences(result(compare("a", 100, simulated), compare("b", 1, 1)), 2)
    assert f"The simulation {word}" in sentence
    assert "(a; allowed: 30%)" in sentence
    assert "2 at once" in sentence


def test_an_error_is_relative_to_the_measured_figure():
    assert compare("a", 4, 5).error == 0.25
    assert compare("a", 0, 5).error == 0


def test_the_page_shows_the_measured_storm_and_the_simulated_ones():
    found = result(compare("p50 latency, s", 0.5, 0.4))
    page = report.page(found, 1024, ["It agrees."])
    assert page.count("<img") == 3
    assert "<td>p50 latency, s</td><td>0.5</td><td>0.4</td><td>-20%</td>" in page
    assert "<p>It agrees.</p>" in page
    assert "maxConcurrency 10" in page
    assert "Lambda scaling behavior" in page


def test_a_row_has_units_that_people_would_use():
    (case,) = result().simulated
    rate, at_most, reached, waiting, drained, p50, *_ = report.row(case, 1024)
    assert (rate, at_most, reached) == ("100", "10", "10")
    assert waiting.startswith("5,1")
    assert drained.endswith(" min")
    assert p50.endswith(" min")


def test_a_storm_costs_what_its_images_do():
    assert report.usd(STORM, 2048) > report.usd(STORM, 1024) > 0
    twice = Storm(per_second=200, seconds=60, image_s=0.7)
    assert report.usd(twice, 1024) == pytest.approx(2 * report.usd(STORM, 1024))
