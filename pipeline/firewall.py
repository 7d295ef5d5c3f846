"""AWS WAF in front of the CDN: one rule that limits the requests of each address."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import pulumi
from pulumi_aws import wafv2

from pipeline.component import Component, Options
from pipeline.naming import resource_name, tags

REGION: Final = "us-east-1"
"""Region of web ACLs of scope CLOUDFRONT (AWS WAF API reference, "CreateWebACL": Scope)."""

WINDOW: Final = 60
"""Shortest time, in seconds, over which AWS WAF counts (AWS WAF Developer Guide, "Rate-based rule
high-level settings": 60, 120, 300 or 600)."""


@dataclass(frozen=True, kw_only=True)
class FirewallArgs:
    """Requests that one address may send in a minute."""

    waf_requests_per_minute: int


class Firewall(Component):
    """A web ACL that lets everything through, except from an address that asks too often.

    It answers such an address with 429 until its rate falls. AWS WAF acts near the limit and some
    seconds late ("Rate-based rule caveats"), and counts IPv6 addresses one by one.
    """

    arn: pulumi.Output[str]

    def __init__(self, name: str, args: FirewallArgs, opts: Options = None) -> None:
        super().__init__("image-pipeline:firewall:Firewall", name, opts)
        label = resource_name(name, "firewall")
        acl = wafv2.WebAcl(
            label,
            region=REGION,
            scope="CLOUDFRONT",
            description="Limits the requests of each address to the CDN",
            default_action={"allow": {}},
            rules=[
                {
                    "name": "rate",
                    "priority": 0,
                    "action": {"block": {"custom_response": _too_many()}},
                    "statement": {
                        "rate_based_statement": {
                            "aggregate_key_type": "IP",
                            "evaluation_window_sec": WINDOW,
                            "limit": args.waf_requests_per_minute,
                        }
                    },
                    "visibility_config": _visibility(f"{label}-rate"),
                }
            ],
            visibility_config=_visibility(label),
            tags=tags(),
            opts=self.child,
        )
        self.arn = acl.arn
        self.register_outputs({"arn": self.arn})


def _too_many() -> wafv2.WebAclRuleActionBlockCustomResponseArgsDict:
    """429, which a client can tell from S3's 403 for a manifest that is not there yet.

    It has its own headers for scripts of other origins: AWS does not say that the distribution's
    response headers policy adds them to a blocked answer ("Custom responses for Block actions",
    AWS WAF Developer Guide).
    """
    headers = {
        "Retry-After": str(WINDOW),
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "Retry-After",
    }
    return {
        "response_code": HTTPStatus.TOO_MANY_REQUESTS.value,
        "response_headers": [{"name": name, "value": value} for name, value in headers.items()],
    }


def _visibility(metric: str) -> wafv2.WebAclVisibilityConfigArgsDict:
    """Count in CloudWatch's free metrics, and keep samples of requests for the console."""
    return {
        "cloudwatch_metrics_enabled": True,
        "metric_name": metric,
        "sampled_requests_enabled": True,
    }
