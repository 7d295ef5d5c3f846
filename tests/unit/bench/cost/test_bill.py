from dataclasses import replace

import pytest

from bench.cost import bill, prices
from function.contract import DuplicateSearch
from function.engine.renditions import DEFAULT_RENDITIONS
from pipeline.auth import Auth
from pipeline.pollers import Pollers
from pipeline.settings import Settings
from terminal import Misuse

US = prices.load("us-east-1")
MOVED = [name for name in bill.GROUPS["storage"] if name.startswith("s3_")][1:]
"""Lines of a stack that moves uploads to other storage classes."""

LAMBDA = prices.Price(usd=0.00001667, free=400_000, source="")
REQUESTS = prices.Price(usd=0.0000002, free=1_000_000, source="")


@pytest.mark.parametrize(
    ("memory_mb", "invocations", "seconds", "compute", "requests"),
    [(512, 3e6, 1.0, 18.34, 0.40), (128, 30e6, 0.2, 5.83, 5.80)],
)
def test_aws_lambda_pricing_page(memory_mb, invocations, seconds, compute, requests):
    """Examples 1 and 2 of AWS's Lambda pricing page, at the price that the page states."""
    usage = bill.Usage(memory_mb=memory_mb, billed_ms=seconds * 1000, cold_share=0)
    used = bill.quantities(invocations, usage)
    gb_s = used["compute"] + used["compute_init"]
    assert round(LAMBDA.charge(gb_s, free=LAMBDA.free), 2) == compute
    assert round(REQUESTS.charge(used["lambda_requests"], free=REQUESTS.free), 2) == requests


def test_s3_express_example_of_the_s3_faq():
    """Example 1 of the S3 FAQ on Express One Zone: $1.10 storage, $1.13 PUT, $0.27 GET."""
    usage = bill.Usage(puts=1, gets=9, upload_mb=0.01, output_mb=0)
    used = bill.quantities(1e6, usage)
    usd_of = {"s3_gb_month": 0.11, "s3_puts": 0.00113 / 1000, "s3_gets": 0.00003 / 1000}
    charged = {
        name: round(prices.Price(usd=usd, source="").charge(used[name]), 2)
        for name, usd in usd_of.items()
    }
    assert charged == {"s3_gb_month": 1.10, "s3_puts": 1.13, "s3_gets": 0.27}


def test_s3_storage_example_of_the_s3_faq():
    """The S3 FAQ's storage example, which crosses three tiers, as it stood in 2011: $6,602.36.

    (100 GB for 15 days of March and 100 TB for 16: 52,900 GB-months; quoted by filezoomer.com,
    "How does Amazon S3 Calculate Storage Used", 2011-05.) The tiers' prices have changed since.
    """
    byte_hours = 107_374_182_400 * 15 * 24 + 109_951_162_777_600 * 16 * 24
    gb_months = byte_hours / 2**30 / 744
    tiers = [{"up_to": 1024, "usd": 0.140}, {"up_to": 51_200, "usd": 0.125}, {"usd": 0.110}]
    assert round(gb_months) == 52_900
    price = prices.Price(usd=tiers, source="")
    assert price.charge(52_900) == pytest.approx(6602.36)


def test_traces_are_sampled_as_x_ray_s_default_rule_does():
    """Each of 1,000 a month; at ten a second one, and 5 % of the nine others."""
    assert bill.quantities(1000, bill.Usage())["traces"] == 1000
    seconds = 2_592_000
    assert bill.quantities(seconds, bill.Usage())["traces"] == seconds
    assert bill.quantities(seconds + 100, bill.Usage())["traces"] == seconds + 5
    each_second = bill.quantities(10 * seconds, bill.Usage())["traces"] / seconds
    assert each_second == pytest.approx(1 + 0.05 * 9)


