"""Write a region's price file from AWS's price list, with the caller's credentials.

Needs the permission ``pricing:GetProducts``. The requests follow the AWS Price List API reference
("GetProducts"); which product a price belongs to was taken from published copies of the price list
(2026-11-27). Not tried on AWS.
"""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import boto3
import botocore.exceptions
import yaml

from bench.cost.prices import path_of
from terminal import Failure

if TYPE_CHECKING:
    from types_boto3_pricing import PricingClient
    from types_boto3_pricing.type_defs import FilterTypeDef

_boto3: Final[Any] = boto3  # its types know only the services whose stubs are installed

API_REGION: Final = "us-east-1"
"""The price list of every region is asked for here (AWS Billing User Guide, "Using the AWS Price
List API", endpoints)."""

_HEAD: Final = "# USD, before tax and before any free tier (see ../free_tier.yaml).\n"


@dataclass(frozen=True, kw_only=True)
class Product:
    """How the price list names what a price is of.

    ``usage_type`` is its usage type without the region's prefix, empty if the attributes alone tell
    it. A global product has the same price in every region.
    """

    service: str
    usage_type: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    is_global: bool = False

    def filters(self, region: str) -> "list[FilterTypeDef]":
        """Return what to ask for: fewer products than the whole service's."""
        wanted = dict(self.attributes)
        if self.is_global:
            wanted["usagetype"] = self.usage_type
        else:
            wanted["regionCode"] = region
        return [{"Type": "TERM_MATCH", "Field": k, "Value": v} for k, v in wanted.items()]

    def matches(self, attributes: Mapping[str, str]) -> bool:
        """Return whether a product of the list is this one; ``EU-`` and the like are prefixes."""
        usage_type = attributes.get("usagetype", "")
        is_type = not self.usage_type or f"-{usage_type}".endswith(f"-{self.usage_type}")
        return is_type and all(attributes.get(k, v) == v for k, v in self.attributes.items())


def _in(group: str) -> dict[str, str]:
    return {"group": group}


CATALOGUE: Final[Mapping[str, Product]] = {
    "lambda_gb_s_x86_64": Product(
        service="AWSLambda", usage_type="Lambda-GB-Second", attributes=_in("AWS-Lambda-Duration")
    ),
    "lambda_gb_s_arm64": Product(
        service="AWSLambda",
        usage_type="Lambda-GB-Second-ARM",
        attributes=_in("AWS-Lambda-Duration-ARM"),
    ),
    "lambda_requests": Product(
        service="AWSLambda", usage_type="Request", attributes=_in("AWS-Lambda-Requests")
    ),
    "poller_hours": Product(
        service="AWSLambda", attributes=_in("AWS-Lambda-SQS-Event-Poller-Unit-Duration")
    ),
    "sqs_requests": Product(service="AWSQueueService", attributes={"queueType": "Standard"}),
    # Assumed to cost as much as a custom event: the price list has no entry for S3's that we found.
    "eventbridge_events": Product(
        service="AWSEvents",
        usage_type="Event-64K-Chunks",
        attributes={"operation": "PutEvents", "eventType": "Custom Event"},
    ),
    "s3_puts": Product(
        service="AmazonS3", usage_type="Requests-Tier1", attributes=_in("S3-API-Tier1")
    ),
    "s3_gets": Product(
        service="AmazonS3", usage_type="Requests-Tier2", attributes=_in("S3-API-Tier2")
    ),
    "s3_gb_month": Product(
        service="AmazonS3",
        usage_type="TimedStorage-ByteHrs",
        attributes={"storageClass": "General Purpose", "volumeType": "Standard"},
    ),
    **{
        f"s3_{name}_gb_month": Product(service="AmazonS3", usage_type=f"TimedStorage-{of}-ByteHrs")
        for name, of in (
            *(("standard_ia", "SIA"), ("glacier_ir", "GIR"), ("tiering_frequent", "INT-FA")),
            *(("tiering_infrequent", "INT-IA"), ("tiering_archive", "INT-AIA")),
        )
    },
    "s3_tiering_objects": Product(service="AmazonS3", usage_type="Monitoring-Automation-INT"),
    **{
        f"s3_moves_to_{name}": Product(
            service="AmazonS3",
            usage_type="Requests-Tier4",
            attributes={"operation": f"S3-{of}Transition"},
        )
        for name, of in (("standard_ia", "SIA"), ("glacier_ir", "GIR"), ("tiering", "INT"))
    },
    **{
        f"s3_gets_{name}": Product(service="AmazonS3", usage_type=f"Requests-{of}-Tier2")
        for name, of in (("standard_ia", "SIA"), ("glacier_ir", "GIR"))
    },
    **{
        f"s3_retrieval_{name}": Product(service="AmazonS3", usage_type=f"Retrieval-{of}")
        for name, of in (("standard_ia", "SIA"), ("glacier_ir", "GIR"))
    },
    "batch_operations_jobs": Product(service="AmazonS3", usage_type="BatchOperations-Jobs"),
    "batch_operations_objects": Product(service="AmazonS3", usage_type="BatchOperations-Objects"),
    "batch_operations_listed": Product(
        service="AmazonS3",
        attributes={"feeDescription": "Per object fee to generate Batch Operations Manifest"},
    ),
    "duplicates_reads": Product(
        service="AmazonDynamoDB",
        usage_type="ReadRequestUnits",
        attributes={
            "productFamily": "Amazon DynamoDB PayPerRequest Throughput",
            "group": "DDB-ReadUnits",
        },
    ),
    "duplicates_writes": Product(
        service="AmazonDynamoDB",
        usage_type="WriteRequestUnits",
        attributes={
            "productFamily": "Amazon DynamoDB PayPerRequest Throughput",
            "group": "DDB-WriteUnits",
        },
    ),
    "duplicates_gb_month": Product(
        service="AmazonDynamoDB",
        usage_type="TimedStorage-ByteHrs",
        attributes={"volumeType": "Amazon DynamoDB - Indexed DataStore"},
    ),
    "kms_keys": Product(service="awskms", usage_type="KMS-Keys"),
    "logs_gb": Product(
        service="AmazonCloudWatch",
        usage_type="DataProcessing-Bytes",
        attributes=_in("Ingested Logs"),
    ),
    "metrics": Product(
        service="AmazonCloudWatch", usage_type="CW:MetricMonitorUsage", attributes=_in("Metric")
    ),
    "alarms": Product(
        service="AmazonCloudWatch", usage_type="CW:AlarmMonitorUsage", attributes=_in("Alarm")
    ),
    "dashboards": Product(
        service="AmazonCloudWatch", usage_type="DashboardsUsageHour", is_global=True
    ),
    "traces": Product(service="AWSXRay", usage_type="XRay-TracesStored"),
    "cdn_gb": Product(
        service="AmazonCloudFront", usage_type="US-DataTransfer-Out-Bytes", is_global=True
    ),
    "cdn_requests": Product(
        service="AmazonCloudFront", usage_type="US-Requests-Tier2-HTTPS", is_global=True
    ),
    "cdn_requests_for_forms": Product(
        service="AmazonCloudFront", usage_type="US-Requests-HTTPS-Proxy", is_global=True
    ),
    "waf_acls": Product(service="awswaf", usage_type="Global-WebACLV2", is_global=True),
    "waf_rules": Product(service="awswaf", usage_type="Global-RuleV2", is_global=True),
    "waf_requests": Product(service="awswaf", usage_type="Global-RequestV2-Tier1", is_global=True),
}
"""Price -> its product. CloudFront's are those of readers in the United States."""


