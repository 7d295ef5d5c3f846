"""The demand on each limit, calculated by hand."""

from dataclasses import replace

import pytest

from bench.capacity import limits
from bench.capacity.drain import Load, case
from bench.capacity.needs import Need, needs, rounded_up
from bench.cost.bill import MONTH_S, Usage
from pipeline.pollers import Pollers
from pipeline.settings import Settings

LOAD = Load(
    images=10 * MONTH_S,
    burst=60_000,
    over_s=60,
    peak=3,
    within_s=600,
    image_s=0.5,
    init_s=0.0,
    account=1000,
)
EVERYTHING = Settings(
    max_concurrency=100,
    batch_size=4,
    uploads="presigned",
    delivery="cdn",
    encryption="kms",
    duplicates="near",  # pyright: ignore[reportArgumentType]
)


def needed(settings, *, load=LOAD, region="us-east-1", views=0.0):
    usage = Usage(puts=10, gets=2, views=views)
    found = needs(load, case(load, settings), settings, usage, region)
    return {need.limit.name: need for need in found}


def figures(found):
    return {name: need.needed for name, need in found.items()}


def test_every_need_of_a_stack_with_everything():
    """100 at once of 0.5 s each are 200 images a second; the signer lets in 100 a second."""
    assert figures(needed(EVERYTHING, views=5)) == {
        "Lambda, concurrent executions": 110,
        "Lambda, new environments of a function": 50,
        "SQS, messages in flight": 400,
        "Signer, forms": 10 + 1000,
        "S3, uploads": 10 + 100,
        "S3, renditions and manifests": 200 * 9,
        "S3, reads": 200 * 3,
        "DynamoDB, reads of a new table": 200 * 20.5,
        "DynamoDB, writes of a new table": 200 * 4,
        "DynamoDB, reads of a table": 200 * 20.5,
        "DynamoDB, writes of a table": 200 * 4,
        "CloudWatch Logs, PutLogEvents": 50,
        "KMS, uses of keys": 110 + 200 * 11,
        "CloudFront, requests": 30 * 5,
    }


def test_a_plain_stack_needs_less_of_fewer():
    found = figures(needed(Settings(max_concurrency=4)))
    assert found == {
        "Lambda, concurrent executions": 4,
        "Lambda, new environments of a function": 4,
        "SQS, messages in flight": 16,
        "S3, uploads": 10 + 1000,
        "S3, renditions and manifests": 8 * 9,
        "S3, reads": 8 * 2,
        "CloudWatch Logs, PutLogEvents": 2,
    }


def test_exact_duplicates_need_fewer_units():
    found = figures(needed(replace(EVERYTHING, duplicates="exact")))
    assert found["DynamoDB, reads of a table"] == 100
    assert found["DynamoDB, writes of a table"] == 200


def test_readers_are_counted_behind_the_cdn_alone():
    assert "CloudFront, requests" not in needed(Settings(), views=5)
    assert "CloudFront, requests" not in needed(EVERYTHING)


def test_pollers_can_fill_what_sqs_keeps_in_flight():
    pollers = Settings(
        max_concurrency=0, pollers=Pollers(min=200, max=2000), batch_size=10, timeout=105
    )
    found = needed(pollers, load=replace(LOAD, account=20_000))
    assert found["Lambda, new environments of a function"].needed == 2000
    assert found["SQS, messages in flight"].needed == 200_000
    assert found["SQS, messages in flight"].to_do == "ask for 200,000"
    assert found["Lambda, concurrent executions"].to_do == "enough"
    assert needed(pollers)["Lambda, concurrent executions"].to_do == "ask for 20,000"
    assert found["S3, renditions and manifests"].to_do == (
        "103 partitions; 503 until S3 has split the keys"
    )


def test_a_limit_that_is_just_reached_is_enough():
    need = Need(limit=limits.CONCURRENCY, needed=1000, advice="")
    assert need.is_met
    assert need.to_do == "enough"
    assert replace(need, needed=1001).to_do == "ask for 1,100"
    assert replace(need, limit=limits.SIGNER, advice="wait").to_do == "wait"


def test_the_signer_s_advice_is_the_concurrency_that_would_do():
    assert needed(EVERYTHING)["Signer, forms"].to_do == "429 beyond it; 101 reserved would do"


@pytest.mark.parametrize(
    ("figure", "asked"), [(0.5, 1), (7, 7), (100, 100), (101, 110), (1000, 1000), (12_345, 13_000)]
)
def test_a_figure_to_ask_for_has_two_digits(figure, asked):
    assert rounded_up(figure) == asked


@pytest.mark.parametrize(
    ("region", "rate"), [("us-east-1", 100_000), ("eu-central-1", 20_000), ("sa-east-1", 10_000)]
)
def test_kms_differs_by_region(region, rate):
    assert limits.kms(region).value == rate
    assert needed(EVERYTHING, region=region)["KMS, uses of keys"].limit.value == rate
