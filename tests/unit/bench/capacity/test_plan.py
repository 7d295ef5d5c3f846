from dataclasses import replace

import pytest

from bench.capacity.drain import Load
from bench.capacity.plan import plan
from bench.cost import bill
from bench.cost.bill import Stack, Usage
from bench.cost.prices import load as load_prices
from function.engine.renditions import DEFAULT_RENDITIONS, Rendition
from pipeline.settings import Settings

LOAD = Load(
    images=1e8,
    burst=1e6,
    over_s=600,
    peak=3,
    within_s=3600,
    image_s=0.7,
    init_s=0.18,
    account=1000,
)


def planned(load=LOAD, **settings):
    usage = Usage().of(Settings(**settings))
    stack = Stack(prices=load_prices("us-east-1"), usage=usage, settings=Settings(**settings))
    return plan("a", stack, load)


def text(result):
    return "\n".join(result.words)


def test_settings_that_are_too_few_stand_beside_those_recommended():
    result = planned()
    assert [way.name for way in result.ways] == ["now", "recommended"]
    assert result.words[0].startswith(
        "With maxConcurrency 10 (now) 14.3 images a second are processed, fewer than the 38.6"
    )
    assert "alone would drain within 19.3 h" in result.words[0]
    assert result.words[1].startswith("With maxConcurrency 200 (recommended) 285.7 images")
    assert "No quota has to be raised" in text(result)
    assert "keeps a message 4.0 days" in text(result)
    assert "503" not in text(result)
    assert all(len(way.case.outcome.moments) <= 200 for way in result.ways)


def test_settings_that_are_enough_stand_alone():
    result = planned(max_concurrency=400)
    assert [way.name for way in result.ways] == ["now"]
    assert result.words[0].startswith("With maxConcurrency 400 (now)")


def test_the_cost_is_the_bill_s():
    result = planned(max_concurrency=400)
    prices, usage = load_prices("us-east-1"), Usage()
    settings = Settings(max_concurrency=400)
    month = bill.bill(1e8, usage, prices, settings)
    assert result.month == month
    whole = bill.bill(1.01e8, usage, prices, settings).total_usd
    assert result.burst_usd == pytest.approx(whole - month.total_usd)
    assert result.burst["alarms"] == 0


def test_a_quota_is_named_with_what_to_ask_for():
    result = planned(replace(LOAD, within_s=60))
    assert result.ways[-1].case.setting.startswith("pollers 2 to ")
    assert "AWS Lambda: Concurrent executions (L-B99A9384): ask for " in text(result)
    assert "S3 needs several partitions for" in text(result)
    assert "let a random part follow uploads/" in text(result)


def test_an_account_that_is_too_small_is_told():
    """1,000 of the account, less the signer's 10, beside a mapping that takes 1,000."""
    slow = replace(LOAD, images=1e6, within_s=1e6, image_s=7)
    result = planned(slow, max_concurrency=1000, uploads="presigned")
    assert "leaves the function 990 at once" in result.words[0]
    assert "ask for 1,100" in text(result)


def test_what_s3_batch_operations_reserves_is_not_the_function_s():
    """1,000 of the account, less 500 for the second function and the signer's 10."""
    slow = replace(LOAD, images=1e6, within_s=1e6, image_s=7)
    settings = {"uploads": "presigned", "batch_operations_concurrency": 500}
    result = planned(slow, max_concurrency=1000, **settings)
    assert "leaves the function 490 at once" in result.words[0]
    assert "ask for 1,600" in text(result)


def test_what_first_views_reserve_is_not_the_function_s():
    """1,000 of the account, less 40 for first views and the signer's 10."""
    slow = replace(LOAD, images=1e6, within_s=1e6, image_s=7)
    lazy = (*DEFAULT_RENDITIONS, Rendition(name="poster", width=9, height=9, lazy=True))
    settings = {"uploads": "presigned", "delivery": "cdn", "view_concurrency": 40}
    result = planned(slow, max_concurrency=1000, **settings, renditions=lazy)
    assert "leaves the function 950 at once" in result.words[0]
    without = planned(slow, max_concurrency=1000, **settings)
    assert "leaves the function 990 at once" in without.words[0]


def test_what_is_lost_is_told():
    result = planned(replace(LOAD, images=1e6, burst=1e7))
    assert "at least" in result.words[0]
    assert "until a backfill" in result.words[0]
    assert "4.0 days, so none" in text(result)


def test_a_busiest_hour_that_is_too_much_is_told():
    result = planned(replace(LOAD, images=3e7, burst=1000))
    assert "; the busiest hour brings 34.7 a second, so a queue forms" in result.words[0]


def test_what_no_setting_can_do_is_told():
    result = planned(replace(LOAD, within_s=1))
    assert "No setting of one mapping drains it in 1.0 s." in result.words[1]


def test_the_signer_and_the_table_are_told():
    result = planned(uploads="presigned", duplicates="near", max_concurrency=900)
    assert "hands out 100 forms a second, so the burst takes 2.8 h" in text(result)
    assert "table of duplicates is throttled at first" in text(result)
    assert "which S3 can split" in text(result)


def test_a_month_that_no_setting_keeps_up_with_loses_uploads_and_that_is_all_that_is_told():
    result = planned(replace(LOAD, images=1e12))
    assert "the queue only grows" in result.words[1]
    assert result.words[1].endswith("No setting of one mapping keeps up with the month.")
    assert "so none of the burst is deleted" not in text(result)


def test_a_busiest_hour_that_no_setting_keeps_up_with_is_what_is_told():
    result = planned(replace(LOAD, peak=1000))
    assert result.words[1].endswith("No setting of one mapping keeps up with the busiest hour.")


def test_the_concurrency_that_is_recommended_is_asked_for_where_the_account_has_less():
    """A new account has ten, not the 1,000 of AWS's default."""
    result = planned(replace(LOAD, account=10))
    assert "Concurrent executions (L-B99A9384): ask for 200" in text(result)
    assert "No quota has to be raised" not in text(result)
    assert "No quota has to be raised" in text(planned(replace(LOAD, account=200)))
