"""The price list answers as AWS documents it, also as in botocore's own example of an answer."""

import json
from pathlib import Path

import botocore
import pytest

from bench.__main__ import main
from bench.cost import prices, refresh
from terminal import Failure
from tests.support.aws_client import Refusal, aws_client, paged

TIERS = {
    "lambda_gb_s_arm64": [
        ("0", "7500000000", "0.0000133334"),
        ("7500000000", "Inf", "0.0000120001"),
    ],
    "sqs_requests": [
        ("0", "1000000", "0.0000000000"),
        ("1000000", "100000000000", "0.0000004000"),
        ("100000000000", "Inf", "0.0000003000"),
    ],
    "duplicates_gb_month": [("0", "25", "0"), ("25", "Inf", "0.283")],
}
"""Of a price: begin, end and USD of its tiers; the others have one."""


def item(name, *, currency="USD", **attributes):
    """Return a product as GetProducts lists it: JSON in a string."""
    product, sku = refresh.CATALOGUE[name], f"SKU{name.upper()}"
    prefix = "" if product.is_global else "EU-"
    dimensions = {
        f"{sku}.JRTCKXETXF.{place}": {
            "unit": "Units",
            "beginRange": begin,
            "endRange": end,
            "description": "",
            "appliesTo": [],
            "rateCode": f"{sku}.JRTCKXETXF.{place}",
            "pricePerUnit": {currency: usd},
        }
        for place, (begin, end, usd) in enumerate(TIERS.get(name, [("0", "Inf", "0.25")]))
    }
    term = {"priceDimensions": dimensions, "sku": sku, "effectiveDate": "2026-11-01T00:00:00Z"}
    found = {
        "servicecode": product.service,
        "usagetype": f"{prefix}{product.usage_type}",
        **{k: v for k, v in product.attributes.items() if k != "productFamily"},
        **attributes,
    }
    family = product.attributes.get("productFamily", "Serverless")
    return json.dumps(
        {
            "product": {"productFamily": family, "attributes": found, "sku": sku},
            "serviceCode": product.service,
            "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": term}},
            "version": "20261101000000",
            "publicationDate": "2026-11-01T00:00:00Z",
        }
    )


ITEMS = {name: item(name) for name in refresh.CATALOGUE}


def price_list(items, asked=None):
    """Return a price list that answers with each service's products, filtered, one a page."""

    def get_products(**given):
        if asked is not None:
            asked.append(given)
        wanted = {one["Field"]: one["Value"] for one in given["Filters"]}
        assert wanted.pop("regionCode", "eu-west-1") == "eu-west-1"
        found = []
        for text in items:
            product = json.loads(text)["product"]
            attributes = product["attributes"] | {"productFamily": product["productFamily"]}
            if attributes["servicecode"] == given["ServiceCode"] and all(
                attributes.get(field) == value for field, value in wanted.items()
            ):
                found.append({"FormatVersion": "aws_v1", "PriceList": [text]})
        pages = found or [{"FormatVersion": "aws_v1", "PriceList": []}]
        return paged(pages, "NextToken", "NextToken")(**given)

    return aws_client("pricing", get_products=get_products)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(prices, "PRICES", tmp_path)
    return tmp_path


def test_a_region_s_file_is_written_with_the_source_of_each_price(folder):
    assert refresh.refresh("eu-west-1", price_list(ITEMS.values())) == []
    found = prices.load("eu-west-1")
    assert set(found.lines) == set(refresh.CATALOGUE)
    assert found.price("alarms") == prices.Price(
        usd=0.25,
        free=10,
        pool="alarms",
        source="AWS Price List API, AmazonCloudWatch of 2026-11-01T00:00:00Z: usage type "
        "EU-CW:AlarmMonitorUsage, SKU SKUALARMS",
    )
    assert str(found.date) in (folder / "eu-west-1.yaml").read_text()


def test_the_catalogue_has_each_price_of_the_shipped_file(monkeypatch):
    monkeypatch.undo()
    assert set(prices.load("us-east-1").lines) == set(refresh.CATALOGUE)


def test_tiers_are_kept_and_the_free_one_is_left_to_the_free_tier(folder):
    refresh.refresh("eu-west-1", price_list(ITEMS.values()))
    lines = prices.load("eu-west-1").lines
    assert lines["lambda_gb_s_arm64"].usd == [
        {"up_to": 7.5e9, "usd": 0.0000133334},
        {"usd": 0.0000120001},
    ]
    assert lines["sqs_requests"].usd == [{"up_to": 1e11, "usd": 4e-7}, {"usd": 3e-7}]
    assert (lines["duplicates_gb_month"].usd, lines["duplicates_gb_month"].free) == (0.283, 25)


