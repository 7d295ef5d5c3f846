"""The cost of storing uploads as they move through S3's storage classes."""

import pytest

from bench.cost import bill, prices, storage
from bench.cost.backfill import backfills
from pipeline.settings import Settings
from pipeline.storage_classes import Transition

US = prices.load("us-east-1")


def moving(**days: int) -> Settings:
    moves = (Transition(storage_class=name, days=count) for name, count in days.items())
    return Settings(storage_classes=tuple(moves))


@pytest.mark.parametrize(
    ("days", "months", "spent"),
    [
        ({}, 1, {"STANDARD": 1}),
        ({}, 24, {"STANDARD": 24}),
        ({"STANDARD_IA": 30}, 1, {"STANDARD": 1, "STANDARD_IA": 0}),
        ({"STANDARD_IA": 30}, 12, {"STANDARD": 1, "STANDARD_IA": 11}),
        ({"GLACIER_IR": 3}, 1, {"STANDARD": 0.1, "GLACIER_IR": 0.9}),
        (
            {"GLACIER_IR": 90, "STANDARD_IA": 30},
            12,
            {"STANDARD": 1, "STANDARD_IA": 2, "GLACIER_IR": 9},
        ),
        (
            {"STANDARD_IA": 30, "GLACIER_IR": 90},
            2,
            {"STANDARD": 1, "STANDARD_IA": 1, "GLACIER_IR": 0},
        ),
    ],
)
def test_an_upload_is_in_one_class_after_the_other(days, months, spent):
    assert storage.months_in(moving(**days), months) == pytest.approx(spent)


def test_a_year_of_uploads_by_hand():
    """1,000 uploads of 1 MB a month: 1 GB for each month that they are in a class."""
    usage = bill.Usage(upload_mb=1, output_mb=0.5, months=12)
    used = bill.quantities(1000, usage, moving(STANDARD_IA=30, GLACIER_IR=90))
    assert used["s3_gb_month"] == pytest.approx(1 + 0.5 * 12)  # renditions stay in Standard
    assert used["s3_standard_ia_gb_month"] == pytest.approx(2)
    assert used["s3_glacier_ir_gb_month"] == pytest.approx(9)
    assert (used["s3_moves_to_standard_ia"], used["s3_moves_to_glacier_ir"]) == (1000, 1000)
    assert used["s3_moves_to_tiering"] == used["s3_tiering_objects"] == 0


def test_intelligent_tiering_cools_down_and_counts_its_objects():
    usage = bill.Usage(upload_mb=1, output_mb=0, months=12)
    used = bill.quantities(1000, usage, moving(INTELLIGENT_TIERING=30))
    tiers = [used[f"s3_tiering_{tier}_gb_month"] for tier, _ in storage.TIERS]
    assert tiers == pytest.approx([1, 2, 8])
    assert (used["s3_tiering_objects"], used["s3_moves_to_tiering"]) == (11_000, 1000)


def test_the_prices_of_a_year_in_standard_and_moved():
    usage = bill.Usage(upload_mb=1, output_mb=0, months=12)
    for settings, usd in (
        (Settings(), 12_000 * 0.023),
        (moving(STANDARD_IA=30), 1000 * 0.023 + 11_000 * 0.0125 + 1e6 * 0.00001),
        (moving(GLACIER_IR=90), 3000 * 0.023 + 9000 * 0.004 + 1e6 * 0.00002),
    ):
        assert bill.bill(1e6, usage, US, settings).subtotals["storage"] == pytest.approx(usd)


def test_the_log_of_the_source_is_stored_as_long_as_logs_are():
    """Of 1,000,000 uploads: 3 requests for each, 0.7 kB a record."""
    usage = bill.Usage(months=12)
    for days, months in ((30, 1), (90, 3), (731, 12)):
        settings = Settings(access_log=True, log_retention_days=days)
        used = bill.quantities(1e6, usage, settings)["access_log_gb_month"]
        assert used == pytest.approx(1e6 * 3 * 0.7e-6 * months)
    settings = Settings(access_log=True)
    line = bill.bill(1e6, bill.Usage(), US, settings).lines["access_log_gb_month"]
    assert line == pytest.approx(2.1 * 0.023)


def test_a_backfill_pays_to_read_what_was_moved():
    """Of 12 months' uploads, 2 are in Standard-IA and 9 in Glacier Instant Retrieval."""
    usage = bill.Usage(upload_mb=10, months=12)
    moved = bill.Stack(prices=US, usage=usage, settings=moving(STANDARD_IA=30, GLACIER_IR=90))
    plain = bill.Stack(prices=US, usage=usage, settings=Settings())
    (queue, _), (before, _) = backfills(moved, 12_000), backfills(plain, 12_000)
    assert queue.lines["s3_retrieval_standard_ia"] == pytest.approx(20 * 0.01)
    assert queue.lines["s3_retrieval_glacier_ir"] == pytest.approx(90 * 0.03)
    assert queue.lines["s3_gets_standard_ia"] == pytest.approx(6000 * 0.000001)
    assert queue.lines["s3_gets_glacier_ir"] == pytest.approx(27_000 * 0.00001)
    fewer = before.lines["s3_gets"] - queue.lines["s3_gets"]
    assert fewer == pytest.approx(33_000 * 0.0000004)
    assert not [line for line in before.lines if "retrieval" in line]