def test_a_months_quantities_by_hand():
    """4,000 images, four in each of 1,000 invocations, of which one in ten starts cold."""
    usage = bill.Usage(
        memory_mb=1536,
        billed_ms=200,
        init_ms=500,
        cold_share=0.1,
        batch=4,
        puts=7,
        gets=3,
        upload_mb=2.5,
        output_mb=0.25,
        log_kb=2,
        views=10,
        view_kb=50,
    )
    assert bill.quantities(4000, usage) == pytest.approx(
        {
            "compute": 1200,  # 4,000 x 0.2 s x 1.5 GB
            "compute_init": 75,  # 100 cold starts x 0.5 s x 1.5 GB
            "compute_signer": 0,
            "compute_first_views": 0,
            "compute_formats": 0,
            "lambda_requests": 1000,
            "sqs_requests": 6000,  # each image sent, each batch received and deleted
            "eventbridge_events": 0,
            "sqs_idle_polling": 5 * 3 * 60 * 24 * 30,  # 5 pollers that ask every 20 s
            "poller_hours": 0,
            "s3_puts": 28_000,
            "s3_gets": 12_000,
            "duplicates_reads": 0,
            "duplicates_writes": 0,
            "quota_writes": 0,
            "s3_gb_month": 11,
            **dict.fromkeys(MOVED, 0),
            "access_log_gb_month": 0,
            "duplicates_gb_month": 0,
            "kms_keys": 0,
            "logs_gb": 0.008,
            # As the default stack has them; README has their price.
            "metrics": 12,
            "alarms": 11,
            "dashboards": 1,
            "traces": 1000,
            "cdn_gb": 2,
            "cdn_requests": 40_000,
            "cdn_requests_for_forms": 0,
            "waf_acls": 0,
            "waf_rules": 0,
            "waf_requests": 0,
        }
    )


LAZY = Settings(
    delivery="cdn",
    renditions=(
        *(rendition.replace(lazy=True) for rendition in DEFAULT_RENDITIONS[:-1]),
        DEFAULT_RENDITIONS[-1],
    ),
)
"""The default renditions, of which the smallest alone is made at upload."""


def test_a_lazy_rendition_costs_when_it_is_viewed_first():
    """4,000 images of four lazy files, of which a quarter is viewed: 4,000 first views."""
    usage = bill.Usage(viewed=0.25, first_view_ms=500, cold_share=0.1, init_ms=200).of(LAZY)
    assert (usage.puts, usage.lazy) == (3, 4)
    used = bill.quantities(4000, usage, LAZY)
    assert used["compute_first_views"] == 2000  # 4,000 x 0.5 s x 1 GB
    assert used["compute_init"] == pytest.approx(160)  # 800 cold starts x 0.2 s x 1 GB
    assert used["lambda_requests"] == 8000
    assert used["s3_puts"] == 16_000
    assert used["s3_gets"] == 4000 * 2 + 4000 * 5
    assert used["logs_gb"] == pytest.approx(0.012)
    assert used["traces"] == 8000
    lines = bill.bill(1000, usage, US, LAZY).lines
    assert lines["s3_puts"] == pytest.approx(0.020)
    assert lines["compute_first_views"] == pytest.approx(500 * 0.0000133334)


def test_lazy_renditions_that_are_all_viewed_cost_no_fewer_puts():
    """The bound of what anyone can make it cost: each declared file of each upload, once."""
    every = bill.quantities(4000, bill.Usage().of(LAZY), LAZY)
    now = bill.quantities(4000, bill.Usage().of(Settings()))
    none = bill.quantities(4000, bill.Usage(viewed=0).of(LAZY), LAZY)
    assert every["s3_puts"] == now["s3_puts"] == 28_000
    assert none["s3_puts"] == 12_000
    assert none["compute_first_views"] == 0


LATER = Settings(
    delivery="cdn",
    renditions=(
        DEFAULT_RENDITIONS[0].replace(formats=("jpeg",), lazy_formats=("avif",)),
        *DEFAULT_RENDITIONS[1:],
    ),
)
"""The default renditions, of which no AVIF is made at upload."""


def test_a_lazy_format_costs_when_it_is_asked_for():
    """4,000 images of one lazy format, of which a quarter is asked for: 1,000 formats."""
    work = bill.Usage(viewed=0.25, stand_in_ms=100, format_ms=900, cold_share=0.1, init_ms=200)
    usage = work.of(LATER)
    assert (usage.puts, usage.lazy, usage.lazy_formats) == (6, 0, 1)
    used, none = (bill.quantities(4000, each, LATER) for each in (usage, replace(usage, viewed=0)))
    more = {line: used[line] - none[line] for line in used if used[line] != none[line]}
    assert more == pytest.approx(
        {
            "compute_init": 40,  # 2,000 invocations x 0.1 x 0.2 s x 1 GB
            "compute_formats": 1000,
            "lambda_requests": 2000,
            "sqs_requests": 3000,
            "s3_puts": 2000,
            "s3_gets": 9000,
            "logs_gb": 0.003,
            "traces": 2000,
        }
    )
    assert none["s3_puts"] == 24_000
    assert bill.idle_pollers(LATER) == bill.idle_pollers(Settings()) + 5


