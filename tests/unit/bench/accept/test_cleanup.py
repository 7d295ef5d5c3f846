import pytest

from bench.accept import cleanup, clone, cloud
from bench.accept.clone import Clone
from bench.accept.drive import OrderResult
from bench.accept.steps import StepFailed
from ops.stack import NEEDED
from tests.support.accept import engine
from tests.support.aws_client import Refusal, aws_client, paged

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
    """The calls that were made, in order."""
    calls = []

    def schedule(KeyId, PendingWindowInDays):  # noqa: N803 (boto3's names)
        calls.append(f"delete {KeyId} in {PendingWindowInDays}")
        return {}

    kms = aws_client("kms", schedule_key_deletion=schedule)
    monkeypatch.setattr(clone, "ROOT", tmp_path)
    monkeypatch.setattr(cloud, "clients", lambda _clone: lambda _service: kms)
    monkeypatch.setattr(cleanup, "by_tag", lambda _clone: [KEYS["Enabled"], ALIAS])
    # Its tags are known by these once the queue is gone.
    stop = lambda stack: calls.append(f"stop {stack.name} of {stack.project}")  # noqa: E731
    monkeypatch.setattr(cleanup.teardown, "stop", stop)
    monkeypatch.setattr(
        cleanup.teardown, "empty", lambda stack, bucket, _advance: calls.append(f"empty {bucket}")
    )
    return calls


def noting(done, outputs):
    """An engine whose stack has these outputs; notes what else it is asked."""
    answers = {
        "exists": OrderResult(exists=True),
        "outputs": OrderResult(outputs=outputs),
        "export": OrderResult(resources=RESOURCES),
    }

    def run(do):
        if do not in answers:
            done.append(do)
        return answers.get(do, OrderResult())

    return engine(run)


def test_buckets_are_emptied_before_the_stack_goes(done):
    CLONE.path.touch()
    assert cleanup.remove(CLONE, noting(done, OUTPUTS), pytest.fail)
    assert done == [
        *(
            "stop dev-accept-0a0b0c of image-pipeline",
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
    absent = engine(lambda do: (asked.append(do), OrderResult(exists=False))[1])
    assert not cleanup.remove(CLONE, absent, pytest.fail)
    assert (asked, done) == (["exists"], [])
    assert not CLONE.path.exists()


def test_half_a_deployment_has_no_function_to_wait_for(done):
    half = OUTPUTS | {NEEDED[-1]: None}
    cleanup.remove(CLONE, noting(done, half), pytest.fail)
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


MINE = "image-pipeline-dev-accept-0a0b0c"


def listing(field, name, *names):
    """A page for each name, and an empty one."""
    return [{field: [{name: one}]} for one in names] + [{}]


def policies(kind, name):
    """A page of one kind of policies (API reference, "ListCachePolicies" and its like)."""
    items = [{"Type": "custom", kind: {f"{kind}Config": {"Name": one}}} for one in ("Other", name)]
    return {f"{kind}List": {"Quantity": 2, "Items": items}}


def tagged(*arns):
    return {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in arns]}


@pytest.fixture
def asked(monkeypatch):
    """Arguments of the tagging API's calls, by region."""
    calls = {"eu-west-1": [], "us-east-1": []}
    pages = {
        "eu-west-1": [tagged(BUCKET, *KEYS.values()), tagged(ALIAS)],
        "us-east-1": [tagged(CDN, GONE, BUCKET)],
    }

    def describe_key(KeyId):  # noqa: N803 (boto3's name)
        return {"KeyMetadata": {"KeyState": KeyId.partition("/")[2]}}

    def get_distribution(Id):  # noqa: N803
        return Refusal("NoSuchDistribution", 404) if Id == "E2" else {}

    def get_resources(region):
        answer = paged(pages[region], "PaginationToken", "PaginationToken")

        def note(TagFilters, **token):  # noqa: N803
            calls[region].append(TagFilters)
            return answer(**token)

        return aws_client("resourcegroupstaggingapi", get_resources=note)

    made = {
        "kms": aws_client("kms", describe_key=describe_key),
        "cloudfront": aws_client("cloudfront", get_distribution=get_distribution),
    }

    def clients(clone, region=None):
        assert clone is CLONE
        return lambda service: made.get(service) or get_resources(region)

    monkeypatch.setattr(cloud, "clients", clients)
    return calls


def test_tags_are_looked_for_here_and_where_cloudfront_is(asked):
    assert cleanup.by_tag(CLONE) == sorted([BUCKET, CDN, KEYS["Enabled"], ALIAS])
    filters = [
        {"Key": "Project", "Values": ["image-pipeline"]},
        {"Key": "Stack", "Values": ["dev-accept-0a0b0c"]},
    ]
    assert asked == {"eu-west-1": [filters] * 2, "us-east-1": [filters]}


def test_another_partition_is_asked_in_its_own_region_alone(asked, monkeypatch):
    monkeypatch.setattr(cloud, "partition", lambda _clone: "aws-cn")
    assert CDN not in cleanup.by_tag(CLONE)
    assert asked["us-east-1"] == []


def test_names_are_looked_for_in_every_page(monkeypatch):
    mine = MINE
    roles = listing("Roles", "RoleName", "other", f"{mine}-role")
    buckets = listing("Buckets", "Name", f"{mine}-source-1")
    dashboards = listing("DashboardEntries", "DashboardName", mine, "x")
    functions = listing("Functions", "FunctionName", f"{mine}-f")
    groups = listing("logGroups", "logGroupName", f"/{mine}/r")
    aliases = listing("Aliases", "AliasName", f"alias/{mine}", "image-pipeline-dev")
    controls = {"OriginAccessControlList": {"Items": [{"Name": f"{mine}-oac"}]}}
    made = {
        "iam": aws_client("iam", list_roles=paged(roles, IsTruncated=True)),
        "s3": aws_client(
            "s3", list_buckets=paged(buckets, "ContinuationToken", "ContinuationToken")
        ),
        "cloudwatch": aws_client(
            "cloudwatch", list_dashboards=paged(dashboards, "NextToken", "NextToken")
        ),
        "lambda": aws_client("lambda", list_functions=paged(functions, answered="NextMarker")),
        "logs": aws_client("logs", describe_log_groups=paged(groups, "nextToken", "nextToken")),
        "kms": aws_client(
            "kms", list_aliases=paged(aliases, answered="NextMarker", Truncated=True)
        ),
        "cloudfront": aws_client(
            "cloudfront",
            list_functions={"FunctionList": {"Items": [{"Name": f"{mine}-route"}]}},
            list_origin_access_controls=controls,
            list_cache_policies=policies("CachePolicy", f"{mine}-cache"),
            list_origin_request_policies=policies("OriginRequestPolicy", f"{mine}-origin"),
            list_response_headers_policies=policies("ResponseHeadersPolicy", f"{mine}-headers"),
        ),
    }
    monkeypatch.setattr(cloud, "clients", lambda _clone: made.__getitem__)
    found = [f"{mine}-role", f"{mine}-source-1", mine, f"{mine}-f", f"/{mine}/r", f"alias/{mine}"]
    parts = [f"{mine}-{part}" for part in ("route", "oac", "cache", "origin", "headers")]
    assert cleanup.by_name(CLONE) == sorted([*found, *parts])
    monkeypatch.setattr(cloud, "partition", lambda _clone: "aws-cn")
    assert cleanup.by_name(CLONE) == sorted(found)
