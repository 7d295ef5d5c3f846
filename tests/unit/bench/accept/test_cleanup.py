from types import SimpleNamespace

import pytest

from bench.accept import cleanup, clone, cloud
from bench.accept.clone import Clone
from bench.accept.steps import StepFailed
from ops.stack import NEEDED
from tests.support.aws_client import aws_client

CLONE = Clone(name="dev-accept-0a0b0c", content={"config": {"aws:region": "eu-west-1"}})
BUCKET = "arn:aws:s3:::image-pipeline-dev-accept-0a0b0c-source-1"
CDN = "arn:aws:cloudfront::1:distribution/E1"
GONE = "arn:aws:cloudfront::1:distribution/E2"
KEYS = {state: f"arn:aws:kms:eu-west-1:1:key/{state}" for state in ("Enabled", "PendingDeletion")}
ALIAS = "arn:aws:kms:eu-west-1:1:alias/x"
OUTPUTS = dict.fromkeys(NEEDED, "x")
RESOURCES = [
    {"type": "aws:s3/bucket:Bucket", "id": "source"},
    {"type": "aws:sqs/queue:Queue", "id": "queue"},
    {"type": "aws:s3/bucket:Bucket", "id": "logs"},
]


@pytest.fixture
def done(monkeypatch, tmp_path):
    """What was done, in order."""
    calls = []

    def schedule(KeyId, PendingWindowInDays):  # noqa: N803 (boto3's names)
        calls.append(f"delete {KeyId} in {PendingWindowInDays}")
        return {}

    kms = aws_client("kms", schedule_key_deletion=schedule)
    monkeypatch.setattr(clone, "ROOT", tmp_path)
    monkeypatch.setattr(cloud, "clients", lambda _clone: lambda _service: kms)
    monkeypatch.setattr(cleanup, "by_tag", lambda _clone: [KEYS["Enabled"], ALIAS])
    monkeypatch.setattr(cleanup.teardown, "stop", lambda stack: calls.append("stop"))
    monkeypatch.setattr(
        cleanup.teardown, "empty", lambda stack, bucket, _advance: calls.append(f"empty {bucket}")
    )
    return calls


def engine(done, outputs):
    answers = {
        "exists": {"exists": True},
        "outputs": {"outputs": outputs},
        "export": {"resources": RESOURCES},
    }

    def run(do):
        if do not in answers:
            done.append(do)
        return answers.get(do, {})

    return SimpleNamespace(run=run)


def test_buckets_are_emptied_before_the_stack_goes(done):
    CLONE.path.touch()
    assert cleanup.remove(CLONE, engine(done, OUTPUTS), pytest.fail)
    assert done == [
        *(
            "stop",
            "empty source",
            "empty logs",
            "destroy",
            f"delete {KEYS['Enabled']} in 7",
            "remove",
        ),
    ]
    assert not CLONE.path.exists()


def test_a_stack_that_is_not_there_is_not_made_to_be_removed(done):
    CLONE.path.touch()
    asked = []
    absent = SimpleNamespace(run=lambda do: (asked.append(do), {"exists": False})[1])
    assert not cleanup.remove(CLONE, absent, pytest.fail)
    assert (asked, done) == (["exists"], [])
    assert not CLONE.path.exists()


def test_half_a_deployment_has_no_function_to_wait_for(done):
    half = OUTPUTS | {NEEDED[-1]: None}
    cleanup.remove(CLONE, engine(done, half), pytest.fail)
    assert done[0] == "empty source"


def test_the_tagging_api_may_lag(monkeypatch):
    found = [["arn"], ["arn"], []]
    monkeypatch.setattr(cleanup.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(cleanup, "by_tag", lambda _clone: found.pop(0))
    monkeypatch.setattr(cleanup, "by_name", lambda _clone: [])
    cleanup.check(CLONE)
    assert found == []


@pytest.mark.parametrize(("tagged", "named"), [(["a"], ["b"]), ([], ["a", "b"])])
def test_what_is_left_is_named(monkeypatch, tagged, named):
    monkeypatch.setattr(cleanup, "LAG_SECONDS", 0)
    monkeypatch.setattr(cleanup, "by_tag", lambda _clone: list(tagged))
    monkeypatch.setattr(cleanup, "by_name", lambda _clone: named)
    with pytest.raises(StepFailed, match=r"^2 resources are left: a, b\.$"):
        cleanup.check(CLONE)


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
    assert cleanup.by_tag(CLONE) == sorted([BUCKET, CDN, KEYS["Enabled"], ALIAS])
    filters = [
        {"Key": "Project", "Values": ["image-pipeline"]},
        {"Key": "Stack", "Values": ["dev-accept-0a0b0c"]},
    ]
    assert asked == {r: ["begun", {"TagFilters": filters}] for r in ("eu-west-1", "us-east-1")}


def test_another_partition_is_asked_in_its_own_region_alone(asked, monkeypatch):
    monkeypatch.setattr(cloud, "partition", lambda _clone: "aws-cn")
    assert CDN not in cleanup.by_tag(CLONE)
    assert asked["us-east-1"] == ["begun"]


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
    assert cleanup.by_name(CLONE) == sorted([*found, *parts])
    monkeypatch.setattr(cloud, "partition", lambda _clone: "aws-cn")
    assert cleanup.by_name(CLONE) == sorted(found)
