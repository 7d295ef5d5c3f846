from types import SimpleNamespace

import pytest

from bench.accept import cloud, leftovers
from bench.accept.clone import Clone

CLONE = Clone(name="dev-accept-0a0b0c", content={"config": {"aws:region": "eu-west-1"}})
BUCKET = "arn:aws:s3:::image-pipeline-dev-accept-0a0b0c-source-1"
CDN = "arn:aws:cloudfront::1:distribution/E1"
GONE = "arn:aws:cloudfront::1:distribution/E2"
KEYS = {state: f"arn:aws:kms:eu-west-1:1:key/{state}" for state in ("Enabled", "PendingDeletion")}
ALIAS = "arn:aws:kms:eu-west-1:1:alias/x"


class Client:
    """A client whose listings are given, by operation, as pages."""

    def __init__(self, calls=(), **pages):
        self._pages, self.calls = pages, calls

    def can_paginate(self, name):
        return len(self._pages[name]) > 1

    def get_paginator(self, name):
        def paginate(**arguments):
            self.calls and self.calls.append(arguments)
            return self._pages[name]

        return SimpleNamespace(paginate=paginate)

    def __getattr__(self, name):
        return lambda: self._pages[name][0]


def policies(kind, name):
    """A page of one kind of policies (API reference, "ListCachePolicies" and its like)."""
    items = [{"Type": "custom", kind: {f"{kind}Config": {"Name": one}}} for one in ("Other", name)]
    return [{f"{kind}List": {"Quantity": 2, "Items": items}}]


MINE = "image-pipeline-dev-accept-0a0b0c"
CLOUDFRONT = {
    "cloudfront": Client(
        list_functions=[{"FunctionList": {"Items": [{"Name": f"{MINE}-route"}]}}],
        list_origin_access_controls=[
            {"OriginAccessControlList": {"Items": [{"Name": f"{MINE}-oac"}]}}
        ],
        list_cache_policies=policies("CachePolicy", f"{MINE}-cache"),
        list_origin_request_policies=policies("OriginRequestPolicy", f"{MINE}-origin"),
        list_response_headers_policies=policies("ResponseHeadersPolicy", f"{MINE}-headers"),
    )
}


def tagged(*arns):
    return {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in arns]}


@pytest.fixture
def asked(monkeypatch):
    """Arguments of the tagging API's calls, by region."""
    calls = {"eu-west-1": ["begun"], "us-east-1": ["begun"]}
    pages = {
        "eu-west-1": [tagged(BUCKET, *KEYS.values()), tagged(ALIAS)],
        "us-east-1": [tagged(CDN, GONE, BUCKET)],
    }

    def describe_key(KeyId):  # noqa: N803 (boto3's name)
        return {"KeyMetadata": {"KeyState": KeyId.partition("/")[2]}}

    class Absent(Exception):
        pass

    def get_distribution(Id):  # noqa: N803
        if Id == "E2":
            raise Absent

    made = {
        "kms": SimpleNamespace(describe_key=describe_key),
        "cloudfront": SimpleNamespace(
            get_distribution=get_distribution,
            exceptions=SimpleNamespace(NoSuchDistribution=Absent),
        ),
    }

    def clients(clone, region=None):
        assert clone is CLONE
        return lambda service: (
            made.get(service) or Client(calls[region], get_resources=pages[region])
        )

    monkeypatch.setattr(cloud, "clients", clients)
    return calls


def test_tags_are_looked_for_here_and_where_cloudfront_is(asked):
    assert leftovers.by_tag(CLONE) == sorted([BUCKET, CDN, KEYS["Enabled"], ALIAS])
    filters = [
        {"Key": "Project", "Values": ["image-pipeline"]},
        {"Key": "Stack", "Values": ["dev-accept-0a0b0c"]},
    ]
    assert asked == {r: ["begun", {"TagFilters": filters}] for r in ("eu-west-1", "us-east-1")}


def test_another_partition_is_asked_in_its_own_region_alone(asked, monkeypatch):
    monkeypatch.setattr(cloud, "partition", lambda _clone: "aws-cn")
    assert CDN not in leftovers.by_tag(CLONE)
    assert asked["us-east-1"] == ["begun"]


@pytest.mark.usefixtures("asked")
def test_keys_that_await_their_end_are_none():
    assert leftovers.keys(CLONE) == [KEYS["Enabled"]]


def test_names_are_looked_for_in_every_page(monkeypatch):
    mine = MINE

    def listing(field, name, *names):
        return [{field: [{name: one}]} for one in names] + [{}]

    made = {
        "iam": Client(list_roles=listing("Roles", "RoleName", "other", f"{mine}-role")),
        "s3": Client(list_buckets=listing("Buckets", "Name", f"{mine}-source-1")[:1]),
        "cloudwatch": Client(
            list_dashboards=listing("DashboardEntries", "DashboardName", mine, "x")
        ),
        "lambda": Client(list_functions=listing("Functions", "FunctionName", f"{mine}-f")),
        "logs": Client(describe_log_groups=listing("logGroups", "logGroupName", f"/{mine}/r")),
        "kms": Client(
            list_aliases=listing("Aliases", "AliasName", f"alias/{mine}", "image-pipeline-dev")
        ),
    }
    monkeypatch.setattr(cloud, "clients", lambda _clone: (made | CLOUDFRONT).__getitem__)
    found = [f"{mine}-role", f"{mine}-source-1", mine, f"{mine}-f", f"/{mine}/r", f"alias/{mine}"]
    parts = [f"{mine}-{part}" for part in ("route", "oac", "cache", "origin", "headers")]
    assert leftovers.by_name(CLONE) == sorted([*found, *parts])
    monkeypatch.setattr(cloud, "partition", lambda _clone: "aws-cn")
    assert leftovers.by_name(CLONE) == sorted(found)