def test_aws_waf_costs_a_web_acl_a_rule_and_each_request():
    settings = Settings(delivery="cdn", waf_requests_per_minute=10)
    usage = bill.Usage(views=10)
    used = bill.quantities(4000, usage, settings)
    assert (used["waf_acls"], used["waf_rules"], used["waf_requests"]) == (1, 1, 40_000)
    lines = bill.bill(1e6, usage, US, settings).lines
    assert (lines["waf_acls"], lines["waf_rules"], lines["waf_requests"]) == (5, 1, 6)


def test_aws_waf_sees_who_asks_for_a_form_too():
    settings = Settings(uploads="presigned", delivery="cdn", waf_requests_per_minute=10)
    usage = bill.Usage(views=10)
    used = bill.quantities(4000, usage, settings)
    assert (used["waf_requests"], used["cdn_requests_for_forms"]) == (44_000, 4000)
    assert used["cdn_requests"] == 40_000
    open_ = bill.quantities(4000, usage, Settings(uploads="presigned", delivery="cdn"))
    assert (open_["waf_requests"], open_["cdn_requests_for_forms"]) == (0, 0)


def test_forms_and_pictures_share_the_free_requests_of_the_cdn():
    settings = Settings(uploads="presigned", delivery="cdn", waf_requests_per_minute=10)
    lines = bill.bill(10e6, bill.Usage(views=1), US, settings, free_tier=True).lines
    assert (lines["cdn_requests"], lines["cdn_requests_for_forms"]) == pytest.approx((5, 5))


def test_an_image_costs_what_a_default_stack_does_for_it():
    """The usage that README's bill is for: each figure is measured in docs/tune.md, or assumed."""
    usage, settings = bill.Usage(), Settings()
    files = sum(len(rendition.formats) for rendition in settings.renditions)
    assert (usage.memory_mb, usage.puts) == (settings.memory, files + 2)
    used = bill.quantities(1000, usage)
    assert (used["compute"], used["compute_init"]) == pytest.approx((700, 1.8))
    assert (used["lambda_requests"], used["sqs_requests"], used["s3_gets"]) == (1000, 3000, 2000)
    assert used["s3_gb_month"] == pytest.approx(4.2 + 0.51)
    assert used["logs_gb"] == pytest.approx(0.0015)
    assert used["cdn_gb"] == used["cdn_requests"] == 0
    assert bill.quantities(1000, bill.Usage(views=1))["cdn_gb"] == pytest.approx(0.12)


def test_a_tier_costs_nothing_before_it_begins():
    tiers = [{"up_to": 10, "usd": 2.0}, {"up_to": 30, "usd": 1.5}, {"usd": 1.0}]
    price = prices.Price(usd=tiers, source="")
    full = {quantity: price.charge(quantity) for quantity in (0, 10, 11, 31)}
    assert full == {0: 0, 10: 20, 11: 21.5, 31: 20 + 30 + 1}
    free = {quantity: price.charge(quantity, free=4) for quantity in (3, 4, 5, 14)}
    assert free == {3: 0, 4: 0, 5: 2, 14: 20}


def test_a_month_without_images_costs_its_polling_and_monitoring():
    month = bill.bill(0, bill.Usage(), US)
    assert {name for name, usd in month.lines.items() if usd} == {
        *("sqs_idle_polling", "metrics", "alarms", "dashboards")
    }
    assert month.subtotals["monitoring"] == pytest.approx(12 * 0.30 + 11 * 0.10 + 3)


def test_the_total_is_told_for_each_1000_images():
    month = bill.Bill(images=4000, lines={}, subtotals={}, total_usd=10)
    assert month.usd_per_1000_images == 2.5


