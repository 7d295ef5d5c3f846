import math

import pytest

from bench.capacity.scaling import Storm, simulate


def storm(**values):
    defaults = {"per_second": 10, "seconds": 60, "image_s": 0.7}
    return Storm(**{**defaults, **values})


def test_below_capacity_nothing_waits_longer_than_its_own_time():
    outcome = simulate(storm())
    assert outcome.p50_s == pytest.approx(0.7, abs=0.2)
    assert outcome.peak_waiting == pytest.approx(7, abs=1)


def test_little_s_law():
    """Mean number waiting = rate x mean time; here rate 10/s, time 0.7 s."""
    waiting = simulate(storm(seconds=300)).moments[1000].waiting
    assert waiting == pytest.approx(10 * 0.7, rel=0.08)


def test_a_fixed_concurrency_drains_at_its_own_rate():
    outcome = simulate(storm(per_second=100, max_concurrency=10, start=10))
    capacity = 10 / 0.7
    assert outcome.peak_waiting == pytest.approx((100 - capacity) * 60, rel=0.01)
    assert outcome.drained_s == pytest.approx(outcome.peak_waiting / capacity, rel=0.03)


def test_the_ramp_of_60_a_minute_reached_1250_in_about_20_minutes():
    """AWS Compute Blog, "Introducing faster polling scale-up for AWS Lambda functions configured
    with Amazon SQS": before 2023 it took about 20 minutes to 1,250; our cap is 1,000 of them."""
    outcome = simulate(storm(per_second=3000, seconds=1800, growth=60))
    reached = next(m.second for m in outcome.moments if m.concurrency >= 999)
    assert reached / 60 == pytest.approx(20 * 1000 / 1250, rel=0.06)


def test_the_ramp_of_300_a_minute_is_five_times_as_fast():
    outcome = simulate(storm(per_second=3000, seconds=600))
    reached = next(m.second for m in outcome.moments if m.concurrency >= 999)
    assert reached == pytest.approx(995 / 5, abs=1)


def test_the_account_s_limit_shows_as_throttles_and_a_note():
    outcome = simulate(storm(per_second=100, account=10))
    assert outcome.peak_concurrency == 10
    assert outcome.throttled > 0.5
    assert "dead-letter" in outcome.notes[0]
    assert simulate(storm(per_second=100)).throttled == 0


def test_cold_starts_cost_time_once():
    warm, cold = simulate(storm(per_second=100)), simulate(storm(per_second=100, init_s=2.0))
    assert cold.peak_waiting > warm.peak_waiting


def test_ten_thousand_a_second_is_found_to_exceed_one_prefix():
    outcome = simulate(storm(per_second=10_000))
    assert outcome.peak_concurrency == 1000
    assert any("3,500" in note for note in outcome.notes)
    assert math.isfinite(outcome.drained_s)


def test_a_storm_of_days_is_simulated_to_its_end():
    outcome = simulate(storm(per_second=10_000, seconds=60, max_concurrency=2))
    assert outcome.drained_s == pytest.approx(10_000 * 60 * 0.7 / 2 - 60, rel=1e-3)
    assert len(outcome.moments) < 50_000
