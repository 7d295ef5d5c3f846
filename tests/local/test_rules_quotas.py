"""Quotas of AWS Lambda and of AWS Identity and Access Management, tried over HTTP."""

import json

import pytest

from tests.local.calling import answer, function_role, zipped


@pytest.fixture(scope="module")
def role(bare):
    return function_role(bare, "rules-quotas")


@pytest.fixture
def create(bare, role, request):
    """Create a function, and change one that exists, with the configuration given."""
    lambda_ = bare.client("lambda")
    function = {
        "Runtime": "python3.13",
        "Handler": "code.handle",
        "Role": role,
        "Code": {"ZipFile": zipped("def handle(event, context): ...")},
    }
    lambda_.create_function(FunctionName="there", **function)
    created = []

    def both(**configuration):
        name = f"new-{len(created)}"
        created.append(name)
        first = answer(lambda_.create_function, FunctionName=name, **function, **configuration)
        second = answer(
            lambda_.update_function_configuration, FunctionName="there", **configuration
        )
        assert (first[0] < 300, first[1]) == (second[0] < 300, second[1])
        return second

    yield both
    for name in ["there", *created]:
        answer(lambda_.delete_function, FunctionName=name)


def test_a_reservation_leaves_the_account_100_executions(bare, create):
    """Page "Configuring reserved concurrency for a function" (AWS Lambda developer guide)."""
    create()
    lambda_ = bare.client("lambda")
    limit = lambda_.get_account_settings()["AccountLimit"]
    assert limit["ConcurrentExecutions"] == 1000  # whatever memory this machine has
    most = limit["UnreservedConcurrentExecutions"] - 100

    def reserve(name, executions):
        given = {"FunctionName": name, "ReservedConcurrentExecutions": executions}
        return answer(lambda_.put_function_concurrency, **given)

    assert reserve("there", most + 1) == (400, "InvalidParameterValueException")
    assert reserve("there", most) == (200, "")
    assert reserve("new-0", 1) == (400, "InvalidParameterValueException")
    assert reserve("new-0", 0) == (200, "")
    assert reserve("there", most) == (200, "")  # again: it takes no more than before
    assert reserve("there", most - 1) == (200, "")
    assert reserve("new-0", 1) == (200, "")
    with pytest.raises(lambda_.exceptions.InvalidParameterValueException) as refused:
        lambda_.put_function_concurrency(FunctionName="new-0", ReservedConcurrentExecutions=2)
    assert "below its minimum value of [100]" in str(refused.value)


def variables(length):
    """As many variables as JSON of this length has."""
    return {"Variables": {"NAME": "é" + "x" * (length - len('{"NAME":"é"}') - 1)}}


def test_environment_variables_are_at_most_4_kb(create):
    """Page "Lambda quotas" (AWS Lambda developer guide)."""
    assert create(Environment=variables(4_097)) == (400, "InvalidParameterValueException")
    assert create(Environment=variables(4_096)) == (200, "")


def test_the_refusal_shows_what_was_measured(bare, create):
    """Page "Troubleshoot deployment issues in Lambda" (AWS Lambda developer guide)."""
    lambda_ = bare.client("lambda")
    with pytest.raises(lambda_.exceptions.InvalidParameterValueException) as refused:
        lambda_.update_function_configuration(FunctionName="there", Environment=variables(5_000))
    assert 'exceeded the 4KB limit. String measured: {"NAME":"éxxx' in str(refused.value)


def test_lambdas_own_variables_cannot_be_set(create):
    """Page "Working with Lambda environment variables" (AWS Lambda developer guide)."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "LAMBDA_TASK_ROOT"):
        refused = create(Environment={"Variables": {name: "x"}})
        assert refused == (400, "InvalidParameterValueException")


def test_memory_is_at_most_10240_mb(create):
    """Page "Lambda quotas" (AWS Lambda developer guide)."""
    assert create(MemorySize=10_241) == (400, "InvalidParameterValueException")
    for memory in (128, 10_240):
        assert create(MemorySize=memory) == (200, "")


def test_a_function_runs_for_at_most_15_minutes(create):
    """Page "Lambda quotas" (AWS Lambda developer guide)."""
    assert create(Timeout=901) == (400, "ValidationException")
    assert create(Timeout=900) == (200, "")


def policy(length):
    """A policy with this many characters that are no white space, and some that are."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::"}
    empty = {"Version": "2012-10-17", "Statement": [statement]}
    missing = length - len("".join(json.dumps(empty).split()))
    statement["Resource"] += "a" * missing
    return json.dumps(empty, indent=4)


def test_inline_policies_of_a_role_have_10240_characters_in_all(bare, role):
    """Page "IAM and AWS STS quotas" (IAM user guide), which does not count white space."""
    iam = bare.client("iam")

    def put(name, length):
        return answer(
            iam.put_role_policy,
            RoleName="rules-quotas",
            PolicyName=name,
            PolicyDocument=policy(length),
        )

    assert put("one", 10_241) == (409, "LimitExceeded")
    assert put("one", 10_240) == (200, "")
    assert put("two", 200) == (409, "LimitExceeded")
    assert put("one", 10_040) == (200, "")
    assert put("two", 200) == (200, "")


def test_an_answer_has_at_most_6_mb(bare, role):
    """Page "Lambda quotas" (AWS Lambda developer guide)."""
    lambda_, name = bare.client("lambda"), "rules-answers"
    code = zipped("def handle(event, context): return 'x' * event")
    lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="code.handle",
        Role=role,
        Code={"ZipFile": code},
    )
    most = 6_291_556 - len('""')
    fits = lambda_.invoke(FunctionName=name, Payload=str(most))
    assert (fits.get("FunctionError"), len(json.load(fits["Payload"]))) == (None, most)
    refused = lambda_.invoke(FunctionName=name, Payload=str(most + 1))
    assert refused["FunctionError"] == "Unhandled"
    assert json.load(refused["Payload"])["errorType"] == "Function.ResponseSizeTooLarge"
    lambda_.delete_function(FunctionName=name)