def test_botocore_s_example_of_an_answer_is_understood():
    path = Path(botocore.__file__).parent / "data/pricing/2017-10-15/examples-1.json"
    (example,) = json.loads(path.read_text())["examples"]["GetProducts"]
    (text,) = example["output"]["PriceList"]
    product = refresh.Product(service="AmazonEC2", usage_type="EBS:VolumeUsage.piops")
    client = aws_client("pricing", get_products={"PriceList": [text], "FormatVersion": "aws_v1"})
    assert refresh.find(client, product, "ca-central-1") == {
        "usd": 0.138,
        "source": "AWS Price List API, AmazonEC2 of 2017-09-01T18:22:01Z: usage type "
        "CAN1-EBS:VolumeUsage.piops, SKU WQGC34PB2AWS8R4U",
    }


def test_what_is_asked_for_is_of_the_region_except_what_is_global():
    asked = []
    refresh.refresh("eu-west-1", price_list(ITEMS.values(), asked))
    alarms = next(
        given
        for given in asked
        if {"Type": "TERM_MATCH", "Field": "group", "Value": "Alarm"} in given["Filters"]
    )
    assert alarms["ServiceCode"] == "AmazonCloudWatch"
    assert {"Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-west-1"} in alarms["Filters"]
    cdn = [given for given in asked if given["ServiceCode"] == "AmazonCloudFront"]
    assert all(one["Field"] == "usagetype" for given in cdn for one in given["Filters"])


def test_other_usage_types_of_the_same_group_are_not_taken():
    other = item("alarms", usagetype="EU-CW:HighResAlarmMonitorUsage")
    texts = [text for name, text in ITEMS.items() if name != "alarms"]
    assert refresh.refresh("eu-west-1", price_list([*texts, other])) == ["alarms"]


def test_two_prices_that_differ_are_none_and_equal_ones_are_one():
    twice = price_list([*ITEMS.values(), ITEMS["alarms"]])
    assert refresh.refresh("eu-west-1", twice) == []
    other = ITEMS["alarms"].replace("0.25", "0.26")
    assert refresh.refresh("eu-west-1", price_list([*ITEMS.values(), other])) == ["alarms"]


def test_a_price_in_another_currency_is_none():
    texts = [text for name, text in ITEMS.items() if name != "alarms"]
    found = refresh.refresh("eu-west-1", price_list([*texts, item("alarms", currency="CNY")]))
    assert found == ["alarms"]


def test_a_region_that_the_list_does_not_know_writes_nothing(folder):
    some = [text for name, text in ITEMS.items() if refresh.CATALOGUE[name].is_global]
    with pytest.raises(Failure, match="has nothing for eu-west-1"):
        refresh.refresh("eu-west-1", price_list(some))
    assert not list(folder.iterdir())


def test_a_refusal_is_one_sentence_and_writes_nothing(folder):
    client = aws_client("pricing", get_products=Refusal("AccessDeniedException"))
    with pytest.raises(Failure, match="check credentials"):
        refresh.refresh("eu-west-1", client)
    assert not list(folder.iterdir())


def test_a_region_without_prices_says_how_to_get_them_and_then_has_them(monkeypatch, capsys):
    command = ["cost", "--region", "eu-west-1"]
    assert main(command) == 2
    sentence = "no prices for eu-west-1; run `python -m bench cost --refresh --region eu-west-1`"
    assert sentence in capsys.readouterr().err
    monkeypatch.setattr(refresh, "client", lambda: price_list(ITEMS.values()))
    assert main([*command, "--refresh"]) == 0
    assert "bench/cost/prices/eu-west-1.yaml is written." in capsys.readouterr().out
    assert main(command) == 0


def test_prices_that_the_list_does_not_tell_are_named_and_missed_only_by_who_needs_them(
    monkeypatch, capsys
):
    texts = [text for name, text in ITEMS.items() if name not in ("alarms", "kms_keys")]
    monkeypatch.setattr(refresh, "client", lambda: price_list(texts))
    assert main(["cost", "--region", "eu-west-1", "--refresh"]) == 2
    err = capsys.readouterr().err
    assert "does not tell one price of kms_keys, alarms in eu-west-1" in " ".join(err.split())
    assert "eu-west-1.yaml has no price of alarms" in err


def test_the_price_list_of_every_region_is_asked_for_in_one(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    assert refresh.client().meta.endpoint_url == "https://api.pricing.us-east-1.amazonaws.com"
