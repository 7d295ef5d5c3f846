from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.capacity.drain import Load, case, is_enough, recommend
from bench.capacity.limits import RETENTION_S
from bench.cost.bill import MONTH_S
from pipeline.pollers import Pollers
from pipeline.settings import Settings

LOAD = Load(
    images=MONTH_S,  # one a second
    burst=1000,
    over_s=1,
    peak=3,
    within_s=60,
    image_s=1.0,
    init_s=0.0,
    account=1000,
)
QUIET = replace(LOAD, images=1)


def most(concurrency, **others):
    return Settings(max_concurrency=concurrency, **others)


def test_the_burst_gets_what_the_month_leaves():
    found = case(LOAD, most(11))
    assert found.setting == "maxConcurrency 11"
    assert found.per_second == 11
    assert not found.is_alone
    # 1 of 11 is busy with the month; the ramp costs 0.25 s, and the last ten leave one by one.
    assert found.outcome.drained_s == pytest.approx(1000 / 10 - 1 + 0.25, abs=2.5)
    assert found.outcome.peak_concurrency == 10


def test_a_month_that_takes_everything_leaves_the_burst_alone():
    twice = replace(LOAD, images=2 * MONTH_S)
    assert case(twice, most(2)).is_alone
    assert case(twice, most(2)).outcome.storm.max_concurrency == 2
    assert not case(twice, most(3)).is_alone
    assert case(twice, most(3)).outcome.storm.max_concurrency == 1


@pytest.mark.parametrize(("concurrency", "keeps_up"), [(2, False), (3, True)])
def test_the_busiest_hour_needs_its_rate_times_the_time_of_an_image(concurrency, keeps_up):
    assert case(LOAD, most(concurrency)).keeps_up is keeps_up


def test_no_maximum_is_what_a_mapping_takes():
    assert case(replace(LOAD, account=5000), most(0)).concurrency == 1000


def test_pollers_start_with_ten_invocations_each():
    pollers = Settings(max_concurrency=0, pollers=Pollers(min=3, max=200))
    found = case(replace(LOAD, account=5000), pollers)
    assert found.setting == "pollers 3 to 200"
    assert found.concurrency == 2000
    assert (found.outcome.storm.start, found.outcome.storm.growth) == (30, 1000)


def test_the_signer_holds_back_the_burst_and_takes_part_of_the_account():
    signed = replace(LOAD, account=110, burst=10_000)
    found = case(signed, most(200, uploads="presigned"))
    assert found.arrival_s == 100
    assert found.concurrency == 100
    assert found.outcome.throttled > 0
    assert case(replace(signed, over_s=200), most(200, uploads="presigned")).arrival_s == 200
    assert case(signed, most(200)).arrival_s == 1


def test_what_waits_longer_than_sqs_keeps_it_is_lost():
    """2 at once of 10 s each are 0.2 a second: 100,000 take 500,000 s, and SQS keeps 345,600."""
    slow = replace(QUIET, image_s=10, burst=100_000)
    assert case(slow, most(2)).lost == pytest.approx(100_000 - 0.2 * RETENTION_S, rel=0.01)
    assert case(replace(slow, burst=0.2 * RETENTION_S - 10), most(2)).lost == 0


def test_the_least_concurrency_that_is_enough_is_recommended():
    found = recommend(LOAD, most(10))
    assert is_enough(LOAD, case(LOAD, found))
    assert not is_enough(LOAD, case(LOAD, replace(found, max_concurrency=10)))
    assert found.max_concurrency == 20
    assert found.batch_size == 4


def test_the_busiest_hour_counts_too():
    assert recommend(replace(LOAD, peak=101), most(10)).max_concurrency == 110


def test_more_than_a_mapping_takes_needs_pollers():
    """20 at once and 16.7 more a second do 40,000 of one second each in 68 s, reaching 1,156."""
    found = recommend(replace(LOAD, burst=40_000, within_s=80), most(10))
    assert found.max_concurrency == 0
    assert found.pollers == Pollers(min=2, max=110)


def test_where_nothing_is_enough_what_is_as_fast_as_the_most_is_recommended():
    """The ramp decides: more pollers than it can start change nothing."""
    found = recommend(replace(LOAD, burst=40_000, within_s=10), most(10))
    assert found.pollers == Pollers(min=2, max=110)


def test_a_month_that_no_mapping_keeps_up_with_is_recommended_the_most():
    found = recommend(replace(LOAD, images=1e6 * MONTH_S), most(10))
    assert found.pollers == Pollers(min=2, max=2000)


@settings(max_examples=25, deadline=None)
@given(
    burst=st.floats(1, 1e6),
    over_s=st.floats(1, 3600),
    image_s=st.floats(0.05, 10),
    concurrency=st.integers(2, 1000),
    more=st.integers(1, 500),
)
def test_more_concurrency_never_drains_later(burst, over_s, image_s, concurrency, more):
    load = replace(QUIET, burst=burst, over_s=over_s, image_s=image_s)
    few, many = case(load, most(concurrency)), case(load, most(min(1000, concurrency + more)))
    later = many.outcome.drained_s - few.outcome.drained_s
    assert later <= few.outcome.moments[0].second + 1e-6  # a step of the simulation
    assert many.lost <= few.lost