def test_every_line_is_in_one_group():
    month = bill.bill(1000, bill.Usage(), US)
    grouped = [name for names in bill.GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(month.lines)
    assert sum(month.subtotals.values()) == pytest.approx(month.total_usd)


def test_the_promise_is_kept_before_any_free_tier_and_monitoring_is_seen():
    full = bill.bill(1000, bill.Usage(), US).subtotals
    assert full["processing"] + full["storage"] < bill.PROMISED_USD
    assert full["monitoring"] > bill.PROMISED_USD == 1.00
    assert bill.bill(1000, bill.Usage(), US, free_tier=True).total_usd < bill.PROMISED_USD


def test_every_price_has_a_source_and_every_quantity_a_price():
    assert all(p.source.startswith("https://aws.amazon.com/") for p in US.lines.values())
    for architecture in ("arm64", "x86_64"):
        month = bill.bill(1, bill.Usage(), US, settings=Settings(architecture=architecture))
        assert set(month.lines) == set(bill.quantities(1, bill.Usage()))


def test_the_parts_of_a_line_add_up():
    month = bill.bill(1e6, bill.Usage(), US, settings=Settings(architecture="x86_64"))
    expected = 1e6 * (0.7 + 0.01 * 0.18) * 0.0000166667
    assert month.lines["compute"] + month.lines["compute_init"] == pytest.approx(expected)
    assert month.largest == "s3_gb_month"


def test_lines_of_one_price_share_its_free_amount():
    full, free = (
        bill.bill(1e6, bill.Usage(), US, free_tier=free_tier).lines for free_tier in (False, True)
    )
    requests = (3_000_000 + 648_000 - 1_000_000) * 0.0000004
    assert free["sqs_requests"] == pytest.approx(requests * 3_000_000 / 3_648_000)
    compute = (701_800 - 400_000) * 0.0000133334
    assert free["compute_init"] == pytest.approx(compute * 1800 / 701_800)
    assert 0 < free["sqs_idle_polling"] < full["sqs_idle_polling"]
    assert free["sqs_idle_polling"] / full["sqs_idle_polling"] == pytest.approx(
        free["sqs_requests"] / full["sqs_requests"]
    )


def test_an_unknown_region_is_misuse():
    with pytest.raises(Misuse, match="no prices for mars-1; run `python -m bench cost --ref"):
        prices.load("mars-1")


LEAN = Settings(monitoring="lean", tracing=False, max_concurrency=0)
POLLED = Settings(pollers=Pollers(min=3, max=10), max_concurrency=0)
INDEX = ("duplicates_reads", "duplicates_writes")


def used(settings, images=1000.0):
    return bill.quantities(images, bill.Usage(), settings)


def stack(settings, region=US):
    return bill.Stack(prices=region, usage=bill.Usage(), settings=settings)


@pytest.mark.parametrize(
    ("settings", "idle", "hours"), [(Settings(), 5, 0), (LEAN, 2, 0), (POLLED, 3, 3 * 720)]
)
def test_pollers_wait_at_the_queue_as_the_settings_have_it(settings, idle, hours):
    assert used(settings, 0)["sqs_idle_polling"] == idle * 30 * 24 * 180
    assert used(settings, 0)["poller_hours"] == hours


def test_poller_hours_cost_what_the_lambda_pricing_page_says():
    """Its example: 8,000 hours of event poller units for SQS are $74."""
    assert US.price("poller_hours").charge(8000) == pytest.approx(74)


def test_settings_turn_lines_off():
    full, lean = used(Settings()), used(LEAN)
    off = ("metrics", "dashboards", "traces")
    assert all(full[line] > 0 for line in off)
    assert all(lean[line] == 0 for line in off)
    assert used(Settings(monitoring="off"))["metrics"] == 0


def test_a_quota_costs_a_write_for_each_form():
    auth = Auth(issuer="https://login.example.com", audience="photos")
    signed_in = Settings(uploads="presigned", auth=auth)
    assert bill.quantities(1000, bill.Usage(), signed_in)["quota_writes"] == 0
    counted = replace(signed_in, quota_per_hour=9)
    assert bill.quantities(1000, bill.Usage(), counted)["quota_writes"] == 1000
    line = bill.bill(1_000_000, bill.Usage(), US, counted).lines["quota_writes"]
    assert line == pytest.approx(0.625)


def test_duplicates_cost_a_metric_and_the_index():
    kinds = (DuplicateSearch.EXACT, DuplicateSearch.NEAR)
    exact, near = (used(Settings(duplicates=kind)) for kind in kinds)
    assert exact["metrics"] == used(Settings())["metrics"] + 1
    assert exact["s3_gets"] == used(Settings())["s3_gets"] + 1000
    bills = [bill.bill(1e6, bill.Usage(), US, Settings(duplicates=kind)) for kind in kinds]
    usd = [sum(each.lines[line] for line in INDEX) for each in bills]
    # docs/duplicates.md, "Calls and cost", without the GET of the manifest that S3 bills
    assert usd == [pytest.approx(0.06 + 0.63, abs=0.01), pytest.approx(2.6 + 2.5, abs=0.05)]
    assert near["duplicates_gb_month"] == pytest.approx(96 * 1000 / 1e8)


def test_held_uploads_cost_two_metrics_and_an_alarm():
    held, shown = used(Settings(publish="held")), used(Settings())
    assert held["metrics"] == shown["metrics"] + 2
    assert held["alarms"] == shown["alarms"] + 1
    lean = used(Settings(publish="held", monitoring="lean"))
    assert lean == used(Settings(monitoring="lean"))


def test_a_signer_is_asked_for_each_upload():
    signed = used(Settings(uploads="presigned"))
    assert signed["lambda_requests"] == 2 * used(Settings())["lambda_requests"]
    assert signed["compute_signer"] == pytest.approx(1000 * 0.01 * 0.5)
    assert signed["alarms"] == used(Settings())["alarms"] + 2


def test_a_key_of_the_stack_s_own_is_billed():
    settings = Settings(encryption="kms", uploads="presigned", delivery="cdn")
    assert bill.bill(0, bill.Usage(), US, settings).lines["kms_keys"] == 1


def test_the_usage_of_a_stack_has_its_memory_and_its_files():
    usage = bill.Usage(billed_ms=5).of(Settings(memory=512))
    assert (usage.memory_mb, usage.puts, usage.billed_ms) == (512, bill.Usage().puts, 5)
    one = Settings(renditions=Settings().renditions[:1])
    assert bill.Usage().of(one).puts == len(one.renditions[0].formats) + 2


def test_the_free_tier_is_counted_once_for_an_account_whatever_the_architecture():
    arm, x86 = stack(Settings()), stack(Settings(architecture="x86_64"))
    alone = bill.bills([arm], 1e6, free_tier=True)[0].lines["compute"]
    full = [bill.bills([each], 1e6)[0].lines["compute"] for each in (arm, x86)]
    both = [each.lines["compute"] for each in bill.bills([arm, x86], 1e6, free_tier=True)]
    gb_s = sum(used(Settings(), 1e6)[line] for line in ("compute", "compute_init"))
    assert alone == pytest.approx(full[0] * (1 - 400_000 / gb_s))
    part = 1 - 400_000 / (2 * gb_s)
    assert both == [pytest.approx(full[0] * part), pytest.approx(full[1] * part)]


def test_a_second_stack_pays_for_what_the_first_has_free():
    alone = bill.bills([stack(Settings())], 0, free_tier=True)[0]
    both = bill.total(bill.bills([stack(Settings())] * 2, 0, free_tier=True))
    assert alone.lines["metrics"] == pytest.approx(2 * 0.30)
    assert both.lines["metrics"] == pytest.approx((2 * 12 - 10) * 0.30)
    assert both.total_usd > 2 * alone.total_usd


def test_stacks_in_two_regions_share_what_is_free_but_no_tier():
    tiers = [{"up_to": 51_200, "usd": 0.03}, {"usd": 0.02}]
    price = prices.Price(usd=tiers, source="", pool="s3_gb_month")
    lines = {**US.lines, "s3_gb_month": price}
    apart = [stack(LEAN), stack(LEAN, prices.Prices(region="eu-west-1", date=US.date, lines=lines))]
    images = 51_200 / (4.2 + 0.51) * 1000
    storage = [made.lines["s3_gb_month"] for made in bill.bills(apart, images)]
    assert storage == [pytest.approx(51_200 * 0.023), pytest.approx(51_200 * 0.03)]
    same = bill.total(bill.bills([stack(LEAN)] * 2, images)).lines["s3_gb_month"]
    assert same == pytest.approx(51_200 * (0.023 + 0.022))
    gb = 2_000_000 * 1.5 / 1e6 * 2
    logs = [made.lines["logs_gb"] for made in bill.bills(apart, 2_000_000, free_tier=True)]
    assert logs == [pytest.approx((gb - 5) / 2 * 0.5)] * 2


def test_a_price_that_the_file_does_not_have_is_misuse_only_for_those_who_need_it():
    lines = {name: price for name, price in US.lines.items() if name != "poller_hours"}
    some = prices.Prices(region="us-east-1", date=US.date, lines=lines)
    assert bill.bill(0, bill.Usage(), some).total_usd > 0
    with pytest.raises(Misuse, match=r"us-east-1.yaml has no price of poller_hours"):
        bill.bill(0, bill.Usage(), some, POLLED)


def test_events_of_an_adopted_bucket_are_billed_as_eventbridge_bills_them():
    adopting = Settings(source_bucket="shop-photos", uploads="private")
    assert bill.quantities(1000, bill.Usage(), adopting)["eventbridge_events"] == 1000
    month = bill.bill(1_000_000, bill.Usage(), US, adopting)
    assert month.lines["eventbridge_events"] == pytest.approx(1.00)