def client() -> "PricingClient":
    """Return a client of the price list, with the caller's credentials."""
    return _boto3.client("pricing", region_name=API_REGION)


def refresh(region: str, pricing: "PricingClient") -> list[str]:
    """Write a region's price file, and return the prices that the list does not tell.

    Args:
        region: such as ``eu-west-1``.
        pricing: a client of the price list.

    Raises:
        Failure: AWS refused or did not answer, or the list has no prices of this region.
    """
    lines: dict[str, dict[str, Any]] = {}
    try:
        for name, product in CATALOGUE.items():
            if found := find(pricing, product, region):
                lines[name] = found
    except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
        message = f"AWS refused or did not answer; check credentials and network: {error}"
        raise Failure(message) from error
    if all(product.is_global for name, product in CATALOGUE.items() if name in lines):
        raise Failure(f"AWS's price list has nothing for {region}; check the region's name.")
    today = dt.datetime.now(dt.UTC).date()
    content = {"region": region, "date": today, "lines": lines}
    text = yaml.safe_dump(content, sort_keys=False, width=1000)
    path_of(region).write_text(_HEAD + text, encoding="utf-8")
    return [name for name in CATALOGUE if name not in lines]


def find(pricing: "PricingClient", product: Product, region: str) -> dict[str, Any] | None:
    """Return the line of a price file; None unless exactly one price matches."""
    pages = pricing.get_paginator("get_products").paginate(
        ServiceCode=product.service, Filters=product.filters(region), FormatVersion="aws_v1"
    )
    items: list[dict[str, Any]] = [json.loads(item) for page in pages for item in page["PriceList"]]
    found = [
        {"usd": usd, "source": _source(product.service, item)}
        for item in items
        if product.matches(_attributes(item)) and (usd := _tiers(item))
    ]
    return found[0] if found and all(line["usd"] == found[0]["usd"] for line in found) else None


def _attributes(item: Mapping[str, Any]) -> dict[str, str]:
    product = item["product"]
    return {"productFamily": product.get("productFamily", ""), **product["attributes"]}


def _source(service: str, item: Mapping[str, Any]) -> str:
    product = item["product"]
    usage_type, published = product["attributes"].get("usagetype"), item.get("publicationDate")
    return (
        f"AWS Price List API, {service} of {published}: usage type {usage_type}, "
        f"SKU {product['sku']}"
    )


def _tiers(item: Mapping[str, Any]) -> float | list[dict[str, float]] | None:
    """Return the on-demand price in USD, or its tiers; None if it is sold in another currency.

    A first tier that costs nothing is the free tier, which ``free_tier.yaml`` has.
    """
    tiers = sorted(_dimensions(item))
    while tiers and tiers[0][2] == 0:
        tiers.pop(0)
    if not tiers:
        return None
    if len(tiers) == 1:
        return tiers[0][2]
    ended = [{"up_to": end, "usd": usd} for _, end, usd in tiers[:-1]]
    return [*ended, {"usd": tiers[-1][2]}]


def _dimensions(item: Mapping[str, Any]) -> Iterator[tuple[float, float, float]]:
    """Yield where each tier begins and ends (``Inf`` for the last), and its price."""
    for term in item["terms"].get("OnDemand", {}).values():
        for tier in term["priceDimensions"].values():
            if "USD" in tier["pricePerUnit"]:
                yield (
                    float(tier["beginRange"]),
                    float(tier["endRange"]),
                    float(tier["pricePerUnit"]["USD"]),
                )
